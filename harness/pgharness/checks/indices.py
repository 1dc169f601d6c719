"""Every index has its work, and every foreign key and declared query has its index."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pgharness.catalog.facts import FactKey
from pgharness.catalog.index_shapes import ForeignKey, Index, read_foreign_keys, read_indexes
from pgharness.checks.check import Check, Compare
from pgharness.describing.differences import failure_evidence, failure_in_words
from pgharness.describing.origin import origin
from pgharness.findings import Finding, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import QueriesRecord, QueryRecord

NAME = "indices"


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding | Note]:
    """Judge the indexes at the heads, and the plans of the declared queries where there are any."""
    assert record.head is not None
    indexes = read_indexes(record.head)
    foreign_keys = read_foreign_keys(record.head)
    findings = [
        *(_uncovered(record, key, indexes) for key in foreign_keys),
        *_redundant(record, indexes),
        *_judge_queries(record.queries, indexes),
        *_unused(record, indexes, foreign_keys),
    ]
    yield from (item for item in findings if item is not None)
    if record.queries is None and _without_duty(indexes, foreign_keys):
        yield Note(
            NAME, None, "no statements are given (--statements FILE.sql), so nobody knows which indexes are used"
        )


def serves(index: Index, foreign_key: ForeignKey) -> bool:
    """Say whether the lookup that a foreign key's action makes (`column = value` for each column) can go by this index.

    The index may be partial where its predicate says no more than that a referring column is not null: an equality implies that.
    """
    if index.table != foreign_key.table or not _predicate_holds(index.predicate, foreign_key.columns):
        return False
    wanted = set(foreign_key.columns)
    leading = index.expressions[: len(wanted)]
    if index.method == "hash":
        return leading == foreign_key.columns
    # A unique index over some of the columns finds at most one row.
    return index.method == "btree" and (
        set(leading) == wanted or (index.is_unique and set(index.expressions) <= wanted)
    )


def stands_in_for(other: Index, index: Index) -> bool:
    """Say whether another index does all the work of an index: its lookups, its order, its uniqueness, what it carries."""
    if (other.table, other.method, other.predicate) != (index.table, index.method, index.predicate):
        return False
    if index.made_by == "exclusion" or index.is_kept or not other.is_valid:
        return False
    if not set(index.included) <= {*other.expressions, *other.included}:
        return False
    if index.is_unique:
        rule, other_rule = ((one.nulls_distinct, one.deferral) for one in (index, other))
        return (
            other.is_unique
            and rule == other_rule
            and set(other.expressions) == set(index.expressions)
            and _same_order(index, other)
        )
    return _same_order(index, other)


def _same_order(index: Index, other: Index) -> bool:
    """Say whether the columns are the first ones of the other's, read forwards or, in a B-tree, backwards."""
    if index.method != "btree":
        return index.columns == other.columns
    leading = other.columns[: len(index.columns)]
    return index.columns == leading or tuple(column.reversed for column in index.columns) == leading


def _predicate_holds(predicate: str, columns: Sequence[str]) -> bool:
    """Say whether a predicate is nothing but `column IS NOT NULL` of these columns, or empty."""
    left = re.sub(r"\(([^()]+) IS NOT NULL\)", lambda match: "" if match[1] in columns else match[0], predicate)
    return not left.replace("AND", "").strip("() ")


def _uncovered(record: ChainRecord, foreign_key: ForeignKey, indexes: Sequence[Index]) -> Finding | None:
    serving = [index for index in indexes if serves(index, foreign_key)]
    if any(index.is_valid for index in serving):
        return None
    columns = ", ".join(foreign_key.columns)
    invalid = f" Index {serving[0].name} would support it, but is invalid." if serving else ""
    return Finding(
        check=NAME,
        revision=origin(record, FactKey("constraint", foreign_key.name, "definition"), foreign_key.definition),
        subject=f"constraint {foreign_key.name}",
        message=f"Foreign key without a supporting index: every DELETE or key UPDATE on {foreign_key.referenced} "
        f"scans {foreign_key.table} sequentially.{invalid}",
        mend=f"CREATE INDEX CONCURRENTLY ON {foreign_key.table} ({columns}) in an autocommit block; or, if rows of "
        f'{foreign_key.referenced} are never deleted, allow_indices = {{"constraint {foreign_key.name}" = "<reason>"}}',
        evidence=f"{foreign_key.definition}\n" + "\n".join(_near(foreign_key, indexes)),
    )


def _near(foreign_key: ForeignKey, indexes: Sequence[Index]) -> Iterator[str]:
    """Name the indexes that look as if they served, with what is in the way."""
    for index in indexes:
        if index.table == foreign_key.table and index.expressions[:1] == foreign_key.columns[:1] and index.predicate:
            yield f"index {index.name} does not support it: it is partial, WHERE {index.predicate}"


def _redundant(record: ChainRecord, indexes: Sequence[Index]) -> Iterator[Finding]:
    for index in indexes:
        other = next((one for one in indexes if one is not index and _replaces(one, index)), None)
        if other is None:
            continue
        same = len(other.columns) == len(index.columns)
        yield Finding(
            check=NAME,
            revision=_origin(record, index),
            subject=index.subject,
            message=f"Redundant: {'it duplicates' if same else 'its columns are a prefix of'} {other.subject}; every write maintains both.",
            mend=_drop(index),
            evidence=f"{_described(index)}\n{_described(other)}",
        )


