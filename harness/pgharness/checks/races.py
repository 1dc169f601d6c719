"""Several upgrades at once end where one by itself ends; it is a part of the check `crash`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pgharness.checks.check import Compare
from pgharness.describing.differences import describe_differences, failure_evidence, failure_in_words
from pgharness.describing.resuming import others_in_words
from pgharness.findings import Finding, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.crash import CrashRecord
from pgharness.records.races import Race

NAME = "crash"
# Asked for again and again, and not waited for in pg_advisory_lock(): a statement that waits there holds a snapshot, and what is done
# CONCURRENTLY waits for all snapshots. The pause is the server's, so that it serves an event loop too.
LOCK = """\
from sqlalchemy import text
while not connection.scalar(text("SELECT pg_try_advisory_lock(1)")):
    connection.execute(text("SELECT pg_sleep(0.2)"))
    connection.rollback()
connection.commit()"""


def judge_races(record: ChainRecord, crash: CrashRecord, compare: Compare) -> Iterator[Finding | Note]:
    """Judge where upgrades that met have ended; that one of them fails where the end is right is a note, once."""
    right: list[Race] = []
    for race in crash.races:
        findings = list(_judge(record, race, compare))
        yield from findings
        if not findings and race.failures:
            right.append(race)
    if right:
        yield Note(NAME, None, _fails_alone(record, right[0]))
    if crash.unraced:
        yield Note(NAME, None, f"no upgrades were made to meet: {crash.unraced}")


def _judge(record: ChainRecord, race: Race, compare: Compare) -> Iterator[Finding]:
    if race.waits:
        yield _of(race, record, code="PGH-K006", message=f"wait for each other for ever: {'; '.join(race.waits)}")
        return
    if not race.is_applied:
        said = failure_in_words(race.failures[0]) if race.failures else "all pass"
        yield _of(race, record, code="PGH-K004", message=f"do not get there: {said}")
        return
    for told in describe_differences(compare(race.expected, race.snapshot), left="one by itself", right="their end"):
        message = f"end in another catalog. {told.message}"
        yield replace(_of(race, record, code="PGH-K004", message=message), subject=told.subject, evidence=told.evidence)
    for other in race.rows:
        message = f"leave other rows: {others_in_words(other, 'one by itself')}"
        yield replace(_of(race, record, code="PGH-K005", message=message), subject=f"table {other.table}")


def _of(race: Race, record: ChainRecord, *, code: str, message: str) -> Finding:
    return Finding(
        check=NAME,
        code=code,
        revision=race.last.revision if race.first == race.last else None,
        subject=_subject(race),
        message=f"{_subject(race)} {message.removesuffix('.')}.",
        mend=_mend(record),
        evidence=_each_once(map(failure_evidence, race.failures)),
    )


def _each_once(texts: Iterable[str]) -> str:
    """Return each text once, with how often it was said."""
    return "\n".join(text if times == 1 else f"{times} times: {text}" for text, times in Counter(texts).items())


def _fails_alone(record: ChainRecord, race: Race) -> str:
    return (
        f"{_subject(race)} end where one by itself ends, and {len(race.failures)} of them with an error "
        f"({failure_in_words(race.failures[0])}); to let them wait for each other, {_mend(record)}"
    )


def _subject(race: Race) -> str:
    way = race.last.label if race.first == race.last else f"{race.first.label} to {race.last.label}"
    return f"{race.count} upgrades at once of {way}"


def _mend(record: ChainRecord) -> str:
    path = record.deployment.env_py if record.deployment is not None else "env.py"
    return f"before context.configure() in {path}:\n{LOCK}"
