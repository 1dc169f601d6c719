"""Walks the chain once: each revision up, down and up again on the rows that stand there, then down from the heads to the base.

After each step every empty table gets rows, so that the next one meets a database as production would have it. Where a revision
spoils the database (a downgrade that does not restore, a step that fails halfway), the walk goes on from there on a new one:
what a revision is charged with never comes from another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pgharness.catalog.facts import Snapshot
from pgharness.chain.baseline import run_baseline
from pgharness.chain.conversation import converse
from pgharness.chain.messages import DOWN, UP
from pgharness.chain.project import Project
from pgharness.databases import Databases
from pgharness.records.revisions import Revision
from pgharness.records.steps import Descent, Failure, RevisionRecord
from pgharness.walk.stretch import Position, Stretch

Advance = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class WalkRecord:
    """What the walk saw; `revisions` ends at the first revision whose upgrade fails."""

    revisions: tuple[RevisionRecord, ...]
    base: Snapshot
    version_table: str
    descent: Descent | None


@dataclass(slots=True)
class Walk:
    """One walk over a chain; `advance` is called with the name of each revision, on the way up and on the way down."""

    project: Project
    databases: Databases
    roundtrips: bool
    advance: Advance
    records: list[RevisionRecord] = field(default_factory=list)
    base: Snapshot | None = None
    version_table: str = ""
    descent: Descent | None = None
    reads_all: bool = False

    def run(self) -> WalkRecord:
        """Walk to the heads, or to the first revision that does not upgrade."""
        try:
            return self._walk()
        except _Missed:
            self.records.clear()
            self.base, self.descent, self.reads_all = None, None, True
            return self._walk()

    def _walk(self) -> WalkRecord:
        position: Position | None = Position(0)
        while position is not None:
            position = self._on_new_database(position)
        assert self.base is not None
        return WalkRecord(tuple(self.records), self.base, self.version_table, self.descent)

    def _on_new_database(self, position: Position) -> Position | None:
        """Go on as far as one database serves; give where the next one has to begin, or None at the end."""
        with self.databases.experiment("walk") as database:
            run_baseline(database, self.project.settings)
            with database.connect() as observer, converse(self.project, database) as conversation:
                self.version_table = conversation.version_table
                stretch = Stretch(
                    conversation, observer, self.project.settings.rows_per_table, reads_all=self.reads_all
                )
                if self.base is None:
                    self.base = stretch.base
                following = self._go(stretch, position)
                if not stretch.catalog.has_missed_nothing():
                    raise _Missed
                return following

    def _go(self, stretch: Stretch, position: Position) -> Position | None:
        revisions = self.project.chain.revisions
        if not stretch.arrive(revisions[: position.index + bool(position.failed)], position):
            return self._not_arrived(position)
        for index in range(position.index, len(revisions)):
            here = position if index == position.index else Position(index)
            record = self._try(stretch, revisions[index], here)
            if (again := self._to_be_tried_again(record, here)) is not None:
                return again
            self.records.append(record)
            self.advance(revisions[index].label)
            if record.upgrade.failure is not None:
                return None
            if _is_spoiled(record):
                return Position(index + 1, together=self._needs_company())
        if self.roundtrips:
            self.descent = self._descend(stretch)
        return None

    def _not_arrived(self, position: Position) -> Position | None:
        """Return how to go on where what passed before does not pass again; a revision that fails every way ends the walk."""
        if position.failed is not None:
            self.records.append(_with_earlier_failures(position.failed, position))
            return None
        return None if position.together else replace(position, together=True)

    def _try(self, stretch: Stretch, revision: Revision, position: Position) -> RevisionRecord:
        """Run a revision up, down and up again."""
        assert self.base is not None
        before = self.records[-1].upgrade.snapshot if self.records else self.base
        assert before is not None
        record = RevisionRecord(revision, before, stretch.arrived, unfilled=stretch.unfilled)
        if position.failed is None:
            record = replace(record, upgrade=stretch.step(revision, UP, fill=position.populated))
        if record.upgrade.failure is None and self.roundtrips and revision.has_downgrade:
            record = self._there_and_back(stretch, record, position)
        return _with_earlier_failures(record, position)

    @staticmethod
    def _there_and_back(stretch: Stretch, record: RevisionRecord, position: Position) -> RevisionRecord:
        downgrade = stretch.step(record.revision, DOWN, fill=position.populated)
        record = replace(record, downgrade=downgrade)
        if downgrade.failure is not None or position.failed is not None:
            return record
        known = record.upgrade if downgrade.snapshot == record.before else None
        return replace(record, reupgrade=stretch.step(record.revision, UP, fill=True, known=known))

    def _to_be_tried_again(self, record: RevisionRecord, position: Position) -> Position | None:
        """Return how a revision that failed is tried once more: without rows, then in one go with those before it."""
        failures = _own_failures(record)
        if not failures or position.failed is not None:
            return None
        if position.populated and self.project.settings.rows_per_table:
            return replace(position, populated=False, rows_failures=failures)
        return replace(position, failed=record, together=True) if record.upgrade.failure is not None else None

    def _needs_company(self) -> bool:
        return any(record.alone_failure is not None for record in self.records)

    def _descend(self, stretch: Stretch) -> Descent:
        """Go down from the heads to the base in one go, as `alembic downgrade base` does."""
        wanted = []
        for record in reversed(self.records):
            if not record.revision.has_downgrade:
                break
            wanted.append(record.revision)
        for revision, step in stretch.steps(wanted, DOWN):
            self.advance(revision.label)
            if step.failure is not None:
                return Descent(None, revision.revision, step.failure)
        if len(wanted) < len(self.records):
            return Descent(None, self.records[-len(wanted) - 1].revision.revision)
        return Descent(stretch.catalog.read())


def _own_failures(record: RevisionRecord) -> tuple[tuple[str, Failure], ...]:
    """Return the failures that are not the author's own refusal to go down."""
    steps = (("upgrade", record.upgrade), ("downgrade", record.downgrade), ("reupgrade", record.reupgrade))
    return tuple(
        (name, step.failure)
        for name, step in steps
        if step is not None and step.failure is not None and not (step.failure.refused and name == "downgrade")
    )


def _with_earlier_failures(record: RevisionRecord, position: Position) -> RevisionRecord:
    """Add why a revision failed on rows, or alone, where it does not fail without them, or in company."""
    still_failing = {name for name, _ in _own_failures(record)}
    if position.failed is not None:
        return record if "upgrade" in still_failing else replace(record, alone_failure=position.failed.upgrade.failure)
    gone = {name: failure for name, failure in position.rows_failures if name not in still_failing}
    return replace(
        record,
        upgrade_rows_failure=gone.get("upgrade"),
        downgrade_rows_failure=gone.get("downgrade"),
        reupgrade_rows_failure=gone.get("reupgrade"),
    )


def _is_spoiled(record: RevisionRecord) -> bool:
    """Whether the database is no longer what a clean upgrade to this revision gives."""
    if record.alone_failure is not None or (record.reupgrade is not None and record.reupgrade.failure is not None):
        return True
    last = record.reupgrade or record.downgrade
    return last is not None and last.snapshot != record.upgrade.snapshot


class _Missed(Exception):  # noqa: N818 - no error of the code
    """A revision changed the privileges of what came with the server, which was not read each time: walk again, reading all."""
