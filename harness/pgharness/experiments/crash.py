"""Stops each step that is more than one transaction and runs it again, and lets upgrades meet; notes where that does not end as it should.

First in a quick way, and what looks suspicious then once more, one stop after the other: only that is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from psycopg import errors

from pgharness.experiments.experiment import FollowUp, Site
from pgharness.experiments.races import FEW, Meeting, race, race_along, rows_after
from pgharness.experiments.road import Road, new_road
from pgharness.experiments.stopped import End, stop_each, undisturbed_end
from pgharness.experiments.stops import ends_after_all_stops
from pgharness.findings import CannotRun
from pgharness.records.chain_record import ChainRecord
from pgharness.records.crash import CrashRecord
from pgharness.records.held_rows import HeldRows, other_rows
from pgharness.records.races import Race
from pgharness.records.steps import RevisionRecord
from pgharness.records.stops import StoppedStep, Torn, torn_steps

SEVERAL_RUNS = "env.py runs its migrations several times, for as many databases or schemas"
NO_BARRIER = "event triggers, which let upgrades meet, are for superusers alone"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A step that has not ended as it should: after its stops, or where two met in it."""

    torn: Torn
    stops: bool
    race: bool


@dataclass(frozen=True, slots=True)
class Met:
    """Two upgrades that met in one revision, and what the tables held afterwards."""

    race: Race
    contents: HeldRows


@dataclass(frozen=True, slots=True)
class Seen:
    """What the steps that are more than one transaction have come to."""

    steps: tuple[StoppedStep, ...] = ()
    races: tuple[Race, ...] = ()
    failed: str = ""


def try_crashes(site: Site, record: ChainRecord) -> CrashRecord:
    """Stop all torn steps, those of the newest revisions first where there are more places than the settings allow."""
    torn, left = _within_budget(_to_be_stopped(site, record), site.settings.crash_stops)
    untried = [(one.revision, f"more than {site.settings.crash_stops} places (setting crash_stops)") for one in left]
    races, unraced = _races(site, record)
    # Where the second of two has nothing to complain of, env.py lets only one run at a time, on each revision.
    seen = _torn_ends(site, record, torn, is_raced=any(one.failures or not one.ends_right for one in races))
    untried += [(one.revision, seen.failed) for one in torn if seen.failed]
    return CrashRecord(tuple(torn), seen.steps, tuple(untried), (*races, *seen.races), unraced, seen.failed)


def _races(site: Site, record: ChainRecord) -> tuple[tuple[Race, ...], str]:
    if record.deployment is not None and len(record.deployment.runs) > 1:
        return (), SEVERAL_RUNS
    try:
        return tuple(race_along(site, record)), ""
    except errors.InsufficientPrivilege:
        return (), NO_BARRIER


def _to_be_stopped(site: Site, record: ChainRecord) -> list[Torn]:
    before = record.chain.ancestors(site.settings.since) if site.settings.since else frozenset()
    return [
        torn
        for item in record.revisions
        if item.revision.revision not in before and item.alone_failure is None
        for torn in torn_steps(item)
    ]


def _within_budget(torn: list[Torn], budget: int) -> tuple[list[Torn], list[Torn]]:
    """Return those that are to be tried, and those that are left out."""
    kept: list[Torn] = []
    for one in reversed(torn):
        budget -= len(one.places)
        if budget < 0:
            break
        kept.insert(0, one)
    return kept, torn[: len(torn) - len(kept)]


def _torn_ends(site: Site, record: ChainRecord, torn: Sequence[Torn], *, is_raced: bool) -> Seen:
    """Try them on rows, and where the chain does not pass on rows again, without."""
    seen = Seen()
    for rows_per_table in (site.settings.rows_per_table, 0) if torn else ():
        try:
            with new_road(site, rows_per_table) as road:
                suspects = [
                    one for item in record.revisions for one in _suspects(road, record, item, torn, is_raced=is_raced)
                ]
            return _looked_into(site, record, suspects, rows_per_table)
        except CannotRun as reason:
            seen = Seen(failed=reason.seen)
    return seen


def _suspects(
    road: Road, record: ChainRecord, item: RevisionRecord, torn: Sequence[Torn], *, is_raced: bool
) -> Iterator[Suspect]:
    """Yield those steps of a revision that do not end as without stops, or not as alone."""
    steps = [one for one in torn if one.revision == item.revision]
    if not steps:
        return
    road.go_before(item.revision)
    with road.copy() as copy:
        ends = ends_after_all_stops(road.site, copy, steps)
    met = _met(road, record, item) if is_raced and any(map(_fills, steps)) else None
    alone = road.run(item.revision)
    for one, end in zip(steps, ends, strict=True):
        stops = not _is_right(item, one, end, alone)
        race = met is not None and _fills(one) and not (met.race.ends_right and not other_rows(alone, met.contents))
        if stops or race:
            yield Suspect(one, stops, race)


def _fills(torn: Torn) -> bool:
    """Whether two upgrades that meet in the step may do the same to rows; in one transaction Alembic lets only one of them pass."""
    return torn.writes_rows and torn.direction == "upgrade"


def _is_right(item: RevisionRecord, torn: Torn, end: End | None, alone: HeldRows) -> bool:
    undisturbed = item.upgrade if torn.direction == "upgrade" else item.downgrade
    if end is None or undisturbed is None or end.snapshot != undisturbed.snapshot:
        return False
    return not torn.writes_rows or (torn.direction == "upgrade" and not other_rows(alone, end.contents))


def _met(road: Road, record: ChainRecord, item: RevisionRecord) -> Met:
    assert item.upgrade.snapshot is not None
    with road.copy() as copy:
        met = race(Meeting(road.site, record, copy, FEW), [item.revision], item.upgrade.snapshot)
        return Met(met, rows_after(copy, record.version_table))


def _looked_into(site: Site, record: ChainRecord, suspects: Sequence[Suspect], rows_per_table: int) -> Seen:
    """Try suspicious steps by themselves."""
    steps: list[StoppedStep] = []
    races: list[Race] = []
    if suspects:
        with new_road(site, rows_per_table) as road:
            for one in suspects:
                road.go_to(one.torn.revision, one.torn.direction)
                steps += stop_each(road, one.torn) if one.stops else ()
                races += _raced_again(road, record, one.torn) if one.race else ()
    return Seen(tuple(steps), tuple(races))


def _raced_again(road: Road, record: ChainRecord, torn: Torn) -> Iterator[Race]:
    """Let two meet once more, and compare with one alone; what two that are alone do differently is no difference."""
    item = record.record_of(torn.revision.revision)
    alone, control = undisturbed_end(road, torn), undisturbed_end(road, torn, shifted=True)
    if item is not None and alone.snapshot is not None:
        met = _met(road, record, item)
        yield replace(met.race, rows=other_rows(alone.contents, met.contents, control.contents))


FOLLOW_UP = FollowUp("crash", try_crashes)
