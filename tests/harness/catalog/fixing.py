"""What a case of a fix is: two schemas as SQL, and the rows that have to survive on the way from one to the other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """Two schemas as SQL, rows of the left one, and the names of what may be told, where that matters."""

    left: str
    right: str
    rows: str = ""
    told: tuple[str, ...] | None = None
    since: int = 15


ROWS = "INSERT INTO t (id, a) SELECT n, n::text FROM generate_series(1, 3) n;"
T = "CREATE TABLE t (id integer PRIMARY KEY, a text{more});"


def t(more: str = "") -> str:
    return T.format(more=f", {more}" if more else "")
