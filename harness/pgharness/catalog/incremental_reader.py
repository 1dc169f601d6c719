"""Reads one database's catalog again and again: as whole as a snapshot, without looking for what is not there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import psycopg

from pgharness.catalog.built_in_rows import BuiltInRows
from pgharness.catalog.facts import Snapshot
from pgharness.catalog.queries import FIRST_OWN_OID, piecewise_queries
from pgharness.catalog.snapshot import Row, read_at_once, read_until_sure


@dataclass(slots=True)
class Reader:
    """Reads what `take_snapshot` reads, in pieces: of the kinds that few databases have, only those that this one has.

    Each reading asks which those are and reads once more, in a second round trip, where one has come that was not there before.

    Privileges on what came with the server lie in thousands of rows. Where the first reading finds none that anybody gave or took, later
    ones leave these rows alone, and `has_missed_nothing` says in the end whether that was right.
    """

    connection: psycopg.Connection[Any]
    leave_out: Collection[str] = ()
    _rare: set[str] = field(default_factory=set)
    _built_in_rows: BuiltInRows | None = None
    _looks_at_built_in_rows: bool = True

    def read(self) -> Snapshot:
        """Read the catalog; raises CannotRun as `take_snapshot` does."""
        return read_until_sure(self.connection, self._read).without(self.leave_out)

    def read_first(self) -> Snapshot:
        """Read it for the first time of many."""
        self._built_in_rows = BuiltInRows.of(self.connection)
        return self.read()

    def has_missed_nothing(self) -> bool:
        """Whether all readings since the first were whole: nothing that came with the server has changed its privileges."""
        return self._built_in_rows is None or self._built_in_rows.are_untouched(self.connection)

    def _read(self) -> tuple[list[Row], bool]:
        queries = piecewise_queries(self.connection.info.server_version // 10000)
        while True:
            asked = sorted(self._rare)
            grants = queries.all_grants if self._looks_at_built_in_rows else queries.own_grants
            (present, *pieces), undisturbed = read_at_once(
                self.connection, [queries.present, queries.usual, grants, *(queries.rare[name] for name in asked)]
            )
            self._rare |= {name for (name,) in present}
            if len(self._rare) == len(asked):
                if self._built_in_rows is not None and undisturbed:
                    self._looks_at_built_in_rows = self._looks_at_built_in_rows and _has_built_in_rows(pieces[1])
                return [row for piece in pieces for row in piece], undisturbed


def _has_built_in_rows(privileges: list[Row]) -> bool:
    return any(row[1] < FIRST_OWN_OID for row in privileges)
