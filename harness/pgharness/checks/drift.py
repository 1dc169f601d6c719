"""The migrated database equals the one built from the models, fact for fact."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.catalog.diff import Difference
from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.catalog.names import unqualified, unquoted
from pgharness.catalog.partitions import is_of_tables, undeclared_partitions
from pgharness.checks.check import Check, Compare
from pgharness.describing.comparing import compare_in_words
from pgharness.describing.differences import Told, minor_name
from pgharness.describing.origin import origin
from pgharness.describing.proposals import mend_migrations
from pgharness.describing.unimported import forgotten_objects, forgotten_tables, not_imported
from pgharness.findings import Finding, Minor, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import ModelsRecord, RefusedDdl

NAME = "drift"


def judge(record: ChainRecord, compare: Compare) -> Iterator[Finding | Note | Minor]:
    """Name each difference, the revision at which it first appears, and the operation that mends it."""
    assert record.models is not None
    assert record.head is not None
    for refused in record.models.refused:
        if not refused.follows_from(record.models.refused):
            yield _refused(refused, record.models)
    partitions = undeclared_partitions(record.head, record.models.snapshot)
    for table, names in partitions.items():
        yield Note(NAME, None, f"the models leave the partitions of {table} to the chain: {', '.join(sorted(names))}")
    left_to_chain = {name for names in partitions.values() for name in names}
    compared = compare(record.head, record.models.snapshot)
    left_out = record.comparison.left_out if record.comparison is not None else ()
    unseen = [one for one in left_out if any(one.means(item) for item in compared)]
    if unseen:
        yield Note(
            NAME,
            None,
            f"left out as env.py leaves it out of Alembic's comparison: {', '.join(one.in_words for one in unseen)}",
        )
    models = record.models
    forgotten = forgotten_tables(record.head, models.snapshot, models.unimported)
    if forgotten:
        yield not_imported(NAME, forgotten)
    with_forgotten = forgotten_objects(record.head, models.snapshot, forgotten)

    def compare_what_is_declared(left: Snapshot, right: Snapshot) -> tuple[Difference, ...]:
        return tuple(
            item
            for item in compare(left, right)
            if not (
                is_of_tables(item, left_to_chain)
                or any(one.means(item) for one in unseen)
                or _is_refused(item, models)
                or not with_forgotten.isdisjoint((ObjectKey(item.kind, item.object), *item.ancestors))
            )
        )

    found = compare_in_words(
        compare_what_is_declared, record.head, models.snapshot, names=("the migrated database", "the models")
    )
    for told in found.told:
        finding = Finding(
            check=NAME,
            revision=_first_seen(record, told),
            subject=told.subject,
            message=told.message,
            mend=mend_migrations(told, found.proposals),
            evidence=told.evidence,
        )
        name = minor_name(told.differences)
        yield Minor(name, finding) if name else finding


def _first_seen(record: ChainRecord, told: Told) -> str | None:
    """Return the revision that made the fact what it is, or else its object; None for what no revision ever touched."""
    first = told.differences[0]
    if told.renamed_from is not None:
        return origin(record, FactKey(first.kind, first.object, "exists"), first.left)
    made_so = origin(record, FactKey(first.kind, first.object, first.property), first.left)
    exists = FactKey(first.kind, first.object, "exists")
    return made_so or origin(record, exists, record.head.facts.get(exists) if record.head else None)


def _is_refused(item: Difference, models: ModelsRecord) -> bool:
    """Whether it is missing in the models' database only because the server refused it there, which has been told."""
    makes = {one.makes for one in models.refused} - {""}
    owners = ((item.kind, item.object), *item.ancestors)
    return item.right is None and any(
        kind in {"table", "index"} and unquoted(unqualified(name)) in makes for kind, name in owners
    )


def _mend_refused(refused: RefusedDdl, models: ModelsRecord) -> str:
    lacking = re.search(r"could not find table '(?:[^']*\.)?([^'.]+)'", refused.message)  # NoReferencedTableError
    for one in models.unimported:
        if lacking is not None and one.table == lacking[1]:
            return f"in env.py, before target_metadata: import {one.module}"
    if refused.sqlstate == "42704" and refused.message.startswith("type "):  # undefined_object
        return (
            "let env.py's session find the type where the chain makes it: "
            'create_engine(…, connect_args={"options": "-c search_path=public,<schema>"}), or name its schema in the models'
        )
    return "correct the models so that MetaData.create_all() succeeds on an empty database"


def _refused(refused: RefusedDdl, models: ModelsRecord) -> Finding:
    what = "create_all() fails: PostgreSQL refuses a statement" if refused.sqlstate else "create_all() fails"
    return Finding(
        check=NAME,
        revision=None,
        subject="the models",
        message=f"{what}: {refused.message.splitlines()[0]}",
        mend=_mend_refused(refused, models),
        evidence=f"{refused.statement.strip()}\nSQLSTATE {refused.sqlstate}" if refused.sqlstate else "",
    )


CHECK = Check(
    name=NAME,
    claim="the migrated database equals the one built from the models, fact for fact",
    reason="Code is written against the models and runs against the migrations; where they differ, tests prove nothing.",
    mend="write a revision that brings the database to the models, or correct the models",
    judge=judge,
    compares=True,
    needs=frozenset({"models"}),
    uses=frozenset({"comparison"}),
    skip_reason='no models: set metadata = "package.module:Base" in [tool.pgharness], or target_metadata in env.py',
)
