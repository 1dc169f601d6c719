"""Connections for looking after the schema: direct, without a pool, and without the API's limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from flowforge_schema.migrate.messages import MigrationError, say_not_read
from flowforge_schema.placement import has_extension, not_the_coordinator, read_cluster
from flowforge_schema.settings import DatabaseSettings, parse_url

Target = DatabaseSettings | URL | str

APPLICATION_NAME = "flowforge-migrate"
CONNECT_TIMEOUT_S = 10
READING_LOCK_TIMEOUT_MS = 2_000

OLDEST_MAJOR = 18


@contextmanager
def connect(target: Target) -> Iterator[Connection]:
    """Open one connection, with none of the API's limits. Raises MigrationError where the database cannot be reached."""
    engine = create_engine(
        _direct_url(target),
        poolclass=NullPool,
        hide_parameters=True,
        # With the encoding named, a database in SQL_ASCII gives texts, and is refused for what it is.
        connect_args={
            "application_name": APPLICATION_NAME,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "client_encoding": "utf8",
        },
    )
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise MigrationError(
            f"The database cannot be reached.\n  seen: {str(error.orig).strip().splitlines()[0]}\n"
            "  fix: start the server, or correct FLOWFORGE_DB_URL"
        ) from error
    with connection:
        yield connection


@contextmanager
def reading(target: Target) -> Iterator[Connection]:
    """Open one connection to look at the database; what PostgreSQL refuses is a MigrationError."""
    with connect(target) as connection:
        try:
            # PostgreSQL locks a table to print its expressions.
            connection.execute(text(f"SET LOCAL lock_timeout = '{READING_LOCK_TIMEOUT_MS}ms'"))
            yield connection
        except DBAPIError as error:
            raise MigrationError(say_not_read(error, connection)) from error


def major_version(connection: Connection) -> int:
    """Return the server's major version."""
    return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000


def refuse_unfit(connection: Connection) -> None:
    """Raise MigrationError where the chain cannot run on this server, or the data layer not on this database."""
    if (major := major_version(connection)) < OLDEST_MAJOR:
        raise MigrationError(
            f"This schema needs PostgreSQL {OLDEST_MAJOR} or newer, and nothing was changed.\n"
            f"  seen: the server is PostgreSQL {major}, which has no uuidv7()\n"
            f"  fix: name a server of PostgreSQL {OLDEST_MAJOR} in FLOWFORGE_DB_URL"
        )
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise MigrationError(
            "This schema needs a database in UTF8, and nothing was changed.\n"
            f"  seen: its encoding is {encoding}\n"
            "  fix: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and name that one in FLOWFORGE_DB_URL"
        )
    _refuse_worker(connection)


def _direct_url(target: Target) -> URL:
    if not isinstance(target, DatabaseSettings):
        return parse_url(target) if isinstance(target, str) else target
    if target.through_pgbouncer:
        raise MigrationError(
            "The schema is looked after in a session of its own, and PgBouncer in transaction mode gives none.\n"
            "  seen: FLOWFORGE_DB_THROUGH_PGBOUNCER is true\n"
            "  fix: the same command after FLOWFORGE_DB_THROUGH_PGBOUNCER=false FLOWFORGE_DB_URL=<the server itself>"
        )
    return target.primary_url


def _refuse_worker(connection: Connection) -> None:
    """Raise MigrationError on a worker of a cluster, which has the tables and not the chain's place in it."""
    if has_extension(connection) and not (cluster := read_cluster(connection)).is_coordinator:
        problem = not_the_coordinator(cluster)
        raise MigrationError(
            f"The schema is looked after on the coordinator, and nothing was changed.\n  seen: {problem.seen}\n  fix: {problem.mend}"
        )
