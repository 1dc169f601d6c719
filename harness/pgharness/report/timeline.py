"""Lays the trace of a step out across its statements: how long each lock is held, what work is done meanwhile, what is dangerous."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby

from pgharness.records.trace import HeldLock, Trace, TracedStatement
from pgharness.trace.hazards import FINDINGS
from pgharness.trace.lock_modes import blocks_service, in_words
from pgharness.trace.meeting import Met, hazards_in
from pgharness.trace.telling import counted

MOST_COLUMNS = 60
"""Of so many statements, those that repeat counted once, a step is told; what comes later is only counted."""


class Blocks(StrEnum):
    """What a lock keeps waiting of what a service does with a relation."""

    ALL = "reads and writes"
    WRITES = "writes"
    DDL = "DDL only"


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement, or several alike that follow one upon the other; `transaction` counts from 1, None where it is one by itself."""

    sql: str
    line: int
    transaction: int | None
    times: int = 1


@dataclass(frozen=True, slots=True)
class HeldFor:
    """A lock from the column that takes it to the last one under it, both counted from 0 and both included.

    `waits` says who waits for it. `indexes` counts indexes of one table that are locked in one mode and just as long: beside their table, where
    that is locked so too, else by themselves, and then `relation` is the first of them and `table` what they belong to.
    """

    relation: str
    kind: str
    mode: str
    blocks: Blocks
    waits: str
    first: int
    last: int
    indexes: int = 0
    table: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """What a column does to the rows of a relation that stood before, in words; `rows` where they were counted, on the few rows of a test."""

    statement: int
    words: str
    doing: str
    relation: str
    rows: int


@dataclass(frozen=True, slots=True)
class Danger:
    """A hazard at a column (None: of the step as a whole); one that is no finding is but worth knowing."""

    statement: int | None
    id: str
    title: str
    about: str
    is_finding: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """A step, laid out. `more` statements came after those that are told."""

    statements: tuple[Sent, ...]
    locks: tuple[HeldFor, ...]
    work: tuple[Doing, ...]
    hazards: tuple[Danger, ...]
    more: int = 0


def timeline_of(trace: Trace, besides: Sequence[Met] = ()) -> Timeline:
    """Return a trace laid out, with hazards that it does not show by itself; bars that keep most waiting come first, then in the order in which they are taken."""
    runs = list(_runs(trace))
    column_of = {place: column for column, run in enumerate(runs[:MOST_COLUMNS]) for place in run}
    shown = [(column, trace.statements[place]) for place, column in column_of.items()]
    return Timeline(
        tuple(_column(trace, run) for run in runs[:MOST_COLUMNS]),
        tuple(_bars(trace, column_of)),
        tuple(dict.fromkeys(doing for column, one in shown for doing in _doings(column, one))),
        tuple(dict.fromkeys(_dangers([*besides, *hazards_in(trace)], column_of))),
        sum(len(run) for run in runs[MOST_COLUMNS:]),
    )


def _runs(trace: Trace) -> Iterator[list[int]]:
    """Yield the places of statements that follow one upon the other and say the same."""
    for _, group in groupby(range(len(trace.statements)), key=lambda place: trace.statements[place].statement.sql):
        yield list(group)


def _column(trace: Trace, run: list[int]) -> Sent:
    first = trace.statements[run[0]]
    number = None if first.transaction is None else first.transaction + 1
    return Sent(first.statement.sql.strip(), first.statement.line, number, len(run))


def _bars(trace: Trace, column_of: dict[int, int]) -> list[HeldFor]:
    """Return the bars; indexes of one table that are locked alike are counted in one."""
    found: dict[tuple[str, str, int, int], HeldFor] = {}
    for lock, span in sorted(_spans(trace, column_of), key=lambda one: bool(one[0].table)):
        key = (lock.table or lock.relation, lock.mode, *span)
        if lock.table and key in found:
            found[key] = replace(found[key], indexes=found[key].indexes + 1)
        else:
            found[key] = _bar(lock, *span)
    order = list(Blocks)
    return sorted(found.values(), key=lambda bar: (order.index(bar.blocks), bar.first, bar.relation))


def _bar(lock: HeldLock, first: int, last: int) -> HeldFor:
    waits = in_words(lock.mode, lock.kind)
    return HeldFor(
        lock.relation, lock.kind, lock.mode, _blocks(lock), waits, first, last, int(bool(lock.table)), lock.table
    )


def _spans(trace: Trace, column_of: dict[int, int]) -> list[tuple[HeldLock, tuple[int, int]]]:
    """Return each lock once, with the first and the last column that hold it; where statements repeat, theirs are one."""
    last: dict[tuple[str, str, int], tuple[HeldLock, int]] = {}
    for place, column in column_of.items():
        for lock in trace.statements[place].locks:
            last[lock.relation, lock.mode, lock.taken_by] = lock, column
    spans = ((lock, (min(column_of.get(lock.taken_by, column), column), column)) for lock, column in last.values())
    return list({(lock.relation, lock.mode, span): (lock, span) for lock, span in spans}.values())


def _blocks(lock: HeldLock) -> Blocks:
    if not blocks_service(lock.mode, lock.kind):
        return Blocks.DDL
    return Blocks.ALL if lock.mode == "ACCESS EXCLUSIVE" else Blocks.WRITES


def _doings(column: int, traced: TracedStatement) -> Iterator[Doing]:
    for work in traced.works:
        yield Doing(column, counted(work), work.doing, work.relation, work.rows)


def _dangers(hazards: Sequence[Met], column_of: dict[int, int]) -> Iterator[Danger]:
    """Yield the hazards; one that is a finding and comes after what is told is of the step as a whole."""
    for met in hazards:
        is_finding = met.hazard in FINDINGS
        if met.place is None or met.place in column_of or is_finding:
            column = None if met.place is None else column_of.get(met.place)
            yield Danger(column, met.hazard.id, met.hazard.title, met.about, is_finding)
