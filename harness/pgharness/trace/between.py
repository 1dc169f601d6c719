"""Finds locks of a revision that last over the work of later ones, where one transaction holds them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pgharness.records.revisions import Revision
from pgharness.records.steps import RevisionRecord
from pgharness.records.trace import HeldLock, TracedStatement, Work
from pgharness.trace.occurrences import blocking_locks, growing_work, work_under_locks


@dataclass(frozen=True, slots=True)
class Between:
    """Work of a later revision under a lock that the statement `taken` of the `earlier` one took, and that nothing lets go before it."""

    earlier: Revision
    taken: TracedStatement
    lock: HeldLock
    later: Revision
    statement: TracedStatement
    work: Work


@dataclass(frozen=True, slots=True)
class _Held:
    """A lock that is still held, and the revision that took it."""

    item: RevisionRecord
    taken: TracedStatement
    lock: HeldLock


def work_between(items: Iterable[RevisionRecord]) -> Iterator[Between]:
    """Yield for each revision the first of its statements that works under a lock of an earlier one, were all run in one transaction.

    What ends a transaction in between lets all go: an autocommit block, a COMMIT of the revision's own. Work on what the earlier revision did
    not meet is none: it comes empty with the same deployment. What a statement does under a lock of its own revision is told there.
    """
    held: dict[str, _Held] = {}
    for item in items:
        trace = item.upgrade.trace
        if item.upgrade.failure is not None or trace is None:
            held = {}
            continue
        told = {one.place for one in work_under_locks(trace)}
        found: Between | None = None
        for place, traced in enumerate(trace.statements):
            if traced.transaction != 0:
                held = {}
            if held and found is None and place not in told:
                found = _found(item.revision, traced, growing_work(trace, place), held)
        if found is not None:
            yield found
        gone = {lock.relation for traced in trace.statements for lock in traced.locks if lock.is_dropped}
        held = {relation: one for relation, one in held.items() if relation not in gone} | _left(item)


def _found(
    later: Revision, traced: TracedStatement, works: Iterable[Work], held: Mapping[str, _Held]
) -> Between | None:
    """Return the work under the lock on what is worked on, else under another."""
    for work in works:
        dropped = {lock.relation for lock in traced.locks if lock.is_dropped}
        met = [one for one in held.values() if _stands(work.relation, one.item) and one.lock.relation not in dropped]
        for one in sorted(met, key=lambda one: one.lock.relation != work.relation):
            return Between(one.item.revision, one.taken, one.lock, later, traced, work)
    return None


def _stands(relation: str, item: RevisionRecord) -> bool:
    """Whether a revision met the relation."""
    return any(key.object == relation for key in item.before.objects("table", "materialized view"))


def _left(item: RevisionRecord) -> dict[str, _Held]:
    """Return the locks that a revision's transaction holds to its end, and for which a service waits."""
    trace = item.upgrade.trace
    last = trace.statements[-1] if trace is not None and trace.statements else None
    if trace is None or last is None or last.transaction is None:
        return {}
    return {
        lock.relation: _Held(item, trace.statements[lock.taken_by], lock)
        for lock in blocking_locks(last)
        if not lock.is_dropped and lock.kind in {"table", "partitioned table", "materialized view"}
    }
