"""What came of stopping steps and running them again, and of upgrades that were made to meet."""

from __future__ import annotations

from dataclasses import dataclass

from pgharness.records.races import Race
from pgharness.records.revisions import Revision
from pgharness.records.stops import StoppedStep, Torn


@dataclass(frozen=True, slots=True)
class CrashRecord:
    """All torn steps that were stopped, what came of those that did not end as without stops, and of upgrades that were made to meet.

    A step that is one transaction needs no stop, for PostgreSQL undoes it whole. `untried` are the revisions that were left out, each
    with the reason; `failed` says why none could be stopped, and `unraced` why no upgrades were made to meet, if so.
    """

    torn: tuple[Torn, ...]
    steps: tuple[StoppedStep, ...]
    untried: tuple[tuple[Revision, str], ...] = ()
    races: tuple[Race, ...] = ()
    unraced: str = ""
    failed: str = ""
