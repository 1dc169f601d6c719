"""Stops a step at each of its places by itself, each time on a copy of its own, and runs it again in another process; two at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.rereading import in_the_words_of
from pgharness.catalog.snapshot import take_snapshot
from pgharness.chain.conversation import Conversation, converse
from pgharness.chain.messages import Direction
from pgharness.chain.server_objects import speaks_of_server
from pgharness.chain.watch import Watch
from pgharness.databases import Database
from pgharness.experiments.experiment import Site, empty_database
from pgharness.experiments.held_rows import read_held_rows, shift_sequences
from pgharness.experiments.road import Road
from pgharness.experiments.stopping import Stopper
from pgharness.records.held_rows import HeldRows, other_rows
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure, Step
from pgharness.records.stops import Place, Stop, StoppedStep, Torn
from pgharness.servers import Connection

AT_ONCE = 2
"""So many copies are worked on at the same time: one waits for the server while the other one imports the project."""


@dataclass(frozen=True, slots=True)
class End:
    """Where a run ended: why it failed, or the catalog and what the tables held."""

    failure: Failure | None
    snapshot: Snapshot | None = None
    contents: HeldRows = field(default_factory=dict)

    @classmethod
    def after(cls, step: Step, observer: Connection, version_table: str) -> Self:
        """Look at the database after a step."""
        if step.failure is not None:
            return cls(step.failure)
        leave_out = (version_table,)
        return cls(None, take_snapshot(observer, leave_out=leave_out), read_held_rows(observer, leave_out))


def run_step(conversation: Conversation, revision: Revision, direction: Direction, *watches: Watch) -> Step:
    """Run one step."""
    (step,) = conversation.steps([(revision.revision, direction)], apart=True, watches=watches)
    return step


def stop_each(road: Road, torn: Torn) -> tuple[StoppedStep, ...]:
    """Return what came of a step before which the road stands; nothing where it does not pass undisturbed either."""
    road.close()  # copies are made of what nobody is connected to
    with ThreadPoolExecutor(1 if speaks_of_server(road.site.project) else AT_ONCE) as executor:
        undisturbed = executor.submit(undisturbed_end, road, torn)
        stopped = executor.map(partial(_stopped, road, torn), torn.places)
        end, ends = undisturbed.result(), list(zip(torn.places, stopped, strict=True))
    if end.snapshot is None:
        return ()
    return (StoppedStep(torn.revision, torn.direction, end.snapshot, tuple(_stops(road, torn, end, ends))),)


def undisturbed_end(road: Road, torn: Torn, *, shifted: bool = False) -> End:
    """Return where the step ends by itself; `shifted`, with sequences that go on elsewhere."""
    with road.copy() as copy:
        if shifted:
            with copy.connect() as session:
                shift_sequences(session)
        return _run_in_new_process(road.site, copy, torn)


def _stops(road: Road, torn: Torn, undisturbed: End, stopped: Sequence[tuple[Place, End | None]]) -> Iterator[Stop]:
    ends = [(place, end) for place, end in stopped if end is not None]
    control = None
    if any(end.failure is None and other_rows(undisturbed.contents, end.contents) for _, end in ends):
        control = undisturbed_end(road, torn, shifted=True).contents
    for place, end in ends:
        snapshot = _told_as(road.site, undisturbed.snapshot, end.snapshot)
        yield Stop(place, end.failure, snapshot, other_rows(undisturbed.contents, end.contents, control))


def _stopped(road: Road, torn: Torn, place: Place) -> End | None:
    """Return where the second run ends after a stop; None where the step has not come to the place."""
    with road.copy() as copy:
        with (
            converse(road.site.project, copy) as conversation,
            copy.connect() as observer,
            Stopper(copy, observer, place, torn) as stopper,
        ):
            run_step(conversation, torn.revision, torn.direction, stopper)
        is_there = stopper.has_stopped and stopper.is_within == (place.park != "")
        return _run_in_new_process(road.site, copy, torn) if is_there else None


def _run_in_new_process(site: Site, database: Database, torn: Torn) -> End:
    with converse(site.project, database) as conversation:
        step = run_step(conversation, torn.revision, torn.direction)
        version_table = conversation.version_table
    with database.connect() as observer:
        return End.after(step, observer, version_table)


def _told_as(site: Site, expected: Snapshot | None, found: Snapshot | None) -> Snapshot | None:
    if expected is None or found is None or found == expected:
        return found
    return in_the_words_of(expected, found, lambda: empty_database(site.databases))
