"""A running PostgreSQL server: what it is, where it is, and how to connect to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

import psycopg
from psycopg.rows import TupleRow

from pgharness.findings import CannotRun
from pgharness.servers.url import ServerUrl

Kind = Literal["url", "container", "embedded"]
Connection = psycopg.Connection[TupleRow]
Keeps = Callable[[], bool]
"""Says at the end of a run whether a server of our own is to outlive it; asked late, because what is to be looked at is known late."""

# With this variable set, a server of our own outlives the run, until somebody ends it or for a day, so that kept databases can be
# looked at.
KEEP_VARIABLE = "PGHARNESS_KEEP_SERVER"

APPLICATION_NAME = "pgharness"
CONNECT_TIMEOUT_S = 10

# No single statement of a migration takes so long on the few rows of a test, unless it waits for itself.
STATEMENT_LIMIT = "-c statement_timeout=10min"
# A lock that is not granted in half a minute is a deadlock between the harness and itself.
TIMEOUTS = f"-c lock_timeout=30s {STATEMENT_LIMIT}"

OLDEST_VERSION_NUMBER = 150000

# For servers of our own. Nothing has to outlive a crash, so nothing is flushed; autovacuum could hold a session on a template. WAL stays at
# its default level, because a migration may make a publication, and is bounded because it lies in memory.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "256MB",
    "max_connections": "200",
    # As files of the data directory they go with it; POSIX segments would stay in /dev/shm after a kill.
    "dynamic_shared_memory_type": "mmap",
    "TimeZone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Server:
    """One running server; `reason` says why this server was chosen.

    `url` names its maintenance database as we reach it ourselves, `url_for_projects` the same as the code of a project does.
    """

    kind: Kind
    url: ServerUrl
    url_for_projects: ServerUrl
    version: str
    version_number: int
    reason: str
    description: str
    fsync: bool

    @classmethod
    def shared(cls, told: Mapping[str, Any]) -> Self:
        """Return a server that another process has opened, from what its `tell` gave there."""
        urls = {name: ServerUrl.parse(told[name]) for name in ("url", "url_for_projects")}
        return cls(**{**told, **urls})

    def tell(self) -> dict[str, Any]:
        """Return all of it as plain values, passwords too, for another process that uses the same server."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**told, "url": self.url.render(), "url_for_projects": self.url_for_projects.render()}

    @property
    def is_ours(self) -> bool:
        """Whether this server was started for the run, and goes with all that is on it."""
        return self.kind != "url"

    def connect(self, dbname: str | None = None, **options: Any) -> Connection:
        """Open a session in autocommit mode on `dbname`, or on the maintenance database."""
        return connect(self.url if dbname is None else self.database_url(dbname), **options)

    def database_url(self, dbname: str) -> ServerUrl:
        """Return the URL of a database of this server, whether or not it exists."""
        return self.url.with_database(dbname)

    def project_url(self, dbname: str) -> ServerUrl:
        """Return the URL of a database for the code of a project: on a server of ours by TCP and with a password, so that every driver takes it."""
        return self.url_for_projects.with_database(dbname)


def connect(url: ServerUrl, **options: Any) -> Connection:
    """Open a session in autocommit mode with our timeouts and application name.

    `options` go to libpq or psycopg; they win over the URL's query, and that over our defaults.
    """
    defaults: dict[str, Any] = {
        "application_name": APPLICATION_NAME,
        "autocommit": True,
        # In a database in SQL_ASCII psycopg returns text as bytes unless the client's encoding is said.
        "client_encoding": "UTF8",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "options": TIMEOUTS,
    }
    said = dict(url.query)
    unsaid = {name: value for name, value in defaults.items() if name not in said}
    return psycopg.connect(url.conninfo(), **{**unsaid, **options})


def probe(connection: Connection) -> tuple[str, int, bool]:
    """Return version, version number, and whether the server flushes to disk. Raises CannotRun when it is too old."""
    row = connection.execute(
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int, "
        "current_setting('fsync')::bool"
    ).fetchone()
    assert row is not None
    version, number, fsync = str(row[0]).split()[0], int(row[1]), bool(row[2])
    if number < OLDEST_VERSION_NUMBER:
        raise CannotRun(
            "The server is too old.",
            seen=f"PostgreSQL {version}",
            mend="use PostgreSQL 15 or later",
        )
    return version, number, fsync


def kept_by_variable() -> bool:
    """Whether the environment asks for every server of our own to outlive its run."""
    return os.environ.get(KEEP_VARIABLE, "") not in ("", "0")


def tell_kept(url: ServerUrl, stop_command: str) -> None:
    """Print where a kept server is, and how it ends."""
    print(f"pgharness: kept the server {url} until the next run; stop it: {stop_command}", file=sys.stderr)  # noqa: T201 - meant for the reader
