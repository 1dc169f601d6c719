"""Walks the chain once, revision by revision, up, down and up again, on tables that hold rows.

After each upgrade every table gets rows, so that the next revision meets a database as production would have it. Where an
experiment spoils the database (a downgrade that does not restore, a step that fails halfway), the walk goes on from
there on a new one: what a revision is charged with never comes from the revision before it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.incremental_reader import Reader
from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Database, Databases
from pgharness.findings import CannotRun
from pgharness.history.chain import open_scripts
from pgharness.history.crossing import Crossed, Crossing
from pgharness.history.environment import Environment, run_environment
from pgharness.history.steps import Direction, run_step
from pgharness.records.revisions import Chain, Revision
from pgharness.records.steps import Descent, Failure, RevisionRecord, Step
from pgharness.rows import fill_empty_tables
from pgharness.settings import HarnessSettings

Advance = Callable[[str], None]

_Result = TypeVar("_Result")

# pg_dump writes these two lines for psql; everything else in its plain format is SQL.
_FOR_PSQL = re.compile(rb"^\\(un)?restrict .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class WalkRecord:
    """What the walk saw; `revisions` ends at the first revision whose upgrade fails."""

    revisions: tuple[RevisionRecord, ...]
    base: Snapshot
    version_table: str
    descent: Descent | None


@dataclass(slots=True)
class Walk:
    """One walk over a chain; `at_heads` gets the environment and a second session at the heads."""

    config: Config
    scripts: ScriptDirectory
    chain: Chain
    databases: Databases
    settings: HarnessSettings
    roundtrips: bool
    at_heads: Callable[[Environment, psycopg.Connection], None]
    advance: Advance
    records: list[RevisionRecord] = field(default_factory=list)
    base: Snapshot | None = None
    version_table: str = "public.alembic_version"
    descent: Descent | None = None

    def run(self) -> WalkRecord:
        """Walk to the heads, or to the first revision that does not upgrade."""
        crossed = self._on_new_database(self._cross)
        if crossed is not None:
            for revision in self.chain.revisions:
                self.advance(revision.label)
            return WalkRecord(crossed.revisions, crossed.base, self.version_table, crossed.descent)
        position: _Position | None = _Position(0)
        while position is not None:
            start = position
            # What revisions remember within a process (that a type was made, say) ends with the database.
            _, self.scripts = open_scripts(self.settings.alembic)
            position = self._on_new_database(lambda stretch, start=start: stretch.go(start))  # type: ignore[misc]  # a default binds it
        assert self.base is not None
        return WalkRecord(tuple(self.records), self.base, self.version_table, self.descent)

    def _on_new_database(self, act: Callable[[_Stretch], _Result]) -> _Result:
        """Do something within env.py, on a new database."""
        outcome: list[_Result] = []
        with self.databases.experiment("walk") as database:

            def body(environment: Environment) -> None:
                self.version_table = environment.version_table
                with database.connect() as observer:
                    outcome.append(act(_Stretch(self, environment, observer)))

            if self.settings.baseline is not None:
                run_baseline(database, self.settings)
            run_environment(self.config, self.scripts, database, self.settings.environment, body)
        return outcome[0]

    def _cross(self, stretch: _Stretch) -> Crossed | None:
        crossing = Crossing(
            stretch.environment,
            self.scripts,
            self.chain.revisions,
            Reader(stretch.observer, leave_out=(self.version_table,)),
            populate=stretch.populate,
            roundtrips=self.roundtrips,
        )
        return crossing.run(lambda: self.at_heads(stretch.environment, stretch.observer))


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a stretch begins: the revision to try next, whether on rows, and why it failed on rows before."""

    index: int
    populated: bool = True
    rows_failures: tuple[tuple[Direction, Failure], ...] = ()


