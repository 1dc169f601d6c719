"""Runs the chain: on the caller's connection, on a URL, or offline as SQL; one upgrade at a time, one transaction a revision."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.config import fileConfig
from typing import Any

import alembic_postgresql_enum  # noqa: F401 - importing it teaches autogenerate to compare enum types
from alembic import context
from sqlalchemy import Connection, NullPool, create_engine, text

from flowforge_schema.models import metadata

URL_VARIABLE = "FLOWFORGE_DB_URL"

# Any number, so long as every upgrade of this schema asks for the same.
ADVISORY_LOCK_KEY = 7_304_231_991_024_881

# A statement that waits for a lock makes every later query on that table wait behind it. A revision that has to wait
# longer says so itself, with SET LOCAL lock_timeout.
LOCK_TIMEOUT = "5s"

config = context.config

OPTIONS: dict[str, Any] = {
    "target_metadata": metadata,
    "compare_type": True,
    "compare_server_default": True,
    "transaction_per_migration": True,
}


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(dialect_name="postgresql", literal_binds=True, dialect_opts={"paramstyle": "named"}, **OPTIONS)
    context.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run on the caller's connection where there is one, else on one of our own."""
    given: Connection | None = config.attributes.get("connection")
    if given is not None:
        run_on(given)
        return
    with create_engine(database_url(), poolclass=NullPool).connect() as connection:
        run_on(connection)


def run_on(connection: Connection) -> None:
    """Run while no other upgrade of this database does; another one waits here and then finds nothing to do."""
    with locked(connection):
        context.configure(connection=connection, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()


@contextmanager
def locked(connection: Connection) -> Iterator[None]:
    """Hold the advisory lock and set the lock timeout, leaving no transaction open that Alembic would take for the caller's."""
    key = {"key": ADVISORY_LOCK_KEY}
    if connection.in_transaction():  # the caller's own: it decides when to commit, and the lock goes with it
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), key)
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        yield
        return
    connection.execute(text("SELECT pg_advisory_lock(:key)"), key)
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        if not connection.invalidated:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
            connection.execute(text("RESET lock_timeout"))
            connection.commit()


def database_url() -> str:
    """Give the URL: the caller's, in `sqlalchemy.url`, or the environment's."""
    url = config.get_main_option("sqlalchemy.url") or os.environ.get(URL_VARIABLE)
    if not url:
        sys.exit(
            f"There is no database to migrate.\n  seen: {URL_VARIABLE} is not set\n"
            f"  mend: export {URL_VARIABLE}=postgresql+psycopg://user:password@localhost:5432/flowforge"
        )
    return url


# Alembic's own messages, at the command line only: a caller that hands over a connection has its own logging.
if config.config_file_name is not None and "connection" not in config.attributes:
    fileConfig(config.config_file_name, disable_existing_loggers=False)

if context.is_offline_mode():
    run_offline()
else:
    run_online()
