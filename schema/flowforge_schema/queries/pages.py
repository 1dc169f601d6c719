"""Pages by keyset, without documents: each begins where the last one ended, so that page 1,000 costs what page 1 costs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, defer
from sqlalchemy.orm.interfaces import ORMOption

PAGE_LENGTH = 50

AnySelect = Select[*tuple[Any, ...]]


class Cursor(NamedTuple):
    """Where a page ended: `created_at` and `id` of its last row. Ties in time are told apart by the id."""

    created_at: datetime
    id: UUID


def older_than(
    cursor: Cursor, created_at: InstrumentedAttribute[datetime], identity: InstrumentedAttribute[UUID]
) -> ColumnElement[bool]:
    """Return what comes after the cursor where the newest comes first."""
    # One comparison of rows, and not `a < x OR (a = x AND b < y)`, which no index can start from.
    return tuple_(created_at, identity) < _row(cursor)


def newer_than(
    cursor: Cursor, created_at: InstrumentedAttribute[datetime], identity: InstrumentedAttribute[UUID]
) -> ColumnElement[bool]:
    """Return what comes after the cursor where the oldest comes first."""
    return tuple_(created_at, identity) > _row(cursor)


def without(*documents: InstrumentedAttribute[Any]) -> tuple[ORMOption, ...]:
    """Leave documents out of a list: they may be large, and one that cannot be read would stop the list. Reading one raises."""
    return tuple(defer(document, raiseload=True) for document in documents)


def _row(cursor: Cursor) -> ColumnElement[tuple[datetime, UUID]]:
    return tuple_(literal(cursor.created_at), literal(cursor.id))
