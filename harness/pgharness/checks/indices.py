"""Every index has its work, and every foreign key and declared query has its index."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pgharness.catalog.facts import FactKey
from pgharness.catalog.index_shapes import ForeignKey, Index, read_foreign_keys, read_indexes
from pgharness.catalog.names import qualifier, unqualified, unquoted
from pgharness.catalog.proposing.python_words import operation
from pgharness.checks.check import Check, Compare
from pgharness.describing.advice import AUTOCOMMIT_BLOCK
from pgharness.describing.differences import failure_evidence, failure_in_words
from pgharness.describing.origin import origin
from pgharness.describing.toml_words import toml_string
from pgharness.findings import Finding, Harm, Note, Repeated
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import QueriesRecord, QueryRecord

NAME = "indices"
LONGEST_NAME = 63
"""Of an identifier PostgreSQL keeps so many bytes (manual, 4.1.1)."""
# Access methods whose usual operator class for a column that a key may have finds by `=` (with btree_gist, for all scalar types).
FIND_EQUALS = ("btree", "gist", "spgist")


@dataclass
class _Table:
    """The indexes and foreign keys of one table."""

    indexes: list[Index] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)

    @property
    def without_duty(self) -> list[Index]:
        """The indexes that only queries can justify."""
        return [
            index
            for index in self.indexes
            if not (index.is_unique or index.made_by or index.is_kept)
            and not any(serves(index, key) or serves_in_part(index, key) for key in self.foreign_keys)
        ]


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding | Note | Repeated]:
    """Judge the indexes at the heads, and the plans of the declared queries where there are any."""
    assert record.head is not None
    indexes = read_indexes(record.head)
    foreign_keys = read_foreign_keys(record.head)
    tables = _by_table(indexes, foreign_keys)
    declared = read_indexes(record.models.snapshot) if record.models is not None else ()
    findings = [
        *(_judge_foreign_key(record, key, tables[key.table].indexes, declared) for key in foreign_keys),
        *(_redundant(record, index, tables[index.table].indexes) for index in indexes),
        *_judge_queries(record.queries, indexes),
        *_unused(record, tables.values()),
    ]
    yield from (item for item in findings if item is not None)
    if record.queries is None and any(table.without_duty for table in tables.values()):
        yield Note(
            NAME, None, "no statements are given (--statements FILE.sql), so nobody knows which indexes are used"
        )


def serves(index: Index, foreign_key: ForeignKey) -> bool:
    """Whether the lookup that a foreign key's action makes (`column = value` for each column) can go by this index.

    The index may be partial where its predicate says no more than that a referring column is not null: an equality implies that.
    """
    if index.table != foreign_key.table or not _predicate_holds(index.predicate, foreign_key.columns):
        return False
    wanted = list(zip(foreign_key.columns, foreign_key.collations, strict=True))
    columns = [(column.expression, column.collation) if column.is_usual else None for column in index.columns]
    leading = columns[: len(wanted)]
    if index.method == "hash":
        return leading == wanted
    # A unique index over some of the columns finds at most one row.
    return index.method in FIND_EQUALS and (
        set(leading) == set(wanted) or (index.is_unique and set(columns) <= set(wanted))
    )


def serves_in_part(index: Index, foreign_key: ForeignKey) -> bool:
    """Whether the lookup can find its rows by the first column of an index, and look through these for the other columns."""
    if index.table != foreign_key.table or not _predicate_holds(index.predicate, foreign_key.columns):
        return False
    first = index.columns[0]
    finds_equals = index.method in FIND_EQUALS or (index.method == "hash" and len(index.columns) == 1)
    wanted = zip(foreign_key.columns, foreign_key.collations, strict=True)
    return finds_equals and first.is_usual and (first.expression, first.collation) in set(wanted)


def stands_in_for(other: Index, index: Index) -> bool:
    """Whether another index does all the work of an index: its lookups, its order, its uniqueness, what it carries."""
    if (other.table, other.method, other.predicate) != (index.table, index.method, index.predicate):
        return False
    if "exclusion" in {index.made_by, other.made_by} or index.is_kept or not other.is_valid:
        return False
    if not set(index.included) <= {*other.expressions, *other.included}:
        return False
    if index.is_unique:
        return other.is_unique and _uniqueness(index) == _uniqueness(other) and _same_order(index, other)
    return _same_order(index, other)


def _uniqueness(index: Index) -> tuple[object, ...]:
    """Return what has to be the same of two unique indexes for one to refuse what the other does."""
    columns = {column.equality for column in index.columns}
    return columns, index.nulls_distinct, index.is_deferrable, index.is_deferred


def _same_order(index: Index, other: Index) -> bool:
    """Whether the columns are the first ones of the other's, read forwards or, in a B-tree, backwards."""
    if index.method != "btree":
        return index.columns == other.columns
    leading = other.columns[: len(index.columns)]
    return index.columns == leading or tuple(column.reversed for column in index.columns) == leading


