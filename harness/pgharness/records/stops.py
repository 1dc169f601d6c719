"""Where a step was stopped, and what came of running it again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pgharness.catalog.facts import Snapshot
from pgharness.records.held_rows import OtherRows
from pgharness.records.revisions import Revision
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure, RevisionRecord, Step

Direction = Literal["upgrade", "downgrade"]
Park = Literal["", "writer", "reader"]
"""Who holds a statement up until it is stopped: nobody, a transaction that has written to each table, or one that has read each."""

# These commit in between (manual, "Building Indexes Concurrently", and the pages of REINDEX and ALTER TABLE).
_IN_PIECES = re.compile(
    r"\b(?:CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY|DROP\s+INDEX\s+CONCURRENTLY|DETACH\s+PARTITION\b.*\bCONCURRENTLY)\b",
    re.IGNORECASE | re.DOTALL,
)
_DEFINES = re.compile(
    r"\s*(?:(?:CREATE|DROP|ALTER|COMMENT|GRANT|REVOKE)\b(?!.*\bUSING\b)|(?:REINDEX|SET|RESET|SHOW|COMMIT|BEGIN|ANALYZE|VACUUM)\b)",
    re.IGNORECASE | re.DOTALL,
)
_REINDEX = re.compile(r"\bREINDEX\b.*\bCONCURRENTLY\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a step: before a statement is sent, or within it where it is parked.

    `number` of the statements that the revision's own file sends come before it; where that is all of them, the statement is the one
    that writes the revision. `committed` is the last one before it of which something is there for good.
    """

    number: int
    statement: Statement
    committed: Statement
    park: Park = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """A step that was stopped at a place and run again: why that fails, or the catalog and the rows in which it ends otherwise."""

    place: Place
    failure: Failure | None
    snapshot: Snapshot | None = None
    rows: tuple[OtherRows, ...] = ()


@dataclass(frozen=True, slots=True)
class StoppedStep:
    """One step that is more than one transaction: the catalog to which it leads undisturbed, and what came of each stop."""

    revision: Revision
    direction: Direction
    end: Snapshot
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class Torn:
    """A step that is more than one transaction, and where it is to be stopped; the revision's own file sends `total` statements."""

    revision: Revision
    direction: Direction
    places: tuple[Place, ...]
    total: int
    writes_rows: bool
    """Whether what it commits on the way may be rows."""


def torn_steps(item: RevisionRecord) -> Iterator[Torn]:
    """Yield the steps of a revision that passed and were committed in pieces."""
    steps: tuple[tuple[Direction, Step | None], ...] = (("upgrade", item.upgrade), ("downgrade", item.downgrade))
    for direction, step in steps:
        if step is None or step.failure is not None or not step.commits:
            continue
        path = item.revision.path
        writes_rows = any(not _DEFINES.match(one.sql) for one in step.statements[: step.commits[-1] + 1])
        if places := places_in(step, path):
            total = sum(one.file == path for one in step.statements)
            yield Torn(item.revision, direction, places, total, writes_rows)


def places_in(step: Step, path: str) -> tuple[Place, ...]:
    """Return where a step is to be stopped, in order: behind each commit, and within what commits in between.

    Of a line that sends one statement after the other, the first and the last count.
    """
    within = list(_within(step, path))
    # Who is stopped within a statement has come to all that is committed before it too.
    before = (one for one in _between(step, path) if one.number not in {other.number for other in within})
    found = sorted({*before, *within}, key=_order)
    first, last = ({(one.committed.line, one.park): one for one in told} for told in (found[::-1], found))
    return tuple(sorted({*first.values(), *last.values()}, key=_order))


def _order(place: Place) -> tuple[int, bool, Park]:
    return place.number, place.park != "", place.park


def _between(step: Step, path: str) -> Iterator[Place]:
    for index in step.commits:
        number = sum(one.file == path for one in step.statements[: index + 1])
        following = next((one for one in step.statements[index + 1 :] if one.file == path), step.statements[index + 1])
        if number:
            yield Place(number, following, step.statements[index])


def _within(step: Step, path: str) -> Iterator[Place]:
    for index in step.commits:
        statement = step.statements[index]
        number = sum(one.file == path for one in step.statements[:index])
        if statement.file == path:
            for park in _parks(statement.sql):
                yield Place(number, statement, statement, park)


def _parks(sql: str) -> tuple[Park, ...]:
    """Return who parks a statement in its states that differ: a rebuilt index beside the old one, and the old one beside that."""
    if _REINDEX.search(sql):
        return "writer", "reader"
    return ("writer",) if _IN_PIECES.search(sql) else ()
