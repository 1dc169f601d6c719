"""Gives a database at any revision, with rows or without, as a clone of a sealed template that is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from pgharness.chain.conversation import converse, with_imports_ahead
from pgharness.chain.next_texts import coming
from pgharness.chain.project import Project
from pgharness.chain.upgrade import upgrade_to
from pgharness.databases import Database, Databases
from pgharness.findings import ChainFails
from pgharness.rows import Population, Words, fill_empty_tables


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Databases along one chain; all experiments, and all processes of one test session, share the templates."""

    project: Project
    databases: Databases
    learned: Words = field(default_factory=dict)
    """What columns of texts are to hold, as far as that was learned; what the settings say comes first."""

    @property
    def words(self) -> Words:
        """What columns of texts are to hold."""
        return {**self.learned, **self.project.settings.words}

    def at(self, revision: str | None = None) -> Database:
        """Return a database of the caller's own at a revision (None: at the heads). Raises CannotRun where the chain fails."""
        chain = self.project.chain
        every = frozenset(item.revision for item in chain.revisions)
        return self.with_applied(chain.ancestors(revision) if revision is not None else every)

    def with_applied(self, applied: frozenset[str], *, rows: bool = True) -> Database:
        """Return a database of the caller's own to which these revisions are applied; without `rows` all tables are empty.

        Raises CannotRun where the chain fails.
        """
        return self.databases.clone(self.template(applied, rows=rows))

    def filled(self, applied: frozenset[str]) -> Database:
        """Return one with rows from revision to revision, or where one fails on them, with rows that came after the last.

        Raises CannotRun where the chain fails without rows too.
        """
        try:
            return self.with_applied(applied)
        except ChainFails:
            return self.filled_at_last(applied, Population.VARIED)

    def filled_at_last(self, applied: frozenset[str], population: Population) -> Database:
        """Return one with rows that came after the last revision. Raises CannotRun where the chain fails without rows."""
        database = self.with_applied(applied, rows=False)
        with converse(self.project, database) as conversation:
            table = conversation.version_table
        with database.connect() as observer:
            count = self.project.settings.rows_per_table
            order = self.project.chain.revisions
            reached = max((place for place, item in enumerate(order, start=1) if item.revision in applied), default=0)
            fill_empty_tables(
                observer,
                rows_per_table=count,
                leave_out=(table,),
                words=self.words,
                population=population,
                coming=coming(order, reached),
            )
        return database

    def template(self, applied: frozenset[str], *, rows: bool) -> Database:
        """Return the sealed template, made if no process did so yet. Raises CannotRun."""
        count = self.project.settings.rows_per_table if rows else 0
        key = f"checkpoint {sorted(applied)} {count} {sorted(self.words.items())} {self.project.fingerprint()}"
        make = partial(self.databases.template, key, lambda database: self._build(database, applied, count))
        return with_imports_ahead(self.project, make)

    def _build(self, database: Database, applied: frozenset[str], rows: int) -> None:
        """Upgrade with rows in the tables at every step, as production would, where rows are wanted."""
        with database.connect() as observer:
            widths: dict[int, int] = {}
            order = self.project.chain.revisions
            left = [item for item in order if item.revision in applied]

            def fill(version_table: str) -> None:
                reached = order.index(left.pop(0)) + 1
                if rows:
                    filling = fill_empty_tables(
                        observer,
                        rows_per_table=rows,
                        leave_out=(version_table,),
                        widths=widths,
                        words=self.words,
                        coming=coming(order, reached),
                    )
                    widths.update(filling.widths)

            upgrade_to(self.project, database, applied, after_step=fill)


@contextmanager
def database_at_heads(project: Project, databases: Databases, words: Words) -> Iterator[Database]:
    """Bring another database to the heads, where the project's own way does not lead there, or to more than one place.

    Where a revision fails on empty tables, it has rows as the walk had them. Raises CannotRun.
    """
    with databases.experiment("heads") as database:
        try:
            upgrade_to(project, database)
        except ChainFails:
            filled = Checkpoints(project, databases, words).at()
        else:
            yield database
            return
    try:
        yield filled
    finally:
        databases.drop(filled)
