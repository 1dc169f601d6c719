"""Stops each step of a revision at one place after the other, on one database and in one process.

Where that ends as a run that nobody stops, all stops did no harm; this costs a tenth of stopping at each place by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from pgharness.chain.conversation import converse
from pgharness.chain.messages import UP
from pgharness.databases import Database
from pgharness.experiments.experiment import Site
from pgharness.experiments.stopped import End, run_step
from pgharness.experiments.stopping import Stopper
from pgharness.findings import CannotRun
from pgharness.records.stops import Torn


def ends_after_all_stops(site: Site, copy: Database, steps: Sequence[Torn]) -> list[End | None]:
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
