"""Gives a database at any revision, with rows, as a clone of a sealed template that is made when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass

from pgharness.chain.project import Project
from pgharness.chain.upgrade import upgrade_to
from pgharness.databases import Database, Databases
from pgharness.rows import fill_empty_tables


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Databases along one chain; all experiments, and all processes of one test session, share the templates."""

    project: Project
    databases: Databases

    def at(self, revision: str | None = None) -> Database:
        """Give a database of the caller's own at a revision (None: at the heads). Raises CannotRun where the chain fails."""
        key = f"checkpoint {revision} {self.project.settings.rows_per_table} {self.project.fingerprint()}"
        return self.databases.clone(self.databases.template(key, lambda database: self._build(database, revision)))

    def _build(self, database: Database, revision: str | None) -> None:
        """Upgrade with rows in the tables at every step, as production would."""
        rows = self.project.settings.rows_per_table
        with database.connect() as observer:

            def fill(version_table: str) -> None:
                if rows:
                    fill_empty_tables(observer, rows_per_table=rows, leave_out=(version_table,))

            upgrade_to(self.project, database, revision, after_step=fill)