def _replaces(other: Index, index: Index) -> bool:
    """Say whether an index can go because of another; of two that can stand in for each other, the lesser one goes."""
    if not stands_in_for(other, index):
        return False
    return not stands_in_for(index, other) or _rank(other) < _rank(index)


def _rank(index: Index) -> tuple[bool, bool, bool, str]:
    return index.made_by != "primary key", not index.constraint, not index.is_unique, index.name


def _judge_queries(queries: QueriesRecord | None, indexes: Sequence[Index]) -> Iterator[Finding]:
    known = {index.unqualified for index in indexes}
    for query in queries.queries if queries is not None else ():
        if query.failure is not None:
            yield _query_finding(
                query,
                f"The statement fails at the head: {failure_in_words(query.failure)}",
                "correct the statement, or keep what it needs until no release uses it",
                failure_evidence(query.failure),
            )
            continue
        used = {name for plan in query.plans for name in plan.indexes}
        for name in query.expectation.indexes:
            if name in used:
                continue
            if name not in known:
                yield _query_finding(query, f"Expected index {name} does not exist.", f"create {name}")
            else:
                yield _query_finding(
                    query,
                    f"Expected index {name} cannot be used by the query.",
                    "rewrite the query so that the index supports it, or correct the expectation",
                    query.plans[0].text,
                )
        if not query.expectation.sequential_scan:
            yield from _unserved(query)


def _unserved(query: QueryRecord) -> Iterator[Finding]:
    """Find filters that no index can serve: they are left although sequential scans are off."""
    for scan in query.plans[0].scans:
        if scan.is_sequential and scan.condition:
            yield _query_finding(
                query,
                f"Sequential scan: no index supports its filter on {scan.relation}: {scan.condition}",
                f"create an index on {scan.relation} for it, or allow it with the reason: -- sequential scan: <reason>",
                query.plans[0].text,
            )


def _unused(record: ChainRecord, indexes: Sequence[Index], foreign_keys: Sequence[ForeignKey]) -> Iterator[Finding]:
    if record.queries is None:
        return
    for index in _without_duty(indexes, foreign_keys):
        if not any(_uses(query, index) for query in record.queries.queries):
            yield Finding(
                check=NAME,
                revision=_origin(record, index),
                subject=index.subject,
                message="Unused index: no statement, constraint or foreign key action uses it.",
                mend=f"{_drop(index)}; or add the statement that needs it to {record.queries.path}",
                evidence=_described(index),
            )


def _uses(query: QueryRecord, index: Index) -> bool:
    """Say whether an index finds rows for a statement, gives them in its order, or holds just those that it wants."""
    sorted_otherwise = query.plans and query.plans[-1].sorts
    return any(
        index.unqualified in scan.indexes
        and bool(scan.index_condition or index.predicate or (sorted_otherwise and not plan.sorts))
        for plan in query.plans
        for scan in plan.scans
    )


def _without_duty(indexes: Sequence[Index], foreign_keys: Sequence[ForeignKey]) -> list[Index]:
    """Give the indexes that only queries can justify."""
    return [
        index
        for index in indexes
        if not (index.is_unique or index.made_by or index.is_kept or any(serves(index, key) for key in foreign_keys))
    ]


def _query_finding(query: QueryRecord, message: str, mend: str, evidence: str = "") -> Finding:
    shown = f"{query.sql}\n\n{evidence}".strip()
    return Finding(
        check=NAME, revision=None, subject=f"statement {query.name}", message=message, mend=mend, evidence=shown
    )


def _origin(record: ChainRecord, index: Index) -> str | None:
    assert record.head is not None
    kind, name = ("constraint", index.constraint) if index.constraint else ("index", index.name)
    return origin(record, FactKey(kind, name, "definition"), record.head.value(kind, name, "definition"))


def _drop(index: Index) -> str:
    if index.constraint:
        name = index.constraint.removeprefix(f"{index.table}.")
        return f'op.execute("ALTER TABLE {index.table} DROP CONSTRAINT {name}")'
    return f"DROP INDEX CONCURRENTLY {index.name} in an autocommit block"


def _described(index: Index) -> str:
    columns = ", ".join(f"{c.expression}{' DESC' if c.descending else ''}" for c in index.columns)
    included = f" INCLUDE ({', '.join(index.included)})" if index.included else ""
    predicate = f" WHERE {index.predicate}" if index.predicate else ""
    kind = index.made_by or ("unique index" if index.is_unique else "index")
    return f"{kind} {index.name} on {index.table} using {index.method} ({columns}){included}{predicate}"


CHECK = Check(
    name=NAME,
    claim="every foreign key and every declared query has its index, and every index has its work",
    reason="A foreign key without an index makes a delete of one row read the whole referring table; an index without work "
    "is paid for by every write.",
    mend="create what is missing, drop what nothing uses",
    judge=judge,
    uses=frozenset({"queries"}),
    only_at_heads=True,
)
