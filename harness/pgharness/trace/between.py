"""Finds locks of a revision that last over the work of later ones, where one transaction holds them all, whatever a table is called by then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pgharness.records.deployment import DeploymentRecord
from pgharness.records.revisions import Revision
from pgharness.records.steps import RevisionRecord
from pgharness.records.trace import HeldLock, Trace, TracedStatement, Work
from pgharness.trace.hazards import HELD_BY_EARLIER
from pgharness.trace.meeting import Met
from pgharness.trace.occurrences import blocking_locks, growing_work, work_under_locks


@dataclass(frozen=True, slots=True)
class Between:
    """Work of a later revision under a lock that the statement `taken` of the `earlier` one took, and that nothing lets go before it."""

    earlier: Revision
    taken: TracedStatement
    lock: HeldLock
    later: Revision
    place: int
    statement: TracedStatement
    work: Work


@dataclass(frozen=True, slots=True)
class _Held:
    """A lock that is still held, and the revision that took it; `called` has for names of now those that it knew the tables by."""

    item: RevisionRecord
    taken: TracedStatement
    lock: HeldLock
    called: Mapping[str, str] = field(default_factory=dict)

    def stands(self, relation: str) -> bool:
        """Whether the revision met the relation, by whatever name."""
        name = self.called.get(relation, relation)
        return any(key.object == name for key in self.item.before.objects("table", "materialized view"))

    def after(self, renamed: Iterable[tuple[str, str]]) -> _Held:
        """Return it with names as they are behind a revision that calls tables otherwise."""
        was = {now: self.called.get(before, before) for before, now in renamed}
        gone = {before: "" for before, _ in renamed}
        return replace(self, called={**self.called, **gone, **was})


def met_between(
    items: Iterable[RevisionRecord], deployment: DeploymentRecord | None, deployed: Collection[str] = ()
) -> dict[str, Met]:
    """Return for revisions what `work_between` finds, as a hazard; none where env.py lets locks go between them, or the earlier is `deployed`."""
    if deployment is None or not deployment.is_one_transaction:
        return {}
    return {
        one.later.revision: Met(
            HELD_BY_EARLIER,
            one.place,
            f"{one.work.relation}, {one.lock.mode} on {one.lock.relation} of {one.earlier.label}",
        )
        for one in work_between(items)
        if one.earlier.revision not in deployed
    }


def work_between(items: Iterable[RevisionRecord]) -> Iterator[Between]:
    """Yield for each revision the first of its statements that works under a lock of an earlier one, were all run in one transaction.

    What ends a transaction in between lets all go: an autocommit block, also one that sends nothing, a COMMIT of the revision's own. Work on what the earlier revision did
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
            if traced.transaction != 0 or any(commit <= place for commit in trace.commits):
                held = {}
            if held and found is None and place not in told:
                found = _found(item.revision, trace, place, held)
        if found is not None:
            yield found
        gone = {lock.relation for traced in trace.statements for lock in traced.locks if lock.is_dropped}
        kept = {} if trace.commits else {relation: one for relation, one in held.items() if relation not in gone}
        now = dict(trace.renamed)
        held = {now.get(relation, relation): one.after(trace.renamed) for relation, one in (kept | _left(item)).items()}


def _found(later: Revision, trace: Trace, place: int, held: Mapping[str, _Held]) -> Between | None:
    """Return the work under the lock on what is worked on, else under another."""
    traced = trace.statements[place]
    dropped = {lock.relation for lock in traced.locks if lock.is_dropped}
    for work in growing_work(trace, place):
        met = [(name, one) for name, one in held.items() if one.stands(work.relation) and name not in dropped]
        for _, one in sorted(met, key=lambda named: named[0] != work.relation):
            return Between(one.item.revision, one.taken, one.lock, later, place, traced, work)
    return None


def _left(item: RevisionRecord) -> dict[str, _Held]:
    """Return the locks that a revision's transaction holds to its end, and for which a service waits."""
    trace = item.upgrade.trace
    last = trace.statements[-1] if trace is not None and trace.statements else None
    if trace is None or last is None or last.transaction is None or len(trace.statements) in trace.commits:
        return {}
    return {
        lock.relation: _Held(item, trace.statements[lock.taken_by], lock)
        for lock in blocking_locks(last)
        if not lock.is_dropped and lock.kind in {"table", "partitioned table", "materialized view"}
    }
