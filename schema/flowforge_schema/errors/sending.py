"""Values that never reach the server: what Python or the driver refuses, and the field that held it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.engine import ExceptionContext

from flowforge_schema.errors.tree import AppError, InvalidDataError
from flowforge_schema.storable import NotStorableError, check_document, check_moment, encoded

# What Python itself raises on the way to the server: NaN in JSON, a lone surrogate in a text, a label that is not in an
# enum, JSON that is nested too deep. A TypeError is a bug of the caller and stays what it is.
UNSTORABLE = (ValueError, LookupError, OverflowError, RecursionError)


def naming_field(error: AppError, context: ExceptionContext) -> AppError:
    """Return the error with the field whose value was refused before it was sent, and why; unchanged where that is not known."""
    if type(error) is not InvalidDataError or error.field is not None or error.sqlstate is not None:
        return error
    why = context.original_exception.args[0] if isinstance(context.original_exception, NotStorableError) else None
    refused = getattr(context.original_exception, "value", None)
    for name, value in _values(context):
        seen = why if refused is not None and value is refused else _why_not(value)
        if seen is not None:
            return refusal(seen, field=name)
    return error if why is None else refusal(why)


def refusal(why: str, *, field: str | None = None) -> InvalidDataError:
    """Return the error that says why a value cannot be stored."""
    return InvalidDataError(f"A value cannot be stored: {why}.", field=field)


def _values(context: ExceptionContext) -> Iterator[tuple[str, Any]]:
    """Return the values that were to be sent by their columns, as far as they have names."""
    compiled = getattr(context.execution_context, "compiled_parameters", None)
    given: Any = compiled or context.parameters or ()
    rows: Iterable[Any] = [given] if isinstance(given, Mapping) else given
    for row in rows:
        if isinstance(row, Mapping):
            yield from row.items()


def _why_not(value: Any) -> str | None:
    """Return why this value cannot be sent; None where it can, as far as can be told without its column."""
    try:
        if isinstance(value, str):
            encoded(value)
        elif isinstance(value, datetime):
            check_moment(value)
        elif isinstance(value, dict | list | tuple):
            check_document(value)
    except NotStorableError as error:
        return str(error)
    except ValueError:
        return "it cannot be written as JSON"
    return None
