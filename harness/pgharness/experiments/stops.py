"""Stops each step that is more than one transaction behind each of its commits, runs it again, and notes where that ends.

First all stops of a revision one after the other, on one copy of a database that stands right before it and in one process: where that
ends as a run that nobody stops, all of them did no harm. Where it does not, each stop by itself, on a copy and in processes of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgharness.chain.conversation import converse
from pgharness.chain.messages import UP
from pgharness.databases import Database
from pgharness.experiments.experiment import FollowUp, Site
from pgharness.experiments.road import Road, new_road
from pgharness.experiments.stopped import End, run_step, stop_each
from pgharness.experiments.stopping import Stopper
from pgharness.findings import CannotRun
from pgharness.records.chain_record import ChainRecord
from pgharness.records.row_sets import other_rows
from pgharness.records.steps import RevisionRecord
from pgharness.records.stops import StopsRecord, Torn, torn_steps


def try_stops(site: Site, record: ChainRecord) -> StopsRecord:
    """Stop all torn steps, those of the newest revisions first where there are more places than the settings allow."""
    torn, left = _within_budget(_to_be_stopped(site, record), site.settings.crash_stops)
    untried = [(one.revision, f"more than {site.settings.crash_stops} places (setting crash_stops)") for one in left]
    failed = ""
    for rows_per_table in (site.settings.rows_per_table, 0) if torn else ():
        try:
            with new_road(site, rows_per_table) as road:
                suspects = [one for item in record.revisions for one in _suspects(road, item, torn)]
            if not suspects:
                return StopsRecord(tuple(torn), (), tuple(untried))
            with new_road(site, rows_per_table) as road:
                return StopsRecord(tuple(torn), tuple(stop_each(road, suspects)), tuple(untried))
        except CannotRun as reason:
            failed = reason.seen
    return StopsRecord(tuple(torn), (), (*untried, *((one.revision, failed) for one in torn)))


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


def _suspects(road: Road, item: RevisionRecord, torn: list[Torn]) -> Iterator[Torn]:
    """Yield those steps of a revision that do not end, or not as without them, after all their stops."""
    steps = [one for one in torn if one.revision == item.revision]
    if not steps:
        return
    road.go_before(item.revision)
    with road.copy() as copy:
        ends = _ends_after_all_stops(road.site, copy, steps)
    contents = road.run(item.revision, reads=True)
    for one, end in zip(steps, ends, strict=True):
        undisturbed = item.upgrade if one.direction == "upgrade" else item.downgrade
        is_right = end is not None and undisturbed is not None and end.snapshot == undisturbed.snapshot
        if one.writes_rows and end is not None:
            is_right = is_right and one.direction == "upgrade" and not other_rows(contents, end.contents)
        if not is_right:
            yield one


def _ends_after_all_stops(site: Site, copy: Database, steps: Sequence[Torn]) -> list[End | None]:
    """Return where each of a revision's steps ends that is stopped at one place after the other; None where nothing is sure."""
    ends: list[End | None] = []
    try:
        with converse(site.project, copy) as conversation:
            if steps[0].direction == "downgrade":
                run_step(conversation, steps[0].revision, UP)
            for torn in steps:
                stopped = []
                for place in torn.places:
                    with Stopper(copy, place, torn) as stopper:
                        run_step(conversation, torn.revision, torn.direction, stopper)
                    stopped.append(stopper.has_stopped)
                end = End.after(run_step(conversation, torn.revision, torn.direction), copy, conversation.version_table)
                ends.append(end if all(stopped) else None)
    except CannotRun:
        pass
    return [*ends, *[None] * (len(steps) - len(ends))]


FOLLOW_UP = FollowUp("stops", try_stops)
