"""Tries one revision on a stretch: up, down and up again, then once more on rows that its own schema may refuse."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pgharness.chain.by_hand import ByHand
from pgharness.chain.messages import DOWN, UP
from pgharness.chain.project import Project
from pgharness.records.revisions import Revision
from pgharness.records.steps import RevisionRecord
from pgharness.rows import Population
from pgharness.walk.arriving import Arriving
from pgharness.walk.open_checks import open_checks
from pgharness.walk.outcomes import may_go_back, with_earlier_failures
from pgharness.walk.position import Position
from pgharness.walk.stretch import Stretch
from pgharness.walk.trying_again import TryingAgain
from pgharness.walk.walked import Walked


@dataclass(frozen=True, slots=True)
class Trial:
    """How each revision of a walk is tried, behind those that it has `walked`."""

    project: Project
    walked: Walked
    arriving: Arriving
    trying_again: TryingAgain
    roundtrips: bool
    keeps_contents: bool

    def run(self, stretch: Stretch, revision: Revision, position: Position) -> RevisionRecord:
        """Run a revision up, down and up again."""
        stretch.has_met_refused_rows = False
        if position.refused is not None:
            return self._up_on_refused_rows(stretch, position.refused)
        failures = stretch.by_hand(self._files, revision, "before") if self._files is not None else ()
        if position.population is Population.VARIED and position.failed is None and position.literals_failure is None:
            stretch.rows.put_in_of_literals(revision)
        up = self._up(stretch, revision, position)
        record = replace(up, by_hand=failures, literals_failure=position.literals_failure)
        if position.failed is not None and position.is_deployed and self.arriving.is_deployed_by_itself(position):
            return replace(record, walk_failure=position.failed.upgrade.failure)
        if record.upgrade.failure is None and self.roundtrips and revision.has_downgrade:
            if position.newer is None and position.is_populated and revision.irreversible is None:
                record = replace(record, newer_rows=stretch.rows.put_in_newer(record.before, stretch.seen))
            record = self._there_and_back_once_more(stretch, self._there_and_back(stretch, record, position), position)
        return self._on_refused_rows(stretch, with_earlier_failures(record, position), position)

    def _on_refused_rows(self, stretch: Stretch, record: RevisionRecord, position: Position) -> RevisionRecord:
        """Run an upgrade that has passed once more, on rows of before that its own schema may refuse, such as two that are alike.

        These are known only now. What it makes of them is not judged, for it may clean them first.
        """
        if not may_go_back(record) or stretch.is_spent or not self.trying_again.may_refuse(record, position):
            return record
        stretch.is_given_up = True
        down = stretch.step(record.revision, DOWN, fill=Population.VARIED, known=record.downgrade)
        if down.failure is not None or down.snapshot != record.before:
            return record
        return self._up_on_refused_rows(stretch, record)

    def _up_on_refused_rows(self, stretch: Stretch, record: RevisionRecord) -> RevisionRecord:
        """Run an upgrade on a database that stands as it did before, with such rows."""
        after = record.upgrade.snapshot
        assert after is not None
        unvalidated = open_checks(self.walked.records, record.before, self.walked.version_table)
        stretch.has_met_refused_rows = True
        rows = stretch.rows.put_in_refused(record.before, after, unvalidated)
        up = stretch.step(record.revision, UP, fill=Population.VARIED, known=record.upgrade)
        stretch.is_given_up = up.failure is not None or up.snapshot != after
        if rows and up.failure is not None and up.failure.may_come_of_values:
            return replace(record, upgrade_rows_failure=up.failure, refused_rows=rows)
        stretch.set_back(record)
        return replace(record, passes_refused_rows=bool(rows) and up.failure is None)

    def _up(self, stretch: Stretch, revision: Revision, position: Position) -> RevisionRecord:
        """Run a revision up; one that failed by itself has come here with those before it."""
        failed = position.failed
        if failed is not None:
            arrived = stretch.look()
            if position.is_deployed:
                arrived = replace(failed.upgrade, failure=None, snapshot=stretch.seen)
            return replace(failed, upgrade=arrived, unfilled=stretch.unfilled)
        before = stretch.seen if self.walked.passed_over else self.walked.reached
        assert before is not None
        unfilled, step = stretch.unfilled, stretch.step(revision, UP, fill=position.population, files=self._files)
        behind = self._behind(revision)
        return RevisionRecord(revision, before, step, unfilled=unfilled, behind=behind, population=position.population)

    def _behind(self, revision: Revision) -> str | None:
        """Return the first revision that was passed over and that this one builds upon."""
        before = self.project.chain.ancestors(revision.revision) & self.walked.passed_over
        return next((item.revision for item in self.project.chain.revisions if item.revision in before), None)

    def _there_and_back_once_more(self, stretch: Stretch, record: RevisionRecord, position: Position) -> RevisionRecord:
        """Try a downgrade that has failed on rows of the new schema, and has left nothing, without them."""
        down = record.downgrade
        has_failed = record.newer_rows and down is not None and down.failure is not None
        if not has_failed or down is None or down.snapshot != record.upgrade.snapshot or stretch.is_spent:
            return record
        again = self._there_and_back(stretch, replace(record, newer_rows=(), downgrade=None), position)
        return with_earlier_failures(again, replace(position, newer=record))

    @property
    def _files(self) -> ByHand | None:
        """What people wrote by hand, where contents are wanted."""
        return ByHand(self.project.settings.data_folder) if self.keeps_contents else None

    def _there_and_back(self, stretch: Stretch, record: RevisionRecord, position: Position) -> RevisionRecord:
        downgrade = stretch.step(record.revision, DOWN, fill=position.population, files=self._files)
        record = replace(record, downgrade=downgrade)
        if downgrade.failure is not None or position.failed is not None:
            return record
        known = record.upgrade if downgrade.snapshot == record.before else None
        record = replace(record, reupgrade=stretch.step(record.revision, UP, fill=Population.VARIED, known=known))
        stretch.set_back(record)
        return record
