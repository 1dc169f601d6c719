"""One database that is brought along the chain, with rows, and of which copies can be had at each revision."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pgharness.chain.baseline import run_baseline
from pgharness.chain.conversation import Conversation, converse
from pgharness.chain.messages import UP, Direction
from pgharness.chain.next_texts import coming
from pgharness.databases import Database
from pgharness.experiments.experiment import Site
from pgharness.experiments.held_rows import read_held_rows
from pgharness.findings import CannotRun
from pgharness.records.held_rows import HeldRows
from pgharness.records.revisions import Revision
from pgharness.rows import fill_empty_tables
from pgharness.servers import Connection


@dataclass(slots=True)
class Road:
    """A road that begins at the base; tables without rows get `rows_per_table` wherever it stops."""

    site: Site
    database: Database
    rows_per_table: int
    _arrived: int = 0
    _widths: Mapping[int, int] = field(default_factory=dict)
    _sessions: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _open: tuple[Conversation, Connection] | None = None

    def go_before(self, revision: Revision) -> None:
        """Run all revisions before this one. Raises CannotRun where one of them fails."""
        revisions = self.site.project.chain.revisions
        self._run(revisions[self._arrived : revisions.index(revision)])
        self._fill()

    def go_to(self, revision: Revision, direction: Direction) -> None:
        """Run all that stands where this revision is run up, or down. Raises CannotRun."""
        self.go_before(revision)
        if direction == "downgrade" and self._arrived == self.site.project.chain.revisions.index(revision):
            self._run([revision])
            self._fill()

    def run(self, revision: Revision) -> HeldRows:
        """Run the next revision, and return what the tables hold right after it. Raises CannotRun."""
        self._run([revision])
        conversation, observer = self._opened()
        return read_held_rows(observer, (conversation.version_table,))

    def _run(self, revisions: Sequence[Revision]) -> None:
        conversation, _ = self._opened()
        steps = conversation.steps([(item.revision, UP) for item in revisions], apart=False)
        for step, item in zip(steps, revisions, strict=False):  # a failure ends the steps
            if step.failure is not None:
                raise CannotRun(
                    f"Revision {item.label} passes once, and not again.",
                    seen=step.failure.message,
                    mend=f"correct {item.path}",
                )
            self._arrived += 1

    @contextlib.contextmanager
    def copy(self) -> Iterator[Database]:
        """Yield a copy of the database as it stands; what is made outside of it meanwhile goes with it."""
        self.close()
        databases = self.site.databases
        with databases.outside_undone():
            copy = databases.clone(self.database)
            try:
                yield copy
            finally:
                databases.drop(copy)

    def close(self) -> None:
        """End the sessions on the database; the next revision begins new ones."""
        self._sessions.close()
        self._open = None

    def _opened(self) -> tuple[Conversation, Connection]:
        if self._open is None:
            conversation = self._sessions.enter_context(converse(self.site.project, self.database))
            self._open = conversation, self._sessions.enter_context(self.database.connect())
        return self._open

    def _fill(self) -> None:
        conversation, observer = self._opened()
        if self.rows_per_table:
            filling = fill_empty_tables(
                observer,
                rows_per_table=self.rows_per_table,
                leave_out=(conversation.version_table,),
                widths=self._widths,
                words=self.site.words,
                coming=coming(self.site.project.chain.revisions, self._arrived),
            )
            self._widths = filling.widths


@contextlib.contextmanager
def new_road(site: Site, rows_per_table: int) -> Iterator[Road]:
    """Yield a road at the chain's base."""
    with site.databases.experiment("road") as database:
        run_baseline(database, site.settings)
        with contextlib.closing(Road(site, database, rows_per_table)) as road:
            yield road
