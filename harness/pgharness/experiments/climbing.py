"""Climbs a chain with each revision in a process of its own, and keeps copies of the database, with rows, on the way."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.snapshot import take_snapshot
from pgharness.chain.baseline import run_baseline
from pgharness.chain.conversation import converse
from pgharness.chain.messages import UP
from pgharness.chain.next_texts import coming
from pgharness.chain.sessions import SETTINGS, SessionWatch
from pgharness.databases import Database
from pgharness.experiments.experiment import Site
from pgharness.findings import CannotRun
from pgharness.records.modes import LeftSetting, ModeRun
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure
from pgharness.rows import fill_empty_tables

# What a process costs, in revisions that are run: it imports env.py's modules, reads the chain and connects.
PROCESS_COST = 8


@dataclass(frozen=True, slots=True)
class Climbed:
    """Where a climb ended, what revisions left in their sessions, and the copies by revision.

    `catalogs` are those after each revision, where the climb ends in another one than the heads.
    """

    run: ModeRun
    version_table: str = ""
    left: tuple[LeftSetting, ...] = ()
    copies: dict[str, Database] = field(default_factory=dict)
    catalogs: dict[str, Snapshot] = field(default_factory=dict)


class Climb:
    """Climbs on a database that is given, and keeps a copy at each revision in `kept`; a context manager that drops the copies.

    The first revisions that the baseline has, `given`, are not run. Beyond the budget the oldest others share one process, so that the time
    stays within bounds.
    """

    def __init__(self, site: Site, kept: Collection[str], given: int = 0) -> None:
        self._site = site
        self._given = given
        self._kept = frozenset(kept)
        self._copies: dict[str, Database] = {}

    def __enter__(self) -> Self:
        """Begin without a copy."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Drop the copies that nobody has dropped."""
        for copy in self._copies.values():
            if copy in self._site.databases:
                self._site.databases.drop(copy)

    def run(self, database: Database) -> Climbed:
        """Climb on an empty database with rows, and on another one without where that fails: rows are another check's business.

        Where it ends otherwise than the heads, it is done once more to see at which revision it parts.
        """
        climbed = self._climb(database, has_rows=bool(self._site.settings.rows_per_table))
        if climbed.run.failure is not None and climbed.run.has_rows:
            climbed = self._again(has_rows=False)
        if climbed.run.snapshot is None or climbed.run.snapshot == self._site.head:
            return climbed
        seen = self._again(has_rows=climbed.run.has_rows, reads=True)
        return replace(climbed, catalogs=seen.catalogs)

    def _again(self, *, has_rows: bool, reads: bool = False) -> Climbed:
        with self._site.databases.experiment("apart_again") as database:
            return self._climb(database, has_rows=has_rows, reads=reads)

    def _climb(self, database: Database, *, has_rows: bool, reads: bool = False) -> Climbed:
        run_baseline(database, self._site.settings)
        going = _Going(self._site, database)
        for revisions in self._processes():
            try:
                failed = going.go(revisions)
            except CannotRun as reason:
                failed = revisions[0].revision, Failure("CannotRun", f"{reason.what} {reason.seen}")
            if failed is not None:
                run = ModeRun(None, *failed, has_rows=has_rows)
                return Climbed(run, going.version_table, tuple(going.left), self._copies)
            last = revisions[-1].revision
            if reads:
                going.catalogs[last] = self._site.in_words_of_head(going.catalog())
            elif last in self._kept:
                going.fill(self._site.project.chain.revisions.index(revisions[-1]) + 1, has_rows=has_rows)
                self._copies[last] = self._site.databases.copy(database)
        snapshot = self._site.in_words_of_head(going.catalog())
        run = ModeRun(snapshot, has_rows=has_rows)
        return Climbed(run, going.version_table, tuple(going.left), self._copies, going.catalogs)

    def _processes(self) -> Iterator[list[Revision]]:
        """Yield the revisions that run in one process, one after the other: the oldest ones of a long chain up to the next copy."""
        revisions = self._site.project.chain.revisions[self._given :]
        together: list[Revision] = []
        for place, revision in enumerate(revisions):
            together.append(revision)
            is_old = len(revisions) - place > alone_within(self._site.settings.modes_budget)
            if not is_old or revision.revision in self._kept:
                yield together
                together = []


def alone_within(budget: int) -> int:
    """Return how many revisions, the newest ones, have a process of their own."""
    return max(1, budget // PROCESS_COST)


def left_in_company(count: int, budget: int) -> str:
    """Say in words which of so many revisions have shared a process; empty where none had to."""
    alone = alone_within(budget)
    if count <= alone:
        return ""
    return f"the newest {alone} of {count} revisions were run each in a process of its own; modes_budget = {count * PROCESS_COST} runs all so"


class _Going:
    """One climb while it goes on; between two processes nobody is connected."""

    def __init__(self, site: Site, database: Database) -> None:
        self._site = site
        self._database = database
        self._widths: dict[int, int] = {}
        self.version_table = ""
        self.left: list[LeftSetting] = []
        self.catalogs: dict[str, Snapshot] = {}

    def go(self, revisions: list[Revision]) -> tuple[str, Failure] | None:
        """Run revisions in one process; give the one that fails, and why."""
        with converse(self._site.project, self._database) as conversation:
            self.version_table = conversation.version_table
            watch = SessionWatch(conversation.ask(SETTINGS))
            steps = conversation.steps([(one.revision, UP) for one in revisions], apart=True, watches=(watch,))
            for step, revision in zip(steps, revisions, strict=False):  # a failure ends the steps
                if step.failure is not None:
                    return revision.revision, step.failure
                self.left += watch.left_by(revision.revision, revision.path, step)
        return None

    def fill(self, reached: int, *, has_rows: bool) -> None:
        """Fill the tables that are empty, and columns that are new, where rows are wanted, behind so many revisions."""
        if not has_rows:
            return
        with self._database.connect() as observer:
            filling = fill_empty_tables(
                observer,
                rows_per_table=self._site.settings.rows_per_table,
                leave_out=(self.version_table,),
                widths=self._widths,
                words=self._site.settings.words,
                coming=coming(self._site.project.chain.revisions, reached),
            )
        self._widths.update(filling.widths)

    def catalog(self) -> Snapshot:
        """Read the catalog."""
        with self._database.connect() as observer:
            return take_snapshot(observer, leave_out=(self.version_table,))
