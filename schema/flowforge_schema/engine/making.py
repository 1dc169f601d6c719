"""Makes engines: `create_database_engine` is what `Database` uses, `create_script_engine` the synchronous door, on the same URL."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from flowforge_schema.engine.arguments import engine_arguments, server_settings
from flowforge_schema.engine.datetimes import refuse_naive_datetimes
from flowforge_schema.engine.pool import TranslatingPool
from flowforge_schema.engine.punctual import give_statements_their_time, punctual_connect
from flowforge_schema.engine.slow_statements import log_slow_statements
from flowforge_schema.engine.sparing import ping_after_rest, roll_back_on_return
from flowforge_schema.errors import install_translation
from flowforge_schema.settings import DatabaseSettings


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
        pool_reset_on_return=None,  # see roll_back_on_return
        pool_use_lifo=True,  # connections beyond what is needed stay idle, and the server closes them
        **engine_arguments(settings, url or settings.primary_url, async_creator_fn=punctual_connect(settings)),
    )
    _install(engine.sync_engine, settings)
    give_statements_their_time(engine.sync_engine, settings)
    ping_after_rest(engine.sync_engine)
    roll_back_on_return(engine.sync_engine)
    return engine


def create_script_engine(settings: DatabaseSettings, url: URL | None = None) -> Engine:
    """Make a synchronous engine without a pool."""
    engine = create_engine(
        url or settings.primary_url, poolclass=NullPool, **engine_arguments(settings, url or settings.primary_url)
    )
    _install(engine, settings)
    return engine


def _install(engine: Engine, settings: DatabaseSettings) -> None:
    install_translation(engine)
    event.listen(engine, "connect", refuse_naive_datetimes)
    if settings.through_pgbouncer:
        _set_in_transaction(engine, server_settings(settings))
    if settings.slow_statement_ms:
        log_slow_statements(engine, settings.slow_statement_ms)


def _set_in_transaction(engine: Engine, values: dict[str, str]) -> None:
    """Set the server's settings at the start of each transaction, in one round trip: PgBouncer keeps nothing beyond it."""
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in values.items())

    @event.listens_for(engine, "begin")
    def set_local(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT {calls}")
