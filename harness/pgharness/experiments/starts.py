"""Chooses from which revisions an upgrade straight to the heads is tried, within a budget of revisions that are run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgharness.settings import Settings


@dataclass(frozen=True, slots=True)
class Starts:
    """The revisions to start from, in the chain's order, and in words what the budget has left out."""

    chosen: tuple[str, ...] = ()
    left_out: str = ""


def choose_starts(names: Sequence[str], settings: Settings) -> Starts:
    """Return, of the revisions that are run in order, every one but the last where the budget allows, else those whose way is 1, 2, 4, 8, … long, and all since `since`.

    From the base every deployment starts anyway.
    """
    ways = range(1, len(names))
    if sum(ways) <= settings.modes_budget:
        return Starts((*names[:-1],))
    since = names.index(settings.since) if settings.since in names else len(names)
    chosen = _within(settings.modes_budget, len(names)) | set(range(1, len(names) - since))
    return Starts(
        tuple(names[-1 - way] for way in sorted(chosen, reverse=True)),
        f"an upgrade straight to the heads was tried from {len(chosen)} of {len(ways)} revisions; modes_budget = {sum(ways)} tries all",
    )


def _within(budget: int, length: int) -> set[int]:
    """Return the ways that are powers of two, shortest first, as long as all together stay within the budget."""
    chosen: set[int] = set()
    way = 1
    while way < length and sum(chosen) + way <= budget:
        chosen.add(way)
        way *= 2
    return chosen
