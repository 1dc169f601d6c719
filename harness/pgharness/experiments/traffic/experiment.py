"""Runs each of the newest revisions under traffic: at production's size, on a tenth of it where anybody waited, and behind a reader that stays."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from pgharness.chain.deployment import run_deployment
from pgharness.chain.previous import previous_release
from pgharness.databases import Database
from pgharness.experiments.checkpoints import Checkpoints
from pgharness.experiments.experiment import FollowUp, Site
from pgharness.experiments.old_release.experiment import missing_in, newest
from pgharness.experiments.traffic.load import Traffic
from pgharness.experiments.traffic.queue import hold_s, try_queue
from pgharness.experiments.traffic.statements import make_jobs
from pgharness.findings import CannotRun
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Revision
from pgharness.records.trace import Trace
from pgharness.records.traffic import OnFewerRows, RevisionTraffic, TrafficRecord
from pgharness.rows.growing import grow

# How long traffic goes on behind a migration that has passed, so that whoever waited for it can tell.
AFTER_S = 0.2
# What part of the rows the second run has: far enough from the first to tell what grows, and quick.
PART = 10


def try_traffic(site: Site, record: ChainRecord) -> TrafficRecord | None:
    """Try the revisions that the next deployment runs, those of them that lock what stood before; None where nobody asks for it."""
    settings = site.settings
    if not settings.wants_traffic:
        return None
    tried = []
    for revision in _next(site):
        item = record.record_of(revision.revision)
        trace = item.upgrade.trace if item is not None else None
        if trace is not None and (tables := touched(trace)):
            tried.append(_try(site, revision, tables, trace))
        else:
            tried.append(RevisionTraffic(revision.revision))
    return TrafficRecord(tuple(tried), settings.traffic_rows, settings.traffic_wait_ms)


def _next(site: Site) -> Sequence[Revision]:
    if site.settings.previous is None:
        return newest(site.project.chain, site.settings.since)
    with previous_release(site.project) as before:
        return missing_in(before.chain, site.project.chain)


def touched(trace: Trace) -> list[str]:
    """Return the tables that stood before and on which the step takes any lock."""
    locks = [lock for one in trace.statements for lock in one.locks]
    kinds = {lock.relation: lock.kind for lock in locks}
    works = [work.relation for one in trace.statements for work in one.works]
    named = dict.fromkeys([*(lock.relation for lock in locks), *works])
    return [name for name in named if kinds.get(name, "table") in {"table", "partitioned table"}]


def _try(site: Site, revision: Revision, tables: list[str], trace: Trace) -> RevisionTraffic:
    before = site.project.chain.ancestors(revision.revision) - {revision.revision}
    checkpoints = Checkpoints(site.project, site.databases)
    with site.databases.outside_undone(), ExitStack() as dropped:

        def copy() -> Database:
            database = checkpoints.with_applied(before)
            dropped.callback(site.databases.drop, database)
            return database

        try:
            rows = site.settings.traffic_rows
            traffic = _under_traffic(site, copy(), revision, tables, rows)
            if traffic.load.longest is not None and traffic.failure is None:
                fewer = _under_traffic(site, copy(), revision, tables, rows // PART)
                traffic = replace(traffic, fewer=_as_fewer(fewer))
            return _with_queue(site, copy(), traffic, tables, lock_timeout_ms(trace))
        except CannotRun as reason:
            return RevisionTraffic(revision.revision, untried=f"{reason.what} {reason.seen}")


def _under_traffic(site: Site, database: Database, revision: Revision, tables: list[str], rows: int) -> RevisionTraffic:
    """Run the revision once on so many rows, readers and writers at work."""
    with database.connect() as connection:
        grown = grow(connection, tables, rows)
        jobs = make_jobs(connection, [*grown.rows, *(name for name, _ in grown.few)], site.settings.statements)
    with Traffic(database, jobs) as running:
        started = time.perf_counter()
        failure = run_deployment(site.project, database, (revision.revision,))
        duration_s = time.perf_counter() - started
        time.sleep(AFTER_S)
    return RevisionTraffic(revision.revision, grown.rows, grown.few, running.load, failure, duration_s)


def _as_fewer(one: RevisionTraffic) -> OnFewerRows:
    return OnFewerRows(one.rows, one.load, one.duration_s, one.failure)


def _with_queue(
    site: Site, database: Database, traffic: RevisionTraffic, tables: Sequence[str], limit_ms: int
) -> RevisionTraffic:
    with database.connect() as connection:
        jobs = make_jobs(connection, tables, None)
    queue = try_queue(site, database, traffic.revision, tables, jobs=jobs, held_s=hold_s(limit_ms))
    return replace(traffic, queue=queue)


def lock_timeout_ms(trace: Trace) -> int:
    """Return the longest limit that is in force at a statement of the step, 0 where none is."""
    return max([trace.lock_timeout_ms, *(one.lock_timeout_ms or 0 for one in trace.statements)])


FOLLOW_UP = FollowUp("traffic", try_traffic)
