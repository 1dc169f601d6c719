"""Engines: what the settings say, on every connection, and no error of SQLAlchemy's own.

`create_database_engine` is what `Database` uses; `create_script_engine` is the synchronous door for migrations and scripts,
on the same URL.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime
from typing import Any

from psycopg.adapt import PyFormat
from psycopg.types.datetime import DatetimeDumper
from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, ExecutionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection

from flowforge_schema.errors import ConfigurationError, install_translation, translating
from flowforge_schema.settings import ENVIRONMENT_PREFIX, DatabaseSettings
from flowforge_schema.storable import check_document, check_moment, write_json

logger = logging.getLogger(__name__)

# psycopg prepares a statement at its sixth use on a connection.
PREPARE_THRESHOLD = 5

ISOLATION_LEVEL = "READ COMMITTED"

# In characters. An INSERT of a thousand rows names its parameters on 200 kB.
LONGEST_LOGGED_STATEMENT = 2_000


class TranslatingPool(AsyncAdaptedQueuePool):
    """A pool that raises this layer's error when it is exhausted; the wait is not part of any connection's life."""

    def connect(self) -> PoolProxiedConnection:
        """Take a connection, waiting as long as `pool_timeout_s`."""
        with translating():
            return super().connect()


def create_database_engine(settings: DatabaseSettings, url: URL | None = None) -> AsyncEngine:
    """Make an engine on the primary, or on `url`; nothing connects before the first use."""
    engine = create_async_engine(
        url or settings.primary_url,
        poolclass=TranslatingPool,
        pool_size=settings.pool_size,
        max_overflow=settings.max_overflow,
        pool_timeout=settings.pool_timeout_s,
        pool_recycle=settings.pool_recycle_s,
        pool_pre_ping=True,
        pool_use_lifo=True,  # connections beyond what is needed stay idle, and the server closes them
        **_common_arguments(settings, url or settings.primary_url),
    )
    _install(engine.sync_engine, settings)
    return engine


def create_script_engine(settings: DatabaseSettings, url: URL | None = None) -> Engine:
    """Make a synchronous engine without a pool."""
    engine = create_engine(
        url or settings.primary_url, poolclass=NullPool, **_common_arguments(settings, url or settings.primary_url)
    )
    _install(engine, settings)
    return engine


def server_settings(settings: DatabaseSettings) -> dict[str, str]:
    """Give the server's own settings that hold on every connection."""
    return {
        "statement_timeout": f"{settings.statement_timeout_ms}ms",
        "lock_timeout": f"{settings.lock_timeout_ms}ms",
        "idle_in_transaction_session_timeout": f"{settings.idle_in_transaction_timeout_ms}ms",
        "transaction_timeout": f"{settings.transaction_timeout_ms}ms",
        "TimeZone": "UTC",
    }


def _common_arguments(settings: DatabaseSettings, url: URL) -> dict[str, Any]:
    return {
        "connect_args": _connect_arguments(settings, url),
        "hide_parameters": True,
        "isolation_level": ISOLATION_LEVEL,
        "json_serializer": dump_json,
        "use_native_hstore": False,  # saves a query on the first connection; the schema has none
    }


def _connect_arguments(settings: DatabaseSettings, url: URL) -> dict[str, Any]:
    """Give what the driver is told beside the URL: what the URL names itself is left to it."""
    if "prepare_threshold" in url.query:
        raise ConfigurationError(
            "prepare_threshold is a setting of the driver, and none of a URL.\n"
            f"  mend: take it out of the URL; {ENVIRONMENT_PREFIX}PREPARES_STATEMENTS=false prepares nothing"
        )
    arguments: dict[str, Any] = {
        "application_name": settings.application_name,
        "connect_timeout": settings.connect_timeout_s,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": settings.tcp_user_timeout_ms,
        "prepare_threshold": PREPARE_THRESHOLD if settings.prepares_statements else None,
    }
    if not settings.through_pgbouncer:  # which refuses `options`: see _set_in_transaction
        own = {**server_settings(settings), "idle_session_timeout": f"{settings.idle_timeout_s}s"}
        given = url.query.get("options", "")
        options = [given] if isinstance(given, str) else list(given)
        arguments["options"] = " ".join([*(f"-c {name}={value}" for name, value in own.items()), *options]).strip()
    return {name: value for name, value in arguments.items() if name == "options" or name not in url.query}


class AwareDatetimeDumper(DatetimeDumper):
    """Sends a datetime with its time zone, and none without one."""

    def get_key(self, obj: datetime, format: PyFormat) -> type[datetime]:  # noqa: A002, ARG002 - psycopg's name
        """Refuse a naive datetime; the driver's own dumper would send it as one of the server's time zone."""
        check_moment(obj)
        return datetime


def _install(engine: Engine, settings: DatabaseSettings) -> None:
    install_translation(engine)
    event.listen(engine, "connect", _refuse_naive_datetimes)
    if settings.through_pgbouncer:
        _set_in_transaction(engine, server_settings(settings))
    if settings.slow_statement_ms:
        _log_slow_statements(engine, settings.slow_statement_ms)


def _set_in_transaction(engine: Engine, values: dict[str, str]) -> None:
    """Set the server's settings at the start of each transaction, in one round trip: PgBouncer keeps nothing beyond it."""
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in values.items())

    @event.listens_for(engine, "begin")
    def set_local(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT {calls}")


def _log_slow_statements(engine: Engine, threshold_ms: int) -> None:
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


def _refuse_naive_datetimes(connection: DBAPIConnection, _record: object) -> None:
    connection.adapters.register_dumper(datetime, AwareDatetimeDumper)


def dump_json(value: object) -> str:
    """Write JSON for a jsonb column: dates, UUIDs and models too; raise NotStorableError for what could not be read again."""
    check_document(value)
    return write_json(value)
