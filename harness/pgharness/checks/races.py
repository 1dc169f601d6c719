"""Several upgrades at once end where one by itself ends; it is a part of the check `crash`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pgharness.checks.check import Compare
from pgharness.describing.differences import describe_differences, failure_evidence, failure_in_words
from pgharness.describing.resuming import others_in_words
from pgharness.findings import Finding, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.crash import CrashRecord
from pgharness.records.races import Race
from pgharness.records.steps import RevisionRecord

NAME = "crash"
DEADLOCK = "40P01"
CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
# What such a statement takes down another upgrade may just have made, as what is to be run again after a stop does.
_TAKES_DOWN = re.compile(r"\bDROP\s+(?:[A-Z]+\s+)+?IF\s+EXISTS\b", re.IGNORECASE)
# Asked for again and again, and not waited for in pg_advisory_lock(): a statement that waits there holds a snapshot, and what is done
# CONCURRENTLY waits for all snapshots. The pause is the server's, so that it serves an event loop too.
LOCK = """\
from sqlalchemy import text
while not connection.scalar(text("SELECT pg_try_advisory_lock(1)")):
    connection.execute(text("SELECT pg_sleep(0.2)"))
    connection.rollback()
connection.commit()"""


def judge_races(record: ChainRecord, crash: CrashRecord, compare: Compare) -> Iterator[Finding | Note]:
    """Judge where upgrades that met have ended; that one of them fails where the end is right, or by chance, is a note, once."""
    right: list[Race] = []
    for race in crash.races:
        findings = list(_judge(record, race, compare))
        yield from findings
        if not findings and race.failures:
            right.append(race)
    if right:
        yield Note(
            NAME, None, _fails_alone(record, next((one for one in right if _is_by_chance(record, one)), right[0]))
        )
    if crash.unraced:
        yield Note(NAME, None, f"no upgrades were made to meet: {crash.unraced}")


def _judge(record: ChainRecord, race: Race, compare: Compare) -> Iterator[Finding]:
    if race.waits:
        yield _of(race, record, code="PGH-K006", message=f"wait for each other for ever: {'; '.join(race.waits)}")
        return
    is_chance = _has_ended_a_build(race) or (bool(race.failures) and _is_taken_down(record, race))
    if not race.is_applied:
        if is_chance:
            return
        said = failure_in_words(race.failures[0]) if race.failures else "all pass"
        yield _of(race, record, code="PGH-K004", message=f"do not get there: {said}")
        return
    differences = () if is_chance else compare(race.expected, race.snapshot)
    for told in describe_differences(differences, left="one by itself", right="their end"):
        message = f"end in another catalog. {told.message}"
        yield replace(_of(race, record, code="PGH-K004", message=message), subject=told.subject, evidence=told.evidence)
    for other in race.rows:
        message = f"leave other rows: {others_in_words(other, 'one by itself')}"
        yield replace(_of(race, record, code="PGH-K005", message=message), subject=f"table {other.table}")


def _has_ended_a_build(race: Race) -> bool:
    """Whether PostgreSQL has ended something CONCURRENTLY, which waits for the snapshots of all who wait for its own lock.

    Whom of them it ends is a matter of milliseconds; what an ended build leaves is what a stopped one does, which the stops of the same check find.
    """
    return any(one.sqlstate == DEADLOCK and CONCURRENTLY.search(one.statement or "") for one in race.failures)


def _is_taken_down(record: ChainRecord, race: Race) -> bool:
    """Whether a revision over which they met takes down what is there of an earlier try, makes it again, and commits in between.

    Whose is taken down when is a matter of milliseconds too, and so is what the last one leaves.
    """
    for one in _met(record, race):
        statements = one.upgrade.statements
        taken_down = [at for at, said in enumerate(statements) if _TAKES_DOWN.search(said.sql)]
        if any(at <= behind < len(statements) - 1 for at in taken_down for behind in one.upgrade.commits):
            return True
    return False


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
    if _is_concurrent(record, race):
        return (
            f"{_subject(race)}: some end with an error, for what is done CONCURRENTLY waits for whoever waits for it, and PostgreSQL ends one of the two "
            f"(SQLSTATE {DEADLOCK}); which one, and whether another one gets there, is chance, and then an upgrade by itself has to follow; to let them "
            f"wait for each other, {_mend(record)}"
        )
    if _is_taken_down(record, race):
        return (
            f"{_subject(race)}: some end with an error ({failure_in_words(race.failures[0])}), for each takes down what another one may just have made, "
            f"and commits that; which one, and what is left, is chance; to let them wait for each other, {_mend(record)}"
        )
    return (
        f"{_subject(race)} end where one by itself ends, and {len(race.failures)} of them with an error "
        f"({failure_in_words(race.failures[0])}); to let them wait for each other, {_mend(record)}"
    )


def _is_by_chance(record: ChainRecord, race: Race) -> bool:
    return _is_concurrent(record, race) or _is_taken_down(record, race)


def _is_concurrent(record: ChainRecord, race: Race) -> bool:
    """Whether one of the revisions over which they met does something CONCURRENTLY."""
    return any(CONCURRENTLY.search(said.sql) for one in _met(record, race) for said in one.upgrade.statements)


def _met(record: ChainRecord, race: Race) -> Sequence[RevisionRecord]:
    """Return the revisions over which they met."""
    labels = [one.revision.revision for one in record.revisions]
    if race.first.revision not in labels or race.last.revision not in labels:
        return ()
    return record.revisions[labels.index(race.first.revision) : labels.index(race.last.revision) + 1]


def _subject(race: Race) -> str:
    way = race.last.label if race.first == race.last else f"{race.first.label} to {race.last.label}"
    return f"{race.count} upgrades at once of {way}"


def _mend(record: ChainRecord) -> str:
    path = record.deployment.env_py if record.deployment is not None else "env.py"
    return f"before context.configure() in {path}:\n{LOCK}"
