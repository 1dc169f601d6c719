"""Listens to every statement that is sent in this process, whichever engine sends it, and notes from which line it comes."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from .drivers import message_of, sqlstate_of

Statement = dict[str, Any]
SHOWN_PARAMETERS = 2000
FAILED_TRANSACTION = "25P02"


class Statements:
    """What was sent since it was last cleared, in order.

    `files` are those whose lines are told: the revision's, or env.py. `before` and `after` are called around each statement
    where somebody wants to look at the database there, `at_end` behind each in any case.
    """

    def __init__(self) -> None:
        self.sent: list[Statement] = []
        self.files: Collection[str] = ()
        self.before: Callable[[Statement], None] | None = None
        self.after: Callable[[Statement], None] | None = None
        self.at_end: Callable[[], None] = lambda: None
        self._began = 0.0
        self._failed: BaseException | None = None
        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "after_cursor_execute", self._after)
        event.listen(Engine, "handle_error", self._note_failure)

    def clear(self) -> None:
        """Forget what was sent."""
        self.sent.clear()

    @property
    def last(self) -> str | None:
        """The text of the last one, or None."""
        return self.sent[-1]["sql"] if self.sent else None

    def last_of_files(self) -> Statement | None:
        """Return the last one that came from one of the files, or None."""
        return next((statement for statement in reversed(self.sent) if statement["file"]), None)

    def cause(self, error: BaseException) -> BaseException:
        """Return the error that made the transaction fail, where this one says only that it has failed before."""
        original = error.orig if isinstance(error, DBAPIError) else None
        is_only_after = original is not None and sqlstate_of(original) == FAILED_TRANSACTION
        return self._failed if is_only_after and self._failed is not None else error

    def _note_failure(self, context: Any) -> None:
        error = context.sqlalchemy_exception
        if self.sent and context.statement == self.sent[-1]["sql"]:
            self.sent[-1]["failed"] = _in_a_line(context.original_exception)
        if error is not None and sqlstate_of(context.original_exception) != FAILED_TRANSACTION:
            self._failed = error

    def _before(self, _connection: Any, _cursor: Any, sql: str, parameters: object, *_rest: Any) -> None:
        file, line = self._origin()
        statement = {
            "sql": sql,
            "parameters": _shown(parameters),
            "file": file,
            "line": line,
            "duration_s": 0.0,
            "rows": -1,
            "failed": "",
        }
        self.sent.append(statement)
        if self.before is not None:
            self.before(statement)
        self._began = time.perf_counter()

    def _after(self, _connection: Any, cursor: Any, *_rest: Any) -> None:
        self._failed = None
        statement = self.sent[-1]
        rows = getattr(cursor, "rowcount", -1)
        statement["rows"] = rows if isinstance(rows, int) else -1
        statement["duration_s"] = time.perf_counter() - self._began
        self.at_end()
        if self.after is not None:
            self.after(statement)

    def _origin(self) -> tuple[str, int]:
        """Return file and line of the innermost frame in one of our files; an empty name where there is none."""
        frame = sys._getframe(2)  # noqa: SLF001 - the public way reads the source of every frame
        while frame is not None:
            if frame.f_code.co_filename in self.files:
                return frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]  # the outermost has none
        return "", 0


def _shown(parameters: object) -> str:
    """Return parameters as text; of long ones the beginning and a digest, so that two are equal only where they are the same."""
    if not parameters:
        return ""
    text = repr(parameters)
    if len(text) <= SHOWN_PARAMETERS:
        return text
    return f"{text[:SHOWN_PARAMETERS]}… {hashlib.sha256(text.encode(errors='replace')).hexdigest()}"


def _in_a_line(error: BaseException) -> str:
    """Return the SQLSTATE and the first line of what the server says."""
    return f"{sqlstate_of(error) or ''} {message_of(error).splitlines()[0]}".strip()
