"""Every revision runs, on tables that hold rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.checks.check import Check, Compare
from pgharness.describing.differences import failure_evidence, failure_in_words
from pgharness.findings import Finding, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure, RevisionRecord

NAME = "upgrade"

_DUPLICATE_OBJECT = "42710"
_MAKES_A_ROLE = re.compile(r"\bCREATE\s+(ROLE|USER|GROUP)\b", re.IGNORECASE)


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding | Note]:
    """Judge each upgrade, on rows and without; say which revisions a failure kept from being tried."""
    for item in record.revisions:
        yield from _judge_revision(item)
    missing = record.chain.revisions[len(record.revisions) :]
    if missing:
        yield Note(NAME, None, f"not tried after the failure: {', '.join(revision.label for revision in missing)}")
    if record.left_outside:
        yield Note(
            NAME,
            None,
            f"new on the given server, where nothing outside of our databases is dropped: {record.left_outside}; where the chain "
            "makes them, its next run fails: drop them, or let runs have a server of their own (--server embedded)",
        )


def _judge_revision(record: RevisionRecord) -> Iterator[Finding | Note]:
    revision = record.revision
    if record.upgrade.failure is not None:
        yield Finding(
            check=NAME,
            revision=revision.revision,
            subject=f"upgrade of {revision.label}",
            message=f"It fails: {failure_in_words(record.upgrade.failure)}",
            mend=_mend(record.upgrade.failure, revision),
            evidence=failure_evidence(record.upgrade.failure),
        )
    elif record.upgrade_rows_failure is not None:
        yield Finding(
            check=NAME,
            revision=revision.revision,
            subject=f"upgrade of {revision.label}",
            message="It passes on empty tables and fails on tables that hold rows: "
            f"{failure_in_words(record.upgrade_rows_failure)}",
            mend="fill or clean the rows first (add the column with a server_default or as nullable, UPDATE, then SET NOT "
            'NULL); where production cannot hold such rows, declare allow = {"upgrade": "<reason>"}',
            evidence=failure_evidence(record.upgrade_rows_failure),
        )
    for table, reason in record.unfilled:
        yield Note(NAME, revision.revision, f"{table} held no rows: {reason}")


def _mend(failure: Failure, revision: Revision) -> str:
    correct = f"correct upgrade() in {revision.path}"
    if failure.sqlstate == _DUPLICATE_OBJECT and _MAKES_A_ROLE.search(failure.statement or ""):
        return (
            "a role belongs to the whole server and outlives every database: drop it there, or let runs have a server of their "
            f"own (--server embedded), or {correct}"
        )
    return correct


CHECK = Check(
    name=NAME,
    claim="every revision runs, on rows",
    reason="A chain that is tested on empty tables fails in production: NOT NULL without a default, a cast, a duplicate.",
    mend="correct the revision that is named; its statement and SQLSTATE are in the evidence",
    judge=judge,
)
