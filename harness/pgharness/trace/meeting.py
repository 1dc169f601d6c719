"""Finds in a trace which hazards it shows, and where."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pgharness.records.trace import HeldLock, Trace, TracedStatement
from pgharness.trace.hazards import (
    BRIEF_LOCK,
    KEPT,
    LOCKS_IN_TURN,
    NAME_CUT,
    NO_EFFECT,
    NO_LIMIT,
    OTHER_RELATION,
    PASSED_OVER,
    ROW_TRIGGERS,
    ROWS_READ,
    ROWS_WRITTEN,
    SCANS_TWICE,
    SETTING_LEFT,
    Hazard,
    hazard_of,
)
from pgharness.trace.occurrences import blocking_locks, work_under_locks

# The beginnings of what the server remarks, each with what it betrays.
_REMARKS = (
    (re.compile(r"\w+: +.* already exists, skipping"), KEPT),
    (re.compile(r"NOTICE: +.* does not exist, skipping"), PASSED_OVER),
    (re.compile(r"\w+: +identifier .* will be truncated to"), NAME_CUT),
    (re.compile(r"WARNING: +SET LOCAL can only be used in transaction blocks"), NO_EFFECT),
)
_LOOKS_THROUGH = {"verifies", "validates", "rewrites"}
# These belong to a table, and nobody speaks of them.
_OF_A_TABLE = {"index", "partitioned index", "sequence"}


class Met(NamedTuple):
    """One hazard: the place of the statement in the trace (None for the whole step), and what it is about."""

    hazard: Hazard
    place: int | None
    about: str


def hazards_in(trace: Trace) -> Iterator[Met]:
    """Yield the hazards that a trace shows, those that are findings first."""
    for one in work_under_locks(trace):
        yield Met(hazard_of(one), one.place, one.lock.relation)
    for place, lock in late_limits(trace):
        yield Met(NO_LIMIT, place, lock.relation)
    for place, traced in enumerate(trace.statements):
        for look in _LOOKS:
            for hazard, about in look(place, traced):
                yield Met(hazard, place, about)
    yield from _scans_twice(trace)
    for name, value in trace.settings_left:
        yield Met(SETTING_LEFT, None, f"{name} = {value!r}")


def late_limits(trace: Trace) -> Iterator[tuple[int, HeldLock]]:
    """Yield where a lock that blocks is taken without a limit, though the step, or env.py, sets one."""
    if not trace.lock_timeout_ms and not any(one.lock_timeout_ms for one in trace.statements):
        return
    for place, one in enumerate(trace.statements):
        taken = newly_taken(place, one)
        if taken and one.lock_timeout_ms == 0:
            yield place, taken[0]


def newly_taken(place: int, traced: TracedStatement) -> list[HeldLock]:
    """Return the locks that block and that the statement took itself."""
    return [lock for lock in blocking_locks(traced) if lock.taken_by == place]


Look = Callable[[int, TracedStatement], Iterator[tuple[Hazard, str]]]


def _brief_locks(place: int, traced: TracedStatement) -> Iterator[tuple[Hazard, str]]:
    if any(work.doing not in {"reads", "writes"} for work in traced.works):
        return
    for lock in newly_taken(place, traced):
        yield BRIEF_LOCK, f"{lock.mode} on {lock.relation}"


def _in_turn(place: int, traced: TracedStatement) -> Iterator[tuple[Hazard, str]]:
    held = [lock for lock in blocking_locks(traced) if lock.taken_by != place and lock.kind not in _OF_A_TABLE]
    for lock in newly_taken(place, traced):
        if held and lock.kind not in _OF_A_TABLE and lock.relation not in {one.relation for one in held}:
            yield LOCKS_IN_TURN, f"{held[0].relation}, then {lock.relation}"


def _other_relations(place: int, traced: TracedStatement) -> Iterator[tuple[Hazard, str]]:
    text = traced.statement.sql.casefold()
    for lock in newly_taken(place, traced):
        bare = lock.relation.rpartition(".")[2].strip('"').casefold()
        if lock.kind not in _OF_A_TABLE and not re.search(rf"(?<!\w){re.escape(bare)}(?!\w)", text):
            yield OTHER_RELATION, f"{lock.mode} on {lock.relation}"


def _rows(_place: int, traced: TracedStatement) -> Iterator[tuple[Hazard, str]]:
    read = {work.relation: work.rows for work in traced.works if work.doing == "reads"}
    written = {work.relation: work for work in traced.works if work.doing == "writes"}
    for relation, work in written.items():
        if work.rows >= read.get(relation, work.rows + 1):
            yield ROWS_WRITTEN, relation
        if work.name:
            yield ROW_TRIGGERS, f"{work.name} on {relation}"
    said = {work.relation for work in traced.works if work.doing not in {"reads", "writes"}}
    for relation in read.keys() - written.keys() - said:
        yield ROWS_READ, relation


def _remarks(_place: int, traced: TracedStatement) -> Iterator[tuple[Hazard, str]]:
    for remark in traced.remarks:
        yield from ((hazard, remark) for pattern, hazard in _REMARKS if pattern.match(remark))


_LOOKS: tuple[Look, ...] = (_brief_locks, _in_turn, _other_relations, _rows, _remarks)


def _scans_twice(trace: Trace) -> Iterator[Met]:
    looked = Counter(
        (one.transaction, relation)
        for one in trace.statements
        if one.transaction is not None
        for relation in {work.relation for work in one.works if work.doing in _LOOKS_THROUGH}
    )
    for (_, relation), times in looked.items():
        if times > 1:
            yield Met(SCANS_TWICE, None, relation)
