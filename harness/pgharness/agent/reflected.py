"""Notes which tables of a program's metadata were read from a database, and are no declaration of its models."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from sqlalchemy import Table, event

_read: WeakSet[Table] = WeakSet()


def note_reflected() -> None:
    """Begin to note, in this process and those that it forks."""
    if not event.contains(Table, "column_reflect", _note):
        event.listen(Table, "column_reflect", _note)


def is_reflected(table: Table) -> bool:
    """Whether columns of the table were read from a database."""
    return table in _read


def _note(_inspector: Any, table: Table, _column: Any) -> None:
    _read.add(table)
