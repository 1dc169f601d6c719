"""A trace in words: each statement, what it locks and whom that keeps waiting, its work, and what is dangerous about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgharness.records.trace import HeldLock, Trace, TracedStatement, Work
from pgharness.trace.hazards import FINDINGS
from pgharness.trace.lock_modes import blocks_service, in_words
from pgharness.trace.meeting import Met, hazards_in

_SHOWN = 100
_DOING = {
    "builds": "builds the index {name} of {relation}",
    "rewrites": "writes {relation} anew",
    "moves": "copies the files of {relation}",
    "verifies": "looks through all rows of {relation}",
    "validates": "validates {name} over all rows of {relation}",
    "reads": "reads the rows of {relation}",
    "writes": "writes the rows of {relation}",
}


def in_one_line(traced: TracedStatement) -> str:
    """Return a statement as it is quoted in a sentence, cut where it is long."""
    statement = " ".join(traced.statement.sql.split())
    return f"`{statement if len(statement) <= _SHOWN else f'{statement[:_SHOWN]}…'}`"


def doing(work: Work) -> str:
    """Return what a statement does, in words."""
    return _DOING[work.doing].format(name=work.name, relation=work.relation)


def counted(work: Work) -> str:
    """Return it with how many rows that was on the few rows of a test, where they were counted."""
    if not work.rows:
        return doing(work)
    told = doing(work) if work.rows > 1 else doing(work).replace(" the rows of ", " a row of ", 1)
    return f"{told} ({work.rows} here)"


def trace_in_lines(trace: Trace, besides: Sequence[Met] = ()) -> Iterator[str]:
    """Yield the lines that tell a step, with hazards that its own trace does not show."""
    hazards = [*besides, *hazards_in(trace)]
    transaction: int | None = -1
    for place, traced in enumerate(trace.statements):
        if traced.transaction is None or traced.transaction != transaction:
            yield "by itself" if traced.transaction is None else f"transaction {traced.transaction + 1}"
        transaction = traced.transaction
        yield f"  line {traced.statement.line}: {' '.join(traced.statement.sql.split())}"
        yield from (f"    {line}" for line in _statement(place, traced))
        yield from (f"    {_hazard(one)}" for one in hazards if one.place == place)
    yield from (_hazard(one) for one in hazards if one.place is None)


def _statement(place: int, traced: TracedStatement) -> Iterator[str]:
    for lock in traced.locks:
        if lock.taken_by == place:
            yield f"takes {_lock(lock)}"
        elif blocks_service(lock.mode, lock.kind):
            yield f"holds {_lock(lock)}"
    yield from (counted(work) for work in traced.works)
    if traced.lock_timeout_ms is not None and any(blocks_service(lock.mode, lock.kind) for lock in traced.locks):
        yield (
            f"lock_timeout is {traced.lock_timeout_ms} ms" if traced.lock_timeout_ms else "no lock_timeout is in force"
        )
    yield from (remark for remark in traced.remarks if not remark.startswith("DEBUG"))


def _lock(lock: HeldLock) -> str:
    return f"{lock.mode} on {lock.kind} {lock.relation}: {in_words(lock.mode, lock.kind)}"


def _hazard(one: Met) -> str:
    mark = "DANGER" if one.hazard in FINDINGS else "note"
    code = f" {one.hazard.code}" if one.hazard.code else ""
    return f"{mark}{code} {one.hazard.id}: {one.hazard.title} ({one.about})"
