"""Finds in a trace the work that is done on rows while a lock keeps a service waiting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgharness.records.trace import HeldLock, Trace, TracedStatement, Work
from pgharness.trace.lock_modes import blocks_service
from pgharness.trace.statement_parts import outermost, statements_of

# Weakest first: a rewrite also builds and reads.
_WEIGHT = {"reads": 0, "writes": 1, "validates": 2, "verifies": 3, "builds": 4, "moves": 5, "rewrites": 6}
ONLY_ASKS = re.compile(r"\s*(SELECT|SHOW|VALUES|TABLE|WITH)\b", re.IGNORECASE)
"""How a statement begins that, as far as its text says, changes nothing."""
_INSERTS_GIVEN_ROWS = re.compile(
    r"\s*INSERT\b(?!.*\bFROM\s+(?!\(VALUES\))).*\bWHERE\s+NOT\s+EXISTS\s*\(", re.IGNORECASE
)
_PUTS_ASIDE = re.compile(
    r"\s*(?:CREATE\s+(?:(?:LOCAL\s+|GLOBAL\s+)?TEMP(?:ORARY)?\s+|UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?|INSERT\s+INTO\s+)"
    r"(?P<table>(?:\"[^\"]+\"|[\w.])+)",
    re.IGNORECASE,
)
_NAMES_ROWS = re.compile(r"\s*INSERT\b(?!.*\bSELECT\b)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One statement that works on rows under one lock: `place` in the trace, all `works` on the relations it may concern, heaviest first.

    `sent` is the SQL of what the step has sent before it.
    """

    place: int
    statement: TracedStatement
    lock: HeldLock
    works: tuple[Work, ...]
    sent: tuple[str, ...] = ()

    @property
    def work(self) -> Work:
        """The heaviest."""
        return self.works[0]

    @property
    def is_held_over(self) -> bool:
        """Whether the lock is an earlier statement's."""
        return self.lock.taken_by < self.place


def work_under_locks(trace: Trace) -> Iterator[Occurrence]:
    """Yield for each statement that does work which grows with the rows one occurrence: under the lock on what it works on, else under another."""
    for place, traced in enumerate(trace.statements):
        works = growing_work(trace, place)
        locks = [lock for lock in blocking_locks(traced) if not lock.is_dropped]
        if works and locks:
            sent = tuple(one.statement.sql for one in trace.statements[:place])
            yield Occurrence(place, traced, _concerned(locks, works[0]), works, sent)


def _concerned(locks: list[HeldLock], work: Work) -> HeldLock:
    """Return the lock to tell of: that on what is worked on, or where indexes of partitions are built, on the table they belong to."""
    whole = [lock for lock in locks if lock.kind == "partitioned table" and work.doing == "builds"]
    own = [lock for lock in locks if lock.relation == work.relation]
    return (whole or own or locks)[0]


def blocking_locks(traced: TracedStatement) -> list[HeldLock]:
    """Return the locks for which a service waits; of an index and its table the table's."""
    found = [lock for lock in traced.locks if blocks_service(lock.mode, lock.kind) or "index" in lock.kind]
    blocking = [lock for lock in found if "index" not in lock.kind or lock.mode == "ACCESS EXCLUSIVE"]
    tables = {lock.relation for lock in blocking if lock.mode == "ACCESS EXCLUSIVE"}
    return [lock for lock in blocking if lock.table not in tables]


def growing_work(trace: Trace, place: int) -> tuple[Work, ...]:
    """Return the work of the statement at a place that grows with the rows, heaviest first."""
    traced = trace.statements[place]
    grows = _counts_grow(traced, trace.statements[place + 1 :]) or _takes_from_aside(traced, trace.statements[:place])
    counted = [work for work in traced.works if grows or work.doing not in {"reads", "writes"}]
    return tuple(sorted(counted, key=lambda work: -_WEIGHT[work.doing]))


def _counts_grow(traced: TracedStatement, later: Sequence[TracedStatement]) -> bool:
    """Whether the rows that were counted are more where a table holds more.

    Rows that are written without any being read are those that the statement names; the checks of foreign keys look up the rows that an
    INSERT names, and WHERE NOT EXISTS looks whether its table has them; and what a query reads may be a few rows of a small table, unless the revision writes to what it has read, row by row.
    """
    read = {work.relation for work in traced.works if work.doing == "reads" and not work.is_looked_up}
    parts = statements_of(traced.statement.sql)
    if not read or all(map(_NAMES_ROWS.match, parts)) or (len(parts) == 1 and _is_guarded(parts[0], traced, read)):
        return False
    if any(work.doing == "writes" for work in traced.works) or not all(map(ONLY_ASKS.match, parts)):
        return True
    return any(
        work.doing == "writes" and work.relation in read
        for one in later
        if one.transaction == traced.transaction
        for work in one.works
    )


def _takes_from_aside(traced: TracedStatement, earlier: Sequence[TracedStatement]) -> bool:
    """Whether rows are written that the transaction has put aside before in a table of its own, of which nothing is counted."""
    if not any(work.doing == "writes" for work in traced.works):
        return False
    aside = (
        match["table"]
        for one in earlier
        if one.transaction == traced.transaction
        and any(work.doing == "reads" and not work.is_looked_up for work in one.works)
        for part in statements_of(one.statement.sql)
        if (match := _PUTS_ASIDE.match(part))
    )
    text = traced.statement.sql
    return any(re.search(rf"\b(FROM|JOIN|USING)\s+{re.escape(name)}(?!\w)", text, re.IGNORECASE) for name in aside)


def _is_guarded(sql: str, traced: TracedStatement, read: set[str]) -> bool:
    """Whether an INSERT of rows that it names has read its own table, to see whether that has them."""
    written = {work.relation for work in traced.works if work.doing == "writes"}
    return read <= (written or read) and len(read) == 1 and _INSERTS_GIVEN_ROWS.match(outermost(sql)) is not None
