"""The log of slow statements: how long each took, those that fail included, and no value."""

from __future__ import annotations

import logging
import time

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext, ExecutionContext

# Those who read the log know the package, not its files.
logger = logging.getLogger("flowforge_schema.engine")

# In characters. An INSERT of a thousand rows names its parameters on 200 kB.
LONGEST_LOGGED_STATEMENT = 2_000


def log_slow_statements(engine: Engine, threshold_ms: int) -> None:
    """Log each statement of the engine that takes at least so long."""

    @event.listens_for(engine, "before_cursor_execute")
    def start(
        _connection: Connection,
        _cursor: object,
        _statement: str,
        _parameters: object,
        context: ExecutionContext | None,
        _executemany: bool,  # noqa: FBT001 - SQLAlchemy calls it so
    ) -> None:
        if context is not None:
            context._flowforge_started = time.perf_counter()  # type: ignore[attr-defined]  # noqa: SLF001 - our own mark

    @event.listens_for(engine, "after_cursor_execute")
    def end(
        _connection: Connection,
        _cursor: object,
        statement: str,
        _parameters: object,
        context: ExecutionContext | None,
        _executemany: bool,  # noqa: FBT001 - SQLAlchemy calls it so
    ) -> None:
        log(context, statement)

    @event.listens_for(engine, "handle_error")
    def fail(failure: ExceptionContext) -> None:
        log(failure.execution_context, failure.statement or "")

    def log(context: ExecutionContext | None, statement: str) -> None:
        started = getattr(context, "_flowforge_started", None)
        if started is None:
            return
        context._flowforge_started = None  # type: ignore[union-attr]  # noqa: SLF001 - its rows may yet fail, at any time
        took_ms = (time.perf_counter() - started) * 1000
        if took_ms >= threshold_ms:
            shown = statement[:LONGEST_LOGGED_STATEMENT]
            logger.warning("slow statement, %.0f ms: %s", took_ms, shown, extra={"took_ms": took_ms})
