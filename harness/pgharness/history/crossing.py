"""Crosses a sound chain there and back: up to the heads, down to the base and up again, on one database without a restart.

It sees what the step-by-step walk sees of a sound chain, at less cost. Where anything is not as it should be it gives
nothing, and leaves it to that walk to find out which revision is at fault.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationStep
from alembic.script import ScriptDirectory

from pgharness.catalog.facts import Snapshot
from pgharness.history.environment import Environment
from pgharness.history.records import Descent, Revision, RevisionRecord, Step
from pgharness.history.steps import Direction, step_of


@dataclass(frozen=True, slots=True)
class Crossed:
    """A sound chain's records, and the catalog at its base."""

    revisions: tuple[RevisionRecord, ...]
    base: Snapshot
    descent: Descent | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """One crossing; `snapshot` reads the catalog, `populate` fills empty tables and gives those that it could not fill."""

    environment: Environment
    scripts: ScriptDirectory
    revisions: Sequence[Revision]
    snapshot: Callable[[], Snapshot]
    populate: Callable[[], tuple[tuple[str, str], ...]]
    roundtrips: bool

    def run(self, at_heads: Callable[[], None]) -> Crossed | None:
        """Cross the chain, calling `at_heads` at the top; None as soon as anything is not as it should be."""
        if not self.revisions or not all(item.has_upgrade and item.has_downgrade for item in self.revisions):
            return None
        base = self.snapshot()
        upgrades = self._pass(Direction.UP, self.revisions, None)
        if upgrades is None:
            return None
        at_heads()
        after = [step.snapshot for step, _ in upgrades]
        before = [base, *after[:-1]]
        downgrades = reupgrades = None
        if self.roundtrips:
            downgrades = self._pass(Direction.DOWN, self.revisions[::-1], before[::-1])
            reupgrades = self._pass(Direction.UP, self.revisions, after) if downgrades is not None else None
            if downgrades is None or reupgrades is None:
                return None
        records = tuple(
            RevisionRecord(
                revision,
                met,
                upgrade,
                downgrades[-1 - index][0] if downgrades is not None else None,
                reupgrades[index][0] if reupgrades is not None else None,
                unfilled=unfilled,
            )
            for index, (revision, met, (upgrade, unfilled)) in enumerate(
                zip(self.revisions, before, upgrades, strict=True)
            )
            if met is not None
        )
        return Crossed(records, base, Descent(base) if self.roundtrips else None)

    def _pass(
        self, direction: Direction, revisions: Iterable[Revision], wanted: Sequence[Snapshot | None] | None
    ) -> list[tuple[Step, tuple[tuple[str, str], ...]]] | None:
        """Run revisions in one go, each in its own transaction; None at the first that fails or gives another catalog."""
        done: list[tuple[Step, tuple[tuple[str, str], ...]]] = []
        unfilled = self.populate() if direction is Direction.UP else ()

        def one_by_one(_heads: Any, _context: Any) -> Iterator[MigrationStep]:
            nonlocal unfilled
            for number, revision in enumerate(revisions):
                self.environment.statements.clear()
                started = time.perf_counter()
                yield step_of(self.scripts, revision, direction)
                snapshot = self.snapshot()
                known = snapshot if wanted is None else wanted[number]
                if snapshot != known:
                    raise _UnsoundError(revision.label)
                # The known one: two equal snapshots are not kept twice.
                step = Step(tuple(self.environment.statements), time.perf_counter() - started, known)
                done.append((step, unfilled))
                if direction is Direction.UP:
                    unfilled = self.populate()

        context = self.environment.new_context(fn=one_by_one)
        try:
            with Operations.context(context), context.begin_transaction():
                context.run_migrations(**self.environment.run_arguments)
            if self.environment.connection.in_transaction():
                self.environment.connection.commit()
        except (Exception, SystemExit):  # noqa: BLE001 - whatever it is, the step-by-step walk meets it again and tells it
            self.environment.connection.rollback()
            return None
        return done


class _UnsoundError(Exception):
    """A step did not give the catalog that it should."""
