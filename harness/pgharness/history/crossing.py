"""Crosses a sound chain there and back: up to the heads, down to the base and up again, on one database without a restart.

It sees what the step-by-step walk sees of a sound chain, at less cost. Where anything is not as it should be it gives
nothing, and leaves it to that walk to find out which revision is at fault.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationStep
from alembic.script import ScriptDirectory

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.incremental_reader import Reader
from pgharness.history.environment import Environment
from pgharness.history.steps import Direction, step_of
from pgharness.records.revisions import Revision
from pgharness.records.steps import Descent, RevisionRecord, Step

# Statements, and the parameters of each.
_Sent = tuple[tuple[str, ...], tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Crossed:
    """A sound chain's records, and the catalog at its base."""

    revisions: tuple[RevisionRecord, ...]
    base: Snapshot
    descent: Descent | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """One crossing; `catalog` reads its database, `populate` fills empty tables and gives those that it could not fill."""

    environment: Environment
    scripts: ScriptDirectory
    revisions: Sequence[Revision]
    catalog: Reader
    populate: Callable[[], tuple[tuple[str, str], ...]]
    roundtrips: bool

    def run(self, at_heads: Callable[[], None]) -> Crossed | None:
        """Cross the chain, calling `at_heads` at the top; None as soon as anything is not as it should be."""
        if not self.revisions or not all(item.has_upgrade and item.has_downgrade for item in self.revisions):
            return None
        crossed = self._cross(at_heads)
        return crossed if crossed is not None and self.catalog.has_missed_nothing() else None

    def _cross(self, at_heads: Callable[[], None]) -> Crossed | None:
        base = self.catalog.read_first()
        upgrades = self._pass(Direction.UP, self.revisions)
        if upgrades is None:
            return None
        at_heads()
        if not self.roundtrips:
            return Crossed(_records(self.revisions, base, upgrades), base, None)
        before = [base, *(one.snapshot for one in upgrades[:-1])]
        downgrades = self._pass(Direction.DOWN, self.revisions[::-1], [_Known(one) for one in before[::-1]])
        if downgrades is None:
            return None
        # The same statements on the same catalog give the same catalog; that it is so at the top, is read.
        again = [_Known(one.snapshot, one.sent) for one in upgrades]
        reupgrades = self._pass(Direction.UP, self.revisions, again)
        if reupgrades is None or self.catalog.read() != upgrades[-1].snapshot:
            return None
        return Crossed(_records(self.revisions, base, upgrades, downgrades[::-1], reupgrades), base, Descent(base))

    def _pass(
        self, direction: Direction, revisions: Sequence[Revision], known: Sequence[_Known] | None = None
    ) -> list[_Done] | None:
        """Run revisions in one go, each in its own transaction; None at the first that fails or gives an unknown catalog."""
        done: list[_Done] = []
        unfilled = self.populate() if direction is Direction.UP else ()

        def one_by_one(_heads: Any, _context: Any) -> Iterator[MigrationStep]:
            nonlocal unfilled
            for number, revision in enumerate(revisions):
                self.environment.statements.clear()
                self.environment.parameters.clear()
                started = time.perf_counter()
                yield step_of(self.scripts, revision, direction)
                sent = (tuple(self.environment.statements), tuple(self.environment.parameters))
                snapshot = self._catalog_after(sent, None if known is None else known[number])
                done.append(_Done(sent, snapshot, time.perf_counter() - started, unfilled))
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

    def _catalog_after(self, sent: _Sent, known: _Known | None) -> Snapshot:
        if known is not None and known.sent == sent:
            return known.snapshot
        snapshot = self.catalog.read()
        if known is None:
            return snapshot
        if snapshot != known.snapshot:
            raise _UnsoundError
        return known.snapshot  # two equal ones are not kept twice


@dataclass(frozen=True, slots=True)
class _Known:
    """The catalog that a step has to give, and what was sent when it gave it before."""

    snapshot: Snapshot
    sent: _Sent | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    """What a step sent, the catalog after it, the seconds, and the tables that it met without rows."""

    sent: _Sent
    snapshot: Snapshot
    duration_s: float
    unfilled: tuple[tuple[str, str], ...]

    @property
    def step(self) -> Step:
        return Step(self.sent[0], self.duration_s, self.snapshot)


class _UnsoundError(Exception):
    """A step did not give the catalog that it should."""


def _records(
    revisions: Sequence[Revision],
    base: Snapshot,
    upgrades: Sequence[_Done],
    downgrades: Sequence[_Done] | None = None,
    reupgrades: Sequence[_Done] | None = None,
) -> tuple[RevisionRecord, ...]:
    before = [base, *(one.snapshot for one in upgrades[:-1])]
    return tuple(
        RevisionRecord(
            revision,
            before[index],
            upgrades[index].step,
            downgrades[index].step if downgrades is not None else None,
            reupgrades[index].step if reupgrades is not None else None,
            unfilled=upgrades[index].unfilled,
        )
        for index, revision in enumerate(revisions)
    )
