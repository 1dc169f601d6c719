"""The rows of the system catalogs that came with the server, and whether one has been written since."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg


@dataclass(frozen=True, slots=True)
class BuiltInRows:
    """How many rows came with the server, by catalog, when `since` was the oldest transaction that had not ended.

    While there are as many, and none that a later transaction wrote, they are the same rows in the same versions. And so they have been all
    the time, because a version that went never comes back.
    """

    since: str
    counts: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, connection: psycopg.Connection[Any]) -> BuiltInRows:
        """Count them."""
        row = connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::xid::text").fetchone()
        assert row is not None
        return cls(row[0], tuple((catalog, count) for catalog, count, _ in _counted(connection, row[0])))

    def are_untouched(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether none has been written since, by whichever session."""
        return _counted(connection, self.since) == [(catalog, count, 0) for catalog, count in self.counts]


def _counted(connection: psycopg.Connection[Any], since: str) -> list[tuple[str, int, int]]:
    return connection.execute(_query(), {"since": since}).fetchall()


@cache
def _query() -> bytes:
    return files(__package__).joinpath("built_in_rows.sql").read_bytes()