def _predicate_holds(predicate: str, columns: Sequence[str]) -> bool:
    """Whether a predicate is nothing but `column IS NOT NULL` of these columns, or empty."""
    left = re.sub(r"\(([^()]+) IS NOT NULL\)", lambda match: "" if match[1] in columns else match[0], predicate)
    return not left.replace("AND", "").strip("() ")


def _judge_foreign_key(
    record: ChainRecord, foreign_key: ForeignKey, indexes: Sequence[Index], declared: Sequence[Index]
) -> Finding | Note | Repeated | None:
    serving = [index for index in indexes if serves(index, foreign_key)]
    if any(index.is_valid for index in serving):
        return None
    in_part = next((index for index in indexes if index.is_valid and serves_in_part(index, foreign_key)), None)
    if in_part is None:
        found = _uncovered(record, foreign_key, serving, indexes)
        missing = next((index for index in declared if serves(index, foreign_key)), None)
        # That the models have the index and the chain makes none, `drift` tells.
        return Repeated("drift", found, _in_drift(missing)) if missing is not None else found
    if len(foreign_key.columns) == 1:
        return None
    return Note(
        NAME,
        None,
        f"constraint {foreign_key.name} is supported by {in_part.subject} on its column {in_part.columns[0].expression} alone: a DELETE on "
        f"{foreign_key.referenced} looks through all rows of {foreign_key.table} that agree in it",
    )


def _in_drift(index: Index) -> str:
    """Return how `drift` calls an index: one of a constraint comes with that."""
    return f"constraint {index.constraint}" if index.constraint else index.subject


def _uncovered(
    record: ChainRecord, foreign_key: ForeignKey, serving: Sequence[Index], indexes: Sequence[Index]
) -> Finding:
    invalid = f" Index {serving[0].name} would support it, but is invalid." if serving else ""
    return Finding(
        check=NAME,
        revision=origin(record, FactKey("constraint", foreign_key.name, "definition"), foreign_key.definition),
        subject=f"constraint {foreign_key.name}",
        message=f"Foreign key without a supporting index: every DELETE or key UPDATE on {foreign_key.referenced} "
        f"scans {foreign_key.table} sequentially.{invalid}",
        mend=f"an Index in the model (`index=True` for one column), and in a revision the same, by the same name: {_build(foreign_key)}; or, if rows of "
        f'{foreign_key.referenced} are never deleted, in [tool.pgharness]: allow_indices = {{{toml_string(f"constraint {foreign_key.name}")} = "<reason>"}}',
        evidence=f"{foreign_key.definition}\n" + "\n".join(_near(foreign_key, indexes)),
        code="PGH-I001",
        cause="Foreign keys without a supporting index: every DELETE or key UPDATE on the table that is referred to scans the other one sequentially.",
    )


def _build(foreign_key: ForeignKey) -> str:
    """Return the calls that build the index while writes go on, also where a build before was stopped and has left it invalid."""
    name, schema = _usual_name(foreign_key), qualifier(foreign_key.table)
    left = operation(f"DROP INDEX CONCURRENTLY IF EXISTS {f'{schema}.' if schema else ''}{name}")
    built = operation(f"CREATE INDEX CONCURRENTLY {name} ON {foreign_key.table} ({', '.join(foreign_key.columns)})")
    return f"{AUTOCOMMIT_BLOCK} {left}; {built}"


def _usual_name(foreign_key: ForeignKey) -> str:
    """Return what SQLAlchemy calls the index of `index=True` without a naming convention; `<name>` where it has to be quoted or cut."""
    parts = (unquoted(unqualified(foreign_key.table)), *map(unquoted, foreign_key.columns))
    name = "_".join(["ix", *parts])
    return name if name.isidentifier() and name.islower() and len(name) <= LONGEST_NAME else "<name>"


def _near(foreign_key: ForeignKey, indexes: Sequence[Index]) -> Iterator[str]:
    """Name the indexes that look as if they served, with what is in the way."""
    for index in indexes:
        if index.table == foreign_key.table and index.expressions[:1] == foreign_key.columns[:1] and index.predicate:
            yield f"index {index.name} does not support it: it is partial, WHERE {index.predicate}"


