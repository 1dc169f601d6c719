"""The migrated database equals the one built from the models, fact for fact."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.catalog.facts import FactKey
from pgharness.checks.check import Check, Compare
from pgharness.describing.comparing import compare_in_words
from pgharness.describing.differences import Told
from pgharness.describing.origin import origin
from pgharness.describing.proposals import mend_migrations
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import RefusedDdl

NAME = "drift"


def judge(record: ChainRecord, compare: Compare) -> Iterator[Finding]:
    """Name each difference, the revision at which it first appears, and the operation that mends it."""
    assert record.models is not None
    assert record.head is not None
    for refused in record.models.refused:
        yield _refused(refused)
    found = compare_in_words(
        compare, record.head, record.models.snapshot, names=("the migrated database", "the models")
    )
    for told in found.told:
        yield Finding(
            check=NAME,
            revision=_first_seen(record, told),
            subject=told.subject,
            message=told.message,
            mend=mend_migrations(told, found.proposals),
            evidence=told.evidence,
        )


def _first_seen(record: ChainRecord, told: Told) -> str | None:
    """Return the revision that made the fact what it is, or else its object; None for what no revision ever touched."""
    first = told.differences[0]
    if told.renamed_from is not None:
        return origin(record, FactKey(first.kind, first.object, "exists"), first.left)
    made_so = origin(record, FactKey(first.kind, first.object, first.property), first.left)
    exists = FactKey(first.kind, first.object, "exists")
    return made_so or origin(record, exists, record.head.facts.get(exists) if record.head else None)


def _refused(refused: RefusedDdl) -> Finding:
    what = "create_all() fails: PostgreSQL refuses a statement" if refused.statement else "create_all() fails"
    return Finding(
        check=NAME,
        revision=None,
        subject="the models",
        message=f"{what}: {refused.message.splitlines()[0]}",
        mend="correct the models so that MetaData.create_all() succeeds on an empty database",
        evidence=f"{refused.statement.strip()}\nSQLSTATE {refused.sqlstate}" if refused.statement else "",
    )


CHECK = Check(
    name=NAME,
    claim="the migrated database equals the one built from the models, fact for fact",
    reason="Code is written against the models and runs against the migrations; where they differ, tests prove nothing.",
    mend="write a revision that brings the database to the models, or correct the models",
    judge=judge,
    compares=True,
    needs=frozenset({"models"}),
    skip_reason='no models: set metadata = "package.module:Base" in [tool.pgharness], or target_metadata in env.py',
)