@dataclass(slots=True)
class _Stretch:
    """The part of a walk that one database serves."""

    walk: Walk
    environment: Environment
    observer: psycopg.Connection
    unfilled: tuple[tuple[str, str], ...] = ()

    def go(self, position: _Position) -> _Position | None:
        chain = self.walk.chain.revisions
        self._arrive(position)
        for index in range(position.index, len(chain)):
            retried = index == position.index and not position.populated
            record = self._try_revision(chain[index], index, populated=not retried)
            failures = _own_failures(record)
            if failures and not retried and self.walk.settings.rows_per_table:
                return _Position(index, populated=False, rows_failures=failures)
            if retried:
                record = _with_rows_failures(record, position.rows_failures)
            self.walk.records.append(record)
            self.walk.advance(chain[index].label)
            if record.upgrade.failure is not None:
                return None
            if _is_spoiled(record):
                return _Position(index + 1)
            self.populate()
        self.walk.at_heads(self.environment, self.observer)
        if self.walk.roundtrips:
            self.walk.descent = self._descend()
        return None

    def _arrive(self, position: _Position) -> None:
        """Bring a new database to where the last one was left."""
        if self.walk.base is None:
            self.walk.base = self.snapshot()
        for revision in self.walk.chain.revisions[: position.index]:
            step = run_step(self.environment, self.walk.scripts, revision, Direction.UP)
            assert step.failure is None, f"{revision.label} upgraded before and fails now: {step.failure}"
        if position.populated:
            self.populate()

    def _try_revision(self, revision: Revision, index: int, *, populated: bool) -> RevisionRecord:
        assert self.walk.base is not None
        before = self.walk.records[index - 1].upgrade.snapshot if index else self.walk.base
        assert before is not None
        upgrade = self._step(revision, Direction.UP)
        record = RevisionRecord(revision, before, upgrade, unfilled=self.unfilled)
        if upgrade.failure is not None or not self.walk.roundtrips or not revision.has_downgrade:
            return record
        if populated:
            self.populate()
        downgrade = self._step(revision, Direction.DOWN)
        if downgrade.failure is not None:
            return replace(record, downgrade=downgrade)
        return replace(record, downgrade=downgrade, reupgrade=self._step(revision, Direction.UP))

    def _step(self, revision: Revision, direction: Direction) -> Step:
        started = time.perf_counter()
        step = run_step(self.environment, self.walk.scripts, revision, direction)
        snapshot = self.snapshot()
        return replace(step, snapshot=snapshot, duration_s=time.perf_counter() - started)

    def _descend(self) -> Descent:
        for record in reversed(self.walk.records):
            if not record.revision.has_downgrade:
                return Descent(None, record.revision.revision)
            step = run_step(self.environment, self.walk.scripts, record.revision, Direction.DOWN)
            if step.failure is not None:
                return Descent(None, record.revision.revision, step.failure)
        return Descent(self.snapshot())

    def snapshot(self) -> Snapshot:
        """Read the catalog without Alembic's own table."""
        return take_snapshot(self.observer, leave_out=(self.walk.version_table,))

    def populate(self) -> tuple[tuple[str, str], ...]:
        """Fill the tables that are empty, and give those for which that is not possible, each with the reason."""
        rows = self.walk.settings.rows_per_table
        if rows:
            filling = fill_empty_tables(self.observer, rows_per_table=rows, leave_out=(self.walk.version_table,))
            self.unfilled = filling.unfilled
        return self.unfilled


def run_baseline(database: Database, settings: HarnessSettings) -> None:
    """Run the SQL that a chain starts from. Raises CannotRun."""
    assert settings.baseline is not None
    try:
        with database.connect() as connection:
            connection.execute(_FOR_PSQL.sub(b"", settings.baseline.read_bytes()))
    except psycopg.Error as error:
        raise CannotRun(
            f"The baseline {settings.baseline} does not run on an empty database.",
            seen=" ".join(str(error).split()),
            mend="let it be plain SQL, as pg_dump --schema-only --no-owner writes it",
        ) from error


def _own_failures(record: RevisionRecord) -> tuple[tuple[Direction, Failure], ...]:
    """Give the failures that are not the author's own refusal to go down."""
    steps = ((Direction.UP, record.upgrade), (Direction.DOWN, record.downgrade), (Direction.UP, record.reupgrade))
    return tuple(
        (direction, step.failure)
        for direction, step in steps
        if step is not None and step.failure is not None and not step.failure.refused
    )


def _with_rows_failures(record: RevisionRecord, failures: tuple[tuple[Direction, Failure], ...]) -> RevisionRecord:
    """Add why a revision failed on rows, where it does not fail without them."""
    still_failing = {direction for direction, _ in _own_failures(record)}
    gone = {direction: failure for direction, failure in failures if direction not in still_failing}
    return replace(
        record,
        upgrade_rows_failure=gone.get(Direction.UP),
        downgrade_rows_failure=gone.get(Direction.DOWN),
    )


def _is_spoiled(record: RevisionRecord) -> bool:
    """Say whether the database is no longer what a clean upgrade to this revision gives."""
    if record.reupgrade is not None and record.reupgrade.failure is not None:
        return True
    last = record.reupgrade or record.downgrade
    return last is not None and last.snapshot != record.upgrade.snapshot
