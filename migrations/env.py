"""Runs the chain: on what the caller hands over, on a URL, or offline as SQL; one upgrade at a time, one transaction a revision."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from logging.config import fileConfig
from typing import Any

import alembic_postgresql_enum  # noqa: F401 - importing it teaches autogenerate to compare enum types
from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from flowforge_schema.models import metadata
from flowforge_schema.settings import EXAMPLE_URL, parse_url

logger = logging.getLogger("alembic.env")

URL_VARIABLE = "FLOWFORGE_DB_URL"
APPLICATION_NAME = "flowforge-migrate"

# Any number, so long as every upgrade of this schema asks for the same.
ADVISORY_LOCK_KEY = 7_304_231_991_024_881
POLL_S = 0.2

config = context.config

# What a caller may say in `config.attributes`, and what holds where it says nothing.
LOCK_TIMEOUT_MS = int(config.attributes.get("lock_timeout_ms", 5_000))
WAIT_S = float(config.attributes.get("wait_s", 600))

# A statement that waits for a lock makes every later query on that table wait behind it. A revision that has to wait
# longer says so itself, with SET LOCAL lock_timeout. All other limits are the API's, and none of them is meant for DDL.
LIMITS = {
    "lock_timeout": f"{LOCK_TIMEOUT_MS}ms",
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # To a plain PostgreSQL names that nobody reads. To a distributed one: triggers on distributed tables may be made and dropped, and a revision
    # may write to rows in shards and then change a table that is whole on every node.
    "citus.enable_unsafe_triggers": "on",
    "citus.multi_shard_modify_mode": "sequential",
}

OPTIONS: dict[str, Any] = {
    "target_metadata": metadata,
    "compare_type": True,
    "compare_server_default": True,
    "transaction_per_migration": True,
    "on_version_apply": config.attributes.get("on_version_apply"),
}


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(dialect_name="postgresql", literal_binds=True, dialect_opts={"paramstyle": "named"}, **OPTIONS)
    for name, limit in LIMITS.items():
        context.execute(f"SET {name} = '{limit}'")
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run on what the caller hands over, else on a connection of our own."""
    given = config.attributes.get("connection")
    if isinstance(given, AsyncConnection):  # in the caller's `await connection.run_sync(…)`
        given = given.sync_connection
    if isinstance(given, Connection):
        run_on(given)
        return
    with engine_from(given).connect() as connection:
        run_on(connection)


def engine_from(given: object) -> Engine:
    """Return the caller's engine, or one of our own: on the URL of the caller's asynchronous engine, or on the configured one."""
    if isinstance(given, Engine):
        return given
    if given is not None and not isinstance(given, AsyncEngine):
        raise CommandError(
            f'config.attributes["connection"] holds a {type(given).__name__}.\n'
            "  seen: it is neither a Connection nor an Engine, synchronous or asynchronous\n"
            "  fix: hand over one of these, or nothing and set FLOWFORGE_DB_URL"
        )
    url = database_url() if given is None else given.url
    return create_engine(url, poolclass=NullPool, connect_args={"application_name": APPLICATION_NAME})


def run_on(connection: Connection) -> None:
    """Run while no other upgrade of this database does; another one waits here and then finds nothing to do."""
    owns_transaction = not connection.in_transaction()
    with alone(connection), limited(connection):
        # A revision that commits its work piece by piece asks for it: `op.get_context().opts.get("owns_transaction")`.
        context.configure(connection=connection, owns_transaction=owns_transaction, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Hold the advisory lock, leaving no transaction open that Alembic would take for the caller's."""
    if connection.in_transaction():  # the caller's own: it decides when to commit, and the lock goes with it
        wait_for(connection, "pg_try_advisory_xact_lock", is_callers_transaction=True)
        yield
        return
    wait_for(connection, "pg_try_advisory_lock", is_callers_transaction=False)
    try:
        yield
    finally:
        connection.rollback()
        if not connection.invalidated:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK_KEY})
            connection.commit()


def wait_for(connection: Connection, function: str, *, is_callers_transaction: bool) -> None:
    """Try for the lock until it is there.

    Not by waiting in `pg_advisory_lock`: such a statement holds a snapshot, an upgrade that builds an index CONCURRENTLY
    waits for all snapshots, and so the two would deadlock. The pause is the server's, and thus an event loop's too.
    """
    for attempt in range(max(1, round(WAIT_S / POLL_S))):
        if attempt == 1:
            logger.info("waiting for another upgrade of this database")
        if attempt:
            connection.execute(text("SELECT pg_sleep(:pause)"), {"pause": POLL_S})
        is_ours = connection.scalar(text(f"SELECT {function}(:key)"), {"key": ADVISORY_LOCK_KEY})
        if not is_callers_transaction:
            connection.commit()
        if is_ours:
            return
    raise CommandError(
        f"Another upgrade of this database has been running for more than {WAIT_S:g} s.\n"
        "  seen: its session holds the advisory lock of all upgrades\n"
        "  fix: wait for it, or find it: SELECT pid, state, query FROM pg_stat_activity JOIN pg_locks USING (pid) "
        "WHERE locktype = 'advisory'"
    )


@contextmanager
def limited(connection: Connection) -> Iterator[None]:
    """Put the limits of an upgrade in force, and afterwards what held before."""
    is_callers_transaction = connection.in_transaction()
    names = {"names": list(LIMITS)}
    rows = connection.execute(
        text("SELECT name, current_setting(name, true) FROM unnest(CAST(:names AS text[])) AS name"), names
    )
    before = {row.name: row.current_setting for row in rows}
    put(connection, LIMITS, is_local=is_callers_transaction)
    try:
        yield
    finally:
        if not is_callers_transaction:
            connection.rollback()
        if not connection.invalidated and not failed(connection):
            put(connection, before, is_local=is_callers_transaction)


def put(connection: Connection, settings: Mapping[str, str], *, is_local: bool) -> None:
    """Change settings: for the session, or in a transaction of the caller's for as long as that lasts."""
    connection.execute(
        text(
            "SELECT set_config(name, setting, :is_local) FROM unnest(CAST(:names AS text[]), CAST(:settings AS text[])) AS given (name, setting)"
        ),
        {"names": list(settings), "settings": list(settings.values()), "is_local": is_local},
    )
    if not is_local:
        connection.commit()


def failed(connection: Connection) -> bool:
    """Whether the transaction has failed, so that nothing but a rollback is possible."""
    driver = connection.connection.driver_connection
    return bool(driver is not None and driver.info.transaction_status.name == "INERROR")


def database_url() -> URL:
    """Return the URL: the caller's, in `sqlalchemy.url`, or the environment's."""
    url = config.get_main_option("sqlalchemy.url") or os.environ.get(URL_VARIABLE)
    try:
        if url:
            return parse_url(url)
        seen = f"{URL_VARIABLE} is not set"
    except ValueError as error:  # which does not repeat the URL
        seen = f"the URL {error}"
    raise CommandError(f"There is no database to migrate.\n  seen: {seen}\n  fix: export {URL_VARIABLE}={EXAMPLE_URL}")


# Alembic's own messages, at the command line only: a caller that hands over a connection has its own logging.
if config.config_file_name is not None and "connection" not in config.attributes:
    fileConfig(config.config_file_name, disable_existing_loggers=False)

if context.is_offline_mode():
    run_offline()
else:
    run_online()
