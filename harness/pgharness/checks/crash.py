"""A step that is stopped anywhere can be run again, and ends where it would have ended; so do upgrades at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from pgharness.checks.check import Check, Compare
from pgharness.checks.races import judge_races
from pgharness.describing.differences import describe_differences, failure_evidence, failure_in_words
from pgharness.describing.resuming import NO_TRANSACTION, mend_left, mend_repeated, mend_rows, others_in_words
from pgharness.findings import Finding, Harm, Note, Together
from pgharness.records.chain_record import ChainRecord
from pgharness.records.deployment import DeploymentRecord
from pgharness.records.held_rows import OtherRows
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure
from pgharness.records.stops import Place, Stop, StoppedStep

NAME = "crash"
SHOWN = 120
# What a mend speaks of where the statement can be in no transaction.
OUTSIDE = ("CONCURRENTLY", "ADD VALUE")


def judge(record: ChainRecord, compare: Compare) -> Iterator[Finding | Note | Together]:
    """Judge what came of each stop; what the second run says or leaves more than once is told once.

    Where env.py's connection holds no transaction at all, that is the one cause.
    """
    assert record.crash is not None
    for step in record.crash.steps:
        told: set[tuple[str, str]] = set()
        for finding in _judge_step(step, compare):
            if (key := (finding.subject, finding.mend)) not in told:
                told.add(key)
                yield _of_env_py(record.deployment, step, finding)
    yield from judge_races(record, record.crash, compare)
    for reason, left in groupby(record.crash.untried, key=lambda one: one[1]):
        names = ", ".join(dict.fromkeys(revision.label for revision, _ in left))
        yield Note(NAME, None, f"not stopped and run again: {names}: {reason}")


def tried(record: ChainRecord) -> frozenset[str]:
    """Return the revisions that were stopped at all their places, or have none at which they could be."""
    untried = {one.revision for one, _ in record.crash.untried} if record.crash is not None else set()
    return frozenset(item.revision.revision for item in record.revisions) - untried


def lack(record: ChainRecord) -> str:
    """Return why no revision could be stopped and run again, though some are more than one transaction; empty where they were."""
    failed = record.crash.failed if record.crash is not None else ""
    return f"no revision could be stopped and run again: {failed}" if failed else ""


def whole(record: ChainRecord) -> bool:
    """Whether upgrades were made to meet."""
    return record.crash is not None and not record.crash.unraced


def _judge_step(step: StoppedStep, compare: Compare) -> Iterator[Finding]:
    for stop in step.stops:
        if stop.failure is not None:
            yield _fails(step, stop, stop.failure)
        elif stop.snapshot is not None:
            yield from _ends_otherwise(step, stop, compare)
        for other in stop.rows if stop.failure is None else ():
            yield _has_other_rows(step, stop, other)


def _of_env_py(deployment: DeploymentRecord | None, step: StoppedStep, finding: Finding) -> Finding | Together:
    """Return the finding as one of env.py's, where each statement is committed by itself there, and could be in a transaction."""
    is_its_own = any(words in finding.mend for words in OUTSIDE)
    if deployment is None or not deployment.commits_each_statement or is_its_own:
        return finding
    mended = replace(finding, mend=NO_TRANSACTION.format(env_py=deployment.env_py))
    return Together(mended, step.revision.revision, is_allowed=NAME in step.revision.allow)


def _fails(step: StoppedStep, stop: Stop, failure: Failure) -> Finding:
    statement = failure.statement or stop.place.committed.sql
    reason = f"{failure.error}{f' (SQLSTATE {failure.sqlstate})' if failure.sqlstate else ''}"
    return Finding(
        check=NAME,
        code="PGH-K001",
        revision=step.revision.revision,
        subject=f"{step.direction} of {step.revision.label}",
        message=f"Stopped {_where(stop.place)}, {step.direction}() cannot be run again: {failure_in_words(failure)}",
        mend=mend_repeated(statement, failure.line_in(step.revision.path)),
        evidence=failure_evidence(failure),
        line=failure.line_in(step.revision.path),
        cause=f"Stopped where something is committed, {step.direction}() cannot be run again: {reason}.",
    )


def _ends_otherwise(step: StoppedStep, stop: Stop, compare: Compare) -> Iterator[Finding]:
    assert stop.snapshot is not None
    for told in describe_differences(
        compare(step.end, stop.snapshot), left="a run that nobody stops", right="the second run"
    ):
        yield Finding(
            check=NAME,
            code="PGH-K002",
            revision=step.revision.revision,
            subject=told.subject,
            message=f"Stopped {_where(stop.place)}, {step.direction}() passes when it is run again, and ends in another catalog. {told.message}",
            mend=mend_left(told.differences, stop.place.committed.sql, _line(stop.place.committed, step)),
            evidence=told.evidence,
            line=_line(stop.place.committed, step),
        )


def _has_other_rows(step: StoppedStep, stop: Stop, other: OtherRows) -> Finding:
    return Finding(
        check=NAME,
        code="PGH-K003",
        revision=step.revision.revision,
        subject=f"table {other.table}",
        message=f"Stopped {_where(stop.place)}, {step.direction}() passes when it is run again, and leaves other rows: {others_in_words(other, 'a run that nobody stops')}.",
        mend=mend_rows(stop.place.committed.sql, _line(stop.place.committed, step)),
        evidence=f"committed before the stop: {stop.place.committed.sql.strip()}",
        line=_line(stop.place.committed, step),
    )


def _where(place: Place) -> str:
    if place.park:
        return f"within {_shown(place.statement)}"
    if not place.statement.file:
        return f"after {_shown(place.committed)}, before the revision's number is written"
    return f"before {_shown(place.statement)}"


def _shown(statement: Statement) -> str:
    text = " ".join(statement.sql.split())
    return f"`{text if len(text) <= SHOWN else text[:SHOWN] + '…'}`"


def _line(statement: Statement, step: StoppedStep) -> int | None:
    return statement.line if statement.file == step.revision.path else None


CHECK = Check(
    name=NAME,
    harm=Harm.SERVICE,
    claim="stopped anywhere, a revision is undone whole, or can be run again and ends where it would have ended; upgrades at once end there too",
    reason="A deployment is killed in the middle: what it has committed by then must not keep the next one from going on, nor be done twice.",
    mend="let one transaction hold the whole revision; where that cannot be, let each statement find done what is done",
    judge=judge,
    compares=True,
    needs=frozenset({"crash"}),
    uses=frozenset({"roundtrips"}),
    only_at_heads=True,
    tried=tried,
    lack=lack,
    whole=whole,
    tells_untried=True,
)
