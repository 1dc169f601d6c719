"""Keeps a copy of the database from which a walk starts, so that the next start need not run the whole chain before it once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pgharness.databases import Database, Databases
from pgharness.walk.position import Position

FEW = 5
"""Revisions that are run once more sooner than env.py is run around a database of their own, of which copies are made."""


@dataclass(frozen=True, slots=True)
class Foothold:
    """A database on which nobody is connected, with the first `index` revisions; of those `deployed` came as env.py deploys them."""

    database: Database
    index: int
    deployed: int


@dataclass(slots=True)
class Footholds:
    """The newest foothold of one walk.

    A copy has what its database holds, and nothing beside it: in a chain that makes roles or replication slots, or drops some, every
    start is from the base.
    """

    databases: Databases
    kept: Foothold | None = None
    serve: bool = True

    @contextmanager
    def start(self, position: Position) -> Iterator[tuple[Database, int]]:
        """Yield a database to walk on, and how many revisions it has; it goes at the end, and with it what was made outside of it."""
        below = self._below(position)
        with self.databases.outside_undone():
            database = self._copy(below)
            try:
                yield database, _count(below)
            finally:
                self.databases.drop(database)

    def is_wanted(self, position: Position) -> bool:
        """Whether one at a position spares more than it costs; what passes only in company is run with all those before it."""
        return self.serve and position.failed is None and position.index - _count(self._below(position)) >= FEW

    def make(self, position: Position, arrive: Callable[[Database, int], bool]) -> bool:
        """Make the one at a position, from the one before it or from the base, and say whether that arrived.

        `arrive` brings a database there that has so many revisions already.
        """
        below, before = self._below(position), self.databases.outside()
        database = self._copy(below)
        has_arrived = arrive(database, _count(below))
        self.serve = self.databases.outside() == before
        self.clear()
        if has_arrived and self.serve:
            self.kept = Foothold(database, position.index, position.deployed)
            return True
        self.databases.drop(database)
        self.databases.drop_outside_since(before)
        return has_arrived or (below is not None and self.make(position, arrive))

    def clear(self) -> None:
        """Drop it."""
        if self.kept is not None:
            self.databases.drop(self.kept.database)
            self.kept = None

    def leave_off(self) -> None:
        """Start from the base from now on: a foothold has no rows, and the way to it takes some."""
        self.serve = False
        self.clear()

    def _below(self, position: Position) -> Foothold | None:
        """Return the one on the way to a position, if it came about as the position asks."""
        kept = self.kept
        if kept is None or position.failed is not None or kept.deployed != position.deployed:
            return None
        return kept if kept.index <= position.index else None

    def _copy(self, foothold: Foothold | None) -> Database:
        return self.databases.create_empty("walk") if foothold is None else self.databases.copy(foothold.database)


def _count(foothold: Foothold | None) -> int:
    return foothold.index if foothold is not None else 0
