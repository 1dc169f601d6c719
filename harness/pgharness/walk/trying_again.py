"""Decides how a revision is tried once more, on a new database: on plainer rows, without rows, with those before it, or on rows that it may refuse."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pgharness.records.steps import Failure, RevisionRecord
from pgharness.rows import Population
from pgharness.walk.lessons import Lessons
from pgharness.walk.newer_rows import adds_refusals
from pgharness.walk.outcomes import can_only_fail, own_failures, traces_of_passed, undoes_nothing, waits_for_itself
from pgharness.walk.position import Position
from pgharness.walk.stretch import Stretch


@dataclass(slots=True)
class TryingAgain:
    """What one walk tries once more; where it `fills` no tables, nothing is tried on other rows."""

    lessons: Lessons
    fills: bool

    def once_more(self, stretch: Stretch, record: RevisionRecord, position: Position) -> Position | None:
        """Return how a revision is tried once more, on a new database."""
        if position.refused is not None:
            return None
        if (failure := _of_literals(stretch, record, position)) is not None:
            return replace(position, literals_failure=failure)
        tried = self._of_failed(stretch, record, position)
        return tried or self._to_meet_refused_rows(stretch, record, position)

    def _of_failed(self, stretch: Stretch, record: RevisionRecord, position: Position) -> Position | None:
        """Return how a revision that failed is tried once more: on plain rows, then without rows, then in one go with those before it.

        One that has passed without rows shows what texts were to be like, and is tried with such ones.
        """
        failures = own_failures(record)
        is_refused = record.downgrade is not None and record.downgrade.failure is not None
        if record.newer_rows and is_refused and position.newer is None:
            return replace(position, newer=record)
        if not failures and self.lessons.learn(stretch, position.suspects):
            return replace(
                position,
                population=Population.VARIED,
                rows_failures=(),
                suspects=(),
                traces=(),
                learned=position.suspects,
            )
        if not failures or position.failed is not None or can_only_fail(record) or undoes_nothing(record):
            return None
        if position.is_populated and self.fills:
            found = tuple(
                one for _, failure in failures for one in stretch.suspects(failure) if one not in position.learned
            )
            is_first = position.population is Population.VARIED
            may_pass = is_first and not found and all(failure.may_come_of_values for _, failure in failures)
            population = Population.PLAIN if may_pass else Population.NONE
            failed = tuple({**dict(failures), **dict(position.rows_failures)}.items())
            traces = tuple({**dict(traces_of_passed(record)), **dict(position.traces)}.items())
            return replace(position, population=population, rows_failures=failed, suspects=found, traces=traces)
        if record.upgrade.failure is None or record.behind is not None or waits_for_itself(record):
            return None
        return replace(position, failed=record, together=True)

    def _to_meet_refused_rows(self, stretch: Stretch, record: RevisionRecord, position: Position) -> Position | None:
        """Return how an upgrade meets rows that it may refuse, where no downgrade has led back to them."""
        if stretch.has_met_refused_rows:
            return None
        is_left = not own_failures(record) or undoes_nothing(record)
        return replace(position, refused=record) if is_left and self.may_refuse(record, position) else None

    def may_refuse(self, record: RevisionRecord, position: Position) -> bool:
        """Whether an upgrade has passed on varied rows, and its schema may refuse others of before."""
        after = record.upgrade.snapshot
        has_passed = record.upgrade.failure is None and record.upgrade_rows_failure is None and after is not None
        is_alone = position.failed is None and record.behind is None and position.population is Population.VARIED
        if not has_passed or after is None or not is_alone or not self.fills:
            return False
        return adds_refusals(after, record.before)


def _of_literals(stretch: Stretch, record: RevisionRecord, position: Position) -> Failure | None:
    """Return why an upgrade fails in Python where rows of literals stand: it may have come to read their other values, which were made for none of it."""
    failure = record.upgrade.failure
    if failure is None or failure.sqlstate is not None or failure.refused or not stretch.rows.are_of_literals:
        return None
    return failure if position.population is Population.VARIED and position.literals_failure is None else None
