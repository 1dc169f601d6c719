"""Lets several upgrades of one database meet, each in a process of its own with env.py as it is, and notes where that ends."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from psycopg import errors, sql

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.rereading import in_the_words_of
from pgharness.catalog.snapshot import take_snapshot
from pgharness.chain.baseline import run_baseline
from pgharness.chain.course import tips
from pgharness.chain.deployment import run_deployment
from pgharness.chain.next_texts import coming
from pgharness.databases import Database
from pgharness.experiments.barrier import Barrier
from pgharness.experiments.experiment import Site, empty_database
from pgharness.experiments.held_rows import read_held_rows
from pgharness.findings import CannotRun
from pgharness.records.chain_record import ChainRecord
from pgharness.records.held_rows import HeldRows
from pgharness.records.races import Race
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure
from pgharness.records.stops import may_write_rows
from pgharness.rows import Population, fill_empty_tables
from pgharness.servers import Connection

FEW, MANY = 2, 5
HANG_LIMIT_S = 20.0
# Where a session holds what others wait for and waits for none, its program may be at work elsewhere: it imports, or a busy machine starves it.
AT_WORK_LIMIT_S = 180.0
LOOK_S = 0.1
# All that would change if anybody did anything.
_ACTIVITY = """
SELECT pid, backend_start::text, state, query_start::text, wait_event_type, left(query, 200),
  array(SELECT left(blocker.query, 200) FROM pg_catalog.pg_stat_activity AS blocker
    WHERE blocker.pid = ANY (pg_catalog.pg_blocking_pids(waiting.pid)))
FROM pg_catalog.pg_stat_activity AS waiting
WHERE datname = pg_catalog.current_database() AND backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid() AND pid <> %s
ORDER BY pid
"""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where so many upgrades are to meet."""

    site: Site
    record: ChainRecord
    database: Database
    count: int


def race_along(site: Site, record: ChainRecord) -> Iterator[Race]:
    """Yield what comes of two upgrades from the base to right before the last revision, and of five from there.

    Where the last one may write rows, its tables have some.

    Of a chain of several heads, and of one whose walk ends otherwise than its deployment, two go to the heads at once. Nothing is
    yielded where one by itself does not get there in one run of env.py's migrations. Raises psycopg's InsufficientPrivilege.
    """
    revisions, deployment, head = record.chain.revisions, record.deployment, record.head
    is_deployed = deployment is not None and deployment.is_at(record.chain) and len(deployment.runs) == 1
    if head is None or not revisions or not is_deployed:
        return
    is_in_two = len(record.chain.heads) == 1 and len(revisions) > 1 and record.walked_head == head
    with site.databases.experiment("race") as database:
        run_baseline(database, site.settings)
        if not is_in_two:
            yield race(Meeting(site, record, database, FEW), revisions, head)
            return
        first = race(Meeting(site, record, database, FEW), revisions[:-1], record.revisions[-1].before)
        yield first
        last = record.revisions[-1]
        if first.ends_right and last.alone_failure is None:  # or one by itself does not get there either
            # On rows that it fails on, or refuses, by itself it gets there in no company either.
            if last.upgrade_rows_failure is None and any(
                one.file and may_write_rows(one) for one in last.upgrade.statements
            ):
                _fill(site, record, database)
            yield race(Meeting(site, record, database, MANY), revisions[-1:], head)


def race(meeting: Meeting, revisions: Sequence[Revision], expected: Snapshot) -> Race:
    """Let upgrades over these revisions meet. Raises psycopg's InsufficientPrivilege."""
    site, record, database = meeting.site, meeting.record, meeting.database
    applied = frozenset().union(*(record.chain.ancestors(one.revision) for one in revisions))
    targets = tuple(one.revision for one in tips(record.chain, applied))
    with Barrier(database) as barrier, database.connect() as observer:
        failures, waits = _run_at_once(meeting, targets, barrier, observer)
    with database.connect() as observer:
        snapshot = take_snapshot(observer, leave_out=(record.version_table,))
        is_applied = _is_applied(observer, record, applied)
    if snapshot != expected:
        snapshot = in_the_words_of(expected, snapshot, lambda: empty_database(site.databases))
    return Race(meeting.count, revisions[0], revisions[-1], expected, snapshot, is_applied, failures, waits)


def _fill(site: Site, record: ChainRecord, database: Database) -> None:
    """Put in rows that all differ: what rows that are alike do, the walk has seen, as they have come from revision to revision."""
    with database.connect() as observer:
        fill_empty_tables(
            observer,
            rows_per_table=site.settings.rows_per_table,
            leave_out=(record.version_table,),
            words=site.words,
            population=Population.PLAIN,
            coming=coming(record.chain.revisions, len(record.chain.revisions) - 1),
        )


def rows_after(database: Database, version_table: str) -> HeldRows:
    """Return what the tables hold after a race."""
    with database.connect() as observer:
        return read_held_rows(observer, (version_table,))


def _run_at_once(
    meeting: Meeting, targets: tuple[str, ...], barrier: Barrier, observer: Connection
) -> tuple[tuple[Failure, ...], tuple[str, ...]]:
    """Return why upgrades failed, and who waited for whom where nobody went on."""
    with ThreadPoolExecutor(meeting.count) as executor:
        running = [executor.submit(_upgrade, meeting, targets) for _ in range(meeting.count)]
        barrier.open_when_met(meeting.count)
        waits = _watch(running, observer, barrier.backend)
        failures = [failure for one in running if (failure := one.result()) is not None]
    return tuple(sorted(failures, key=lambda one: one.message)), waits


def _upgrade(meeting: Meeting, targets: tuple[str, ...]) -> Failure | None:
    try:
        return run_deployment(meeting.site.project, meeting.database, targets)
    except CannotRun as reason:
        return Failure("CannotRun", f"{reason.what} {reason.seen}")


def _watch(running: Sequence[Future[Failure | None]], observer: Connection, barrier: int) -> tuple[str, ...]:
    """Wait until all have ended; where nothing moves and somebody waits for a lock, end them and say who waited for whom."""
    seen: list[tuple[object, ...]] = []
    since = time.monotonic()
    while wait(running, LOOK_S).not_done:
        now = observer.execute(_ACTIVITY, [barrier]).fetchall()
        if now != seen:
            seen, since = now, time.monotonic()
        waiting = [row for row in now if row[4] == "Lock"]
        if waiting and time.monotonic() - since > _limit_s(len(running), len(now), len(waiting)):
            for row in now:
                observer.execute("SELECT pg_catalog.pg_terminate_backend(%s)", [row[0]])
            return tuple(f"`{row[5]}` waits for {_in_words(row[6])}" for row in waiting)
    return ()


def _limit_s(upgrades: int, sessions: int, waiting: int) -> float:
    """Return how long nothing may move: of more sessions than upgrades, one that waits may be its own program's second one."""
    return AT_WORK_LIMIT_S if waiting < sessions <= upgrades else HANG_LIMIT_S


def _in_words(blockers: object) -> str:
    assert isinstance(blockers, list)
    return " and ".join(f"`{' '.join(one.split())}`" for one in blockers) or "a lock"


def _is_applied(observer: Connection, record: ChainRecord, applied: frozenset[str]) -> bool:
    try:
        rows = observer.execute(sql.SQL("SELECT version_num FROM {}").format(sql.SQL(record.version_table))).fetchall()
    except (errors.UndefinedTable, errors.InvalidSchemaName):
        return False
    known = {one.revision for one in record.chain.revisions}
    reached = frozenset().union(*(record.chain.ancestors(str(one)) for (one,) in rows if one in known))
    return reached >= applied