def _redundant(record: ChainRecord, index: Index, indexes: Sequence[Index]) -> Finding | Note | None:
    others = [one for one in indexes if one is not index and _replaces(one, index)]
    other = next((one for one in others if set(index.included) <= set(one.included)), None)
    if other is None:
        return _carried_in_key(index, others[0]) if others else None
    same = len(other.columns) == len(index.columns)
    return Finding(
        check=NAME,
        revision=_origin(record, index),
        subject=index.subject,
        message=f"Redundant: {'it duplicates' if same else 'its columns are a prefix of'} {other.subject}; every write maintains both.",
        mend=f"{_drop(index)}; {other.subject} serves instead",
        evidence=f"{_described(index)}\n{_described(other)}",
        code="PGH-I002",
        cause="Redundant: another index begins with the same columns; every write maintains both.",
    )


def _carried_in_key(index: Index, other: Index) -> Note:
    # Who writes INCLUDE has a query in mind that is to read the index alone: the longer key does so too, but it is theirs to weigh.
    return Note(
        NAME,
        None,
        f"{other.subject} has in its key all that {index.subject} has in its key and carries ({', '.join(index.included)}), and can "
        "answer the same queries",
    )


def _replaces(other: Index, index: Index) -> bool:
    """Whether an index can go because of another; of two that can stand in for each other, the lesser one goes."""
    if not stands_in_for(other, index):
        return False
    return not stands_in_for(index, other) or _rank(other) < _rank(index)


def _rank(index: Index) -> tuple[bool, bool, bool, str]:
    return index.made_by != "primary key", not index.constraint, not index.is_unique, index.name


def _judge_queries(queries: QueriesRecord | None, indexes: Sequence[Index]) -> Iterator[Finding]:
    known = {index.name_in_plans for index in indexes}
    for query in queries.queries if queries is not None else ():
        if query.failure is not None:
            yield _query_finding(
                "PGH-I003",
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
                yield _query_finding("PGH-I004", query, f"Expected index {name} does not exist.", f"create {name}")
            else:
                yield _query_finding(
                    "PGH-I005",
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
                "PGH-I006",
                query,
                f"Sequential scan: no index supports its filter on {scan.relation}: {scan.condition}",
                f"create an index on {scan.relation} for it, or allow it with the reason: -- sequential scan: <reason>",
                query.plans[0].text,
            )


def _unused(record: ChainRecord, tables: Iterable[_Table]) -> Iterator[Finding]:
    if record.queries is None:
        return
    for index in (index for table in tables for index in table.without_duty):
        if not any(_uses(query, index) for query in record.queries.queries):
            yield Finding(
                check=NAME,
                revision=_origin(record, index),
                subject=index.subject,
                message="Unused index: no statement, constraint or foreign key action uses it.",
                mend=f"{_drop(index)}; or add the statement that needs it to {record.queries.path}",
                evidence=_described(index),
                code="PGH-I007",
            )


def _uses(query: QueryRecord, index: Index) -> bool:
    """Whether an index finds rows for a statement, gives them in its order, or holds just those that it wants."""
    sorted_otherwise = query.plans and query.plans[-1].sorts
    return any(
        index.name_in_plans in scan.indexes
        and bool(scan.index_condition or index.predicate or (sorted_otherwise and not plan.sorts))
        for plan in query.plans
        for scan in plan.scans
    )


def _by_table(indexes: Iterable[Index], foreign_keys: Iterable[ForeignKey]) -> dict[str, _Table]:
    tables: defaultdict[str, _Table] = defaultdict(_Table)
    for index in indexes:
        tables[index.table].indexes.append(index)
    for key in foreign_keys:
        tables[key.table].foreign_keys.append(key)
    return tables


def _query_finding(code: str, query: QueryRecord, message: str, mend: str, evidence: str = "") -> Finding:
    shown = f"{query.sql}\n\n{evidence}".strip()
    return Finding(NAME, None, f"statement {query.name}", message, mend, evidence=shown, code=code)


def _origin(record: ChainRecord, index: Index) -> str | None:
    kind, name = ("constraint", index.constraint) if index.constraint else ("index", index.name)
    return origin(record, FactKey(kind, name, "definition"), index.definition)


def _drop(index: Index) -> str:
    if index.constraint:
        name = index.constraint.removeprefix(f"{index.table}.")
        return f"take it from the model, and in a revision {operation(f'ALTER TABLE {index.table} DROP CONSTRAINT {name}')}"
    return (
        f"take it from the model (`index=True`, or its Index), and in a revision {AUTOCOMMIT_BLOCK} "
        f"{operation(f'DROP INDEX CONCURRENTLY IF EXISTS {index.name}')}"
    )


def _described(index: Index) -> str:
    return f"{index.subject}: {index.definition}"


CHECK = Check(
    name=NAME,
    harm=Harm.UPKEEP,
    claim="every foreign key and every declared query has its index, and every index has its work",
    reason="A foreign key without an index makes a delete of one row read the whole referring table; an index without work "
    "is paid for by every write.",
    mend="create what is missing, drop what nothing uses",
    judge=judge,
    uses=frozenset({"queries"}),
    only_at_heads=True,
)
