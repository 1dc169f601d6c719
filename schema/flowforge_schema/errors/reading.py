"""Values that are stored and cannot be read: finds the place of one in a result, and logs it without the value."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import adapt
from psycopg.abc import Transformer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from sqlalchemy import Column
from sqlalchemy.engine import ExceptionContext

from flowforge_schema.errors.sending import UNSTORABLE
from flowforge_schema.errors.tree import UnreadableDataError
from flowforge_schema.errors.withholding import withhold_values

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands; `table` and `key` are None where the statement does not tell them."""

    table: str | None
    column: str
    key: str | None

    def __str__(self) -> str:
        return f"{self.table or 'a result'}.{self.column}, key {self.key or 'unknown'}"


def is_reading(context: ExceptionContext) -> bool:
    """Whether the server has answered, and Python could not read the answer."""
    error = context.original_exception
    by_driver = isinstance(error, psycopg.DataError) and error.sqlstate is None
    return (by_driver or isinstance(error, UNSTORABLE)) and _result(context) is not None


def unreadable(context: ExceptionContext) -> UnreadableDataError:
    """Return the error for a value that cannot be read, after logging where it stands."""
    reason = type(context.original_exception).__name__
    withhold_values(context.original_exception)
    error = UnreadableDataError()
    for place in _unreadable_places(context):
        logger.error("a stored value cannot be read: %s (%s)", place, reason)
        error.add_note(str(place))
    return error


def _result(context: ExceptionContext) -> PGresult | None:
    result: PGresult | None = getattr(_cursor(context), "pgresult", None)
    return result if result is not None and result.status == ExecStatus.TUPLES_OK else None


def _cursor(context: ExceptionContext) -> Any:
    cursor = getattr(context.execution_context, "cursor", None)
    return getattr(cursor, "_cursor", cursor)  # SQLAlchemy's adapter for asyncio holds the driver's own


def _unreadable_places(context: ExceptionContext) -> Iterator[Place]:
    result = _result(context)
    assert result is not None
    transformer: Transformer = adapt.Transformer(_cursor(context))
    columns = _columns(context, result)
    for row in range(result.ntuples):
        for position in range(result.nfields):
            if not _is_readable(transformer, result, row, position):
                yield _place(result, columns, row, position, _key_asked_for(context))


def _is_readable(transformer: Transformer, result: PGresult, row: int, position: int) -> bool:
    value = result.get_value(row, position)
    if value is None:
        return True
    try:
        transformer.get_loader(result.ftype(position), Format(result.fformat(position))).load(value)
    except (psycopg.DataError, *UNSTORABLE):
        return False
    return True


def _key_asked_for(context: ExceptionContext) -> list[str]:
    """Return the key in `session.get` and `refresh`, which the ORM names `pk_1`, `pk_2`; the result itself may not hold it."""
    given: Any = next(iter(getattr(context.execution_context, "compiled_parameters", None) or ()), {})
    return [str(value) for name, value in sorted(given.items()) if name.startswith("pk_")]


def _place(result: PGresult, columns: list[Column[Any] | None], row: int, position: int, asked_for: list[str]) -> Place:
    column = columns[position]
    if column is None:
        return Place(None, (result.fname(position) or b"?").decode(), None)
    key = [
        (result.get_value(row, other) or b"").decode()
        for other, candidate in enumerate(columns)
        if candidate is not None and candidate.primary_key and candidate.table is column.table
    ]
    return Place(str(column.table), column.name, ", ".join(key or asked_for) or None)


def _columns(context: ExceptionContext, result: PGresult) -> list[Column[Any] | None]:
    """Return the table's column behind each column of the result, None for what is computed or plain SQL."""
    compiled = getattr(context.execution_context, "compiled", None)
    entries = getattr(compiled, "_result_columns", None) or []
    columns = [next((item for item in entry.objects if isinstance(item, Column)), None) for entry in entries]
    return columns if len(columns) == result.nfields else [None] * result.nfields
