"""Says why a piece of the project's code ended: the server's words where there are any, the statement, the lines it came through."""

from __future__ import annotations

import contextlib
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .drivers import context_of, message_of, sqlstate_of
from .live_models import live_models

REFUSALS = (NotImplementedError, RuntimeError)
# What a DO block raises itself; what a trigger raises meanwhile has that one's function first.
_BY_A_BLOCK = re.compile(r".*\binline_code_block\b.*\b(?:RAISE|ASSERT)$")
# What raises for how it is called, and not for what a program has not set up.
_SENDS = frozenset({"alembic", "sqlalchemy", "psycopg", "psycopg2", "asyncpg", "pg8000", __name__.partition(".")[0]})
_OF_PYTHON = frozenset(getattr(sys, "stdlib_module_names", ()))  # since Python 3.10


def describe(error: BaseException, last_statement: str | None = None, files: Sequence[str] = ()) -> dict[str, Any]:
    """Return the failure as plain values; `frames` are the lines of the traceback that lie in these files, outermost first."""
    error = _with_reason(_unwrapped(error))
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    statement = error.statement if isinstance(error, DBAPIError) else None
    return {
        "error": type(original).__name__,
        "message": message_of(original),
        "statement": statement or last_statement,
        "sqlstate": sqlstate_of(original),
        "refused": _is_refusal(error, original),
        "frames": _frames(error, files),
        "live_models": _live_models(files, statement or last_statement),
        "raised_by": _raised_by(error, files),
    }


def _is_refusal(error: BaseException, original: BaseException) -> bool:
    """Whether the author refuses: by what Python raises, or by RAISE in a block that the revision sends."""
    if isinstance(error, SQLAlchemyError):
        return _BY_A_BLOCK.match(context_of(original)) is not None
    return isinstance(error, REFUSALS)


def _raised_by(error: BaseException, files: Sequence[str]) -> str:
    """Return the package in whose code the error was raised; nothing where that is none of the project's program."""
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    if innermost is None or innermost.tb_frame.f_code.co_filename in files:
        return ""
    package = str(innermost.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
    return "" if package in _SENDS | _OF_PYTHON else package


def _live_models(files: Sequence[str], statement: str | None) -> list[str]:
    with contextlib.suppress(Exception):  # it only adds to what is told, and reads anybody's modules
        return [name for file in files for name in live_models(file, statement or "")]
    return []


def _unwrapped(error: BaseException) -> BaseException:
    """Return the driver's error as SQLAlchemy gave it, where the project's own stands around it and says no more.

    So it does where a library repeats its words (oslo.db), and where a program catches it and leaves by an exit code.
    """
    one: BaseException | None = error
    is_silent = isinstance(error, SystemExit) and not isinstance(error.code, str)
    while one is not None and not isinstance(error, SQLAlchemyError):
        told = one.orig if isinstance(one, DBAPIError) and one.orig is not None else one
        if sqlstate_of(told) and (is_silent or message_of(told).splitlines()[0] in str(error)):
            return one.with_traceback(error.__traceback__)
        one = one.__cause__ or one.__context__
    return error


def _with_reason(error: BaseException) -> BaseException:
    """Return the error that the server explained, where a driver's own error only followed from it.

    After one in an autocommit block Alembic commits, to which pg8000 says no more than "in failed transaction block".
    """
    one: BaseException | None = error
    while isinstance(error, DBAPIError) and one is not None:
        if isinstance(one, DBAPIError) and one.orig is not None and sqlstate_of(one.orig):
            return one
        one = one.__cause__ or one.__context__
    return error


def _frames(error: BaseException, files: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"file": frame.filename, "line": frame.lineno or 0, "function": frame.name, "code": frame.line or ""}
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename in files
    ]
