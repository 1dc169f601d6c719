"""Readers and writers go on while a revision runs at production's size, and wait behind a migration that waits no longer than its limit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.checks.check import Check, Compare
from pgharness.checks.traffic_fixes import mend_refused, mend_wait
from pgharness.findings import Finding, Harm, Note, Repeated
from pgharness.records.chain_record import ChainRecord
from pgharness.records.steps import Failure, RevisionRecord
from pgharness.records.traffic import GIVEN, Load, Queue, RevisionTraffic, Waited, in_words
from pgharness.trace.estimating import rows_in_words, seconds_in_words
from pgharness.trace.slopes import slope_of

NAME = "traffic"
DEADLOCK, GAVE_UP = "40P01", "55P03"
# A wait that is so near the whole time that a reader stayed was for as long as it stayed.
WHOLE = 0.8
_LACKS_VALUE = re.compile(r'null value in column "(.+?)" of relation')
_WHEN_NOBODY_DOES = (
    'let what is new take what the release before writes; or put it into a revision that says after_deploy = "<why no such release runs '
    'any more>"'
)


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding | Note | Repeated]:
    """Judge what the traffic met."""
    assert record.traffic is not None
    for one in record.traffic.revisions:
        item = record.record_of(one.revision)
        yield from _judge_waits(one, record.traffic.wait_ms, item)
        yield from _judge_errors(one, item)
        yield from _judge_refused(one, item)
        yield from _notes(one, record.traffic.rows)
        if one.queue is not None:
            yield from _judge_queue(one.revision, one.queue)


def _judge_waits(one: RevisionTraffic, wait_ms: int, item: RevisionRecord | None) -> Iterator[Finding]:
    """Yield one finding for each statement of the migration that kept somebody waiting, with the longest wait of each table."""
    culprits: dict[str, list[Waited]] = {}
    for wait in one.load.waits:
        if wait.waited_s * 1000 > wait_ms:
            culprits.setdefault(wait.culprit, []).append(wait)
    for culprit, waits in culprits.items():
        longest = waits[0]
        slope = slope_of(one, longest)
        rows = ", ".join(f"{name} with {rows_in_words(count)} rows" for name, count in one.rows.items())
        yield Finding(
            NAME,
            one.revision,
            _subject(longest.act, longest.relation),
            f"Who {in_words(longest.act, longest.relation)} waited {seconds_in_words(longest.waited_s)} while the migration ran `{culprit}` "
            f"({rows}); {wait_ms} ms are allowed (traffic_wait_ms).{f' {slope.in_words}' if slope else ''}",
            mend_wait(item, "" if longest.act == GIVEN else longest.relation, culprit, slope),
            "\n".join(f"{seconds_in_words(wait.waited_s)}: {wait.sql}" for wait in waits),
            code="PGH-T001",
        )


def _subject(act: str, relation: str) -> str:
    """Return what a session works on, the table or the statement of a file."""
    return f"{'statement' if act == GIVEN else 'table'} {relation}"


def _judge_errors(one: RevisionTraffic, item: RevisionRecord | None) -> Iterator[Finding]:
    """Yield deadlocks, whoever was ended, and statements of the traffic that a limit has ended."""
    is_victim = one.failure is not None and one.failure.sqlstate == DEADLOCK
    errors = one.load.errors
    in_queue = one.queue.load.errors if one.queue is not None else ()
    deadlocks = [error for error in (*errors, *in_queue) if error.sqlstate == DEADLOCK]
    if is_victim or deadlocks:
        who = "the migration" if is_victim else f"a session that {in_words(deadlocks[0].act, deadlocks[0].relation)}"
        yield Finding(
            NAME,
            one.revision,
            f"table {deadlocks[0].relation}" if deadlocks else "deadlock",
            f"The migration and traffic waited for each other, and the server ended {who} (SQLSTATE 40P01): each holds a lock on one table "
            "and wants one on another. No order suits all: who inserts locks a table and then those to which it refers, a transaction over "
            "several mostly those first.",
            "lock one table in each revision, with context.configure(…, transaction_per_migration=True) in env.py, so that no lock is held "
            "while another one is waited for",
            one.failure.message if is_victim and one.failure is not None else deadlocks[0].sql,
            code="PGH-T002",
        )
    for error in errors:
        if error.sqlstate != DEADLOCK and not error.is_refused:
            yield Finding(
                NAME,
                one.revision,
                _subject(error.act, error.relation),
                f"A statement that {in_words(error.act, error.relation)} failed meanwhile: {error.message} (SQLSTATE {error.sqlstate}).",
                mend_wait(item, "" if error.act == GIVEN else error.relation),
                error.sql,
                code="PGH-T003",
            )


def _judge_refused(one: RevisionTraffic, item: RevisionRecord | None) -> Iterator[Repeated]:
    """Yield what is refused since the revision ran, of each table the first; that the release before ran no more then, it may say."""
    if item is not None and item.revision.after_deploy is not None:
        return
    for error in {error.relation: error for error in reversed(one.load.errors) if error.is_refused}.values():
        column = _LACKS_VALUE.search(error.message)
        yield Repeated(
            "compat",
            Finding(
                NAME,
                one.revision,
                f"table {error.relation}",
                f"Who {in_words(error.act, error.relation)} as before is refused since the migration ran: {error.message} (SQLSTATE {error.sqlstate}).",
                mend_refused(error.relation, column[1], item) if column else _WHEN_NOBODY_DOES,
                error.sql,
                code="PGH-T006",
            ),
        )


def _judge_queue(revision: str, queue: Queue) -> Iterator[Finding]:
    """Yield where all wait as long as a reader stays, and where the revision cannot be run again after it gave up."""
    longest = queue.load.longest
    if queue.went_on and longest is not None and longest.waited_s >= WHOLE * queue.held_s:
        yield Finding(
            NAME,
            revision,
            f"table {longest.relation}",
            f"Behind a transaction that has read {longest.relation} and stays open, the migration waits without giving up (`{longest.culprit}`), "
            f"and who {longest.act} waits behind the migration: {seconds_in_words(longest.waited_s)}, as long as the reader stayed.",
            "at the beginning of upgrade(): op.execute(\"SET LOCAL lock_timeout = '5s'\"); or lock_timeout where env.py makes the engine; "
            "and run the upgrade again that ends with SQLSTATE 55P03",
            longest.sql,
            code="PGH-T004",
        )
    is_deadlock = queue.retry is not None and queue.retry.sqlstate == DEADLOCK  # which is told as such
    if (queue.retry is not None and not is_deadlock) or queue.invalid:
        yield Finding(
            NAME,
            revision,
            f"index {queue.invalid[0]}" if queue.invalid else "the revision run again",
            f"It gave up behind a transaction that stayed open ({_said(queue.gave_up)}), and run again "
            + (
                f"fails: {_said(queue.retry)}."
                if queue.retry is not None
                else f"leaves {', '.join(queue.invalid)} invalid."
            ),
            "let it begin with what takes away what it may have left: DROP INDEX CONCURRENTLY IF EXISTS …, in the autocommit block",
            queue.retry.statement or "" if queue.retry is not None else "",
            code="PGH-T005",
        )


def _notes(one: RevisionTraffic, wanted: int) -> Iterator[Note]:
    """Say what was tried on fewer rows, what failed otherwise, and how much was sent, so that nobody takes silence for more than it is."""
    if one.untried:
        yield Note(NAME, one.revision, f"it could not be run: {one.untried}")
    for table, reason in one.few:
        yield Note(NAME, one.revision, f"{table} has not got {wanted:,} rows: {reason}")
    if one.failure is not None and one.failure.sqlstate != DEADLOCK:
        what = (
            "gave up waiting for a lock under traffic, and can be run again"
            if one.failure.sqlstate == GAVE_UP
            else "fails on the rows that were made here, so that what comes behind was not tried"
        )
        yield Note(NAME, one.revision, f"the upgrade {what}: {_said(one.failure)}")
    if one.load.sent:
        yield Note(NAME, one.revision, _sent(one.load, one, wanted))
    if one.fewer is not None and one.fewer.failure is not None:
        why = _said(one.fewer.failure)
        yield Note(NAME, one.revision, f"whether its waits grow with the rows is not known: on fewer it fails: {why}")


def _sent(load: Load, one: RevisionTraffic, wanted: int) -> str:
    longest = load.longest
    waited = "nobody waited for it."
    if longest is not None:
        slope = slope_of(one, longest)
        waited = (
            f"the longest wait for it was {seconds_in_words(longest.waited_s)}.{f' {slope.in_words}' if slope else ''}"
        )
    of_how_many = f"up to {rows_in_words(max(one.rows.values(), default=0))} rows a table ({wanted:,} asked for)"
    return f"{load.sent:,} statements were sent while the upgrade ran, {seconds_in_words(one.duration_s)}, on {of_how_many}; {waited}"


def _said(failure: Failure | None) -> str:
    if failure is None:
        return "it passed"
    state = f", SQLSTATE {failure.sqlstate}" if failure.sqlstate else ""
    return f"{failure.message.splitlines()[0]}{state}"


def _tried(record: ChainRecord) -> frozenset[str]:
    return (
        frozenset(one.revision for one in record.traffic.revisions if not one.untried)
        if record.traffic is not None
        else frozenset()
    )


def _lack(record: ChainRecord) -> str:
    """Return why traffic met none of the revisions that it was to meet; empty where it met one."""
    if record.traffic is None or _tried(record) or not record.traffic.revisions:
        return ""
    return f"no revision could be run under traffic: {record.traffic.revisions[0].untried}"


CHECK = Check(
    name=NAME,
    harm=Harm.SERVICE,
    claim="readers and writers of large tables go on while the newest revisions run, and a migration that waits lets them go",
    reason="What blocks on a million rows, behind a dump, or in a deadlock, blocks nobody on the few rows of a test.",
    mend="take no lock over work, set lock_timeout, and lock one table in each transaction",
    judge=judge,
    needs=frozenset({"traffic"}),
    uses=frozenset({"trace"}),
    opt_in=True,
    skip_reason="not asked for: --traffic",
    tried=_tried,
    lack=_lack,
)
