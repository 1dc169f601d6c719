"""A running server that the user names by URL: checked, used as it is, and never changed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import psycopg

from pgharness.findings import CannotRun
from pgharness.servers.server import Connection, Server, connect, probe
from pgharness.servers.url import ServerUrl

EXAMPLE = "postgresql://user:password@host:5432/database"

# What libpq says, and what helps. libpq has no codes for these, and says them in the language of the machine; the
# last line then still serves.
_MENDS = (
    ("password", "correct user and password in the URL, or in PGUSER, PGPASSWORD or ~/.pgpass"),
    ("Connection refused", "start the server, or correct host and port in the URL"),
    ("No such file", "start the server, or correct the socket's folder (?host=…) in the URL"),
    ("does not exist", "name a database and a role that exist on the server"),
    ("resolve", "correct the host in the URL"),
    ("timeout", "correct host and port in the URL, or open the firewall"),
    ("", "try the same URL with psql, and correct it"),
)


@contextlib.contextmanager
def given_server(text: str, reason: str) -> Iterator[Server]:
    """Yield the server that the URL names. Raises CannotRun, which never tells the password."""
    url = parse_url(text)
    with _connected(url) as connection:
        version, number, fsync = probe(connection)
        _require_utf8(connection, url)
        _require_right_to_create(connection, url)
    yield Server("url", url, url, version, number, reason, f"PostgreSQL {version} at {url}", fsync)


@contextlib.contextmanager
def connect_given(text: str, **options: Any) -> Iterator[Connection]:
    """Open a session on the database that the URL names, to read it. Raises CannotRun, which never tells the password."""
    with _connected(parse_url(text), **options) as connection:
        probe(connection)
        yield connection


def parse_url(text: str) -> ServerUrl:
    """Read a URL of any PostgreSQL driver; one that names no database means the one that libpq would take. Raises CannotRun."""
    try:
        url = ServerUrl.parse(text)
    except ValueError as error:
        raise _no_url(text) from error
    return url if url.database else url.with_database(url.user or "postgres")


def _no_url(text: str) -> CannotRun:
    hidden = re.sub(r"(//).*(@)|(password=)[^&]*", r"\1\3***\2", text)
    return CannotRun("Invalid server URL.", seen=hidden, mend=f"write it as {EXAMPLE}")


@contextlib.contextmanager
def _connected(url: ServerUrl, **options: Any) -> Iterator[Connection]:
    try:
        connection = connect(url, **options)
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        raise _no_connection(url, error) from None  # libpq's own text names no password, a traceback may
    with connection:
        yield connection


def _no_connection(url: ServerUrl, error: psycopg.Error) -> CannotRun:
    seen = " ".join(str(error).split())
    mend = next(mend for words, mend in _MENDS if words in seen)
    return CannotRun(f"Could not connect to the server {url}.", seen=seen, mend=mend)


def _require_utf8(connection: Connection, url: ServerUrl) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "SQL_ASCII":
        return
    raise CannotRun(
        f"The database {url.database!r} of the given server is in SQL_ASCII, where text has no meaning beyond its bytes.",
        seen=f"server_encoding is {encoding} at {url}",
        mend="createdb --template=template0 --encoding=UTF8 --locale=C pgharness, and name that database in the URL",
    )


def _require_right_to_create(connection: Connection, url: ServerUrl) -> None:
    row = connection.execute(
        "SELECT (rolcreatedb OR rolsuper), rolname, pg_is_in_recovery() FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    may_create, role, is_standby = row or (False, url.user, False)
    if is_standby:
        raise CannotRun(
            f"The server {url} is a standby.",
            seen="pg_is_in_recovery() is true, so no database can be created on it",
            mend="give the URL of a server that can be written",
        )
    if not may_create:
        raise CannotRun(
            f"The role of the server {url} may not create databases.",
            seen=f"the role {role} has no CREATEDB",
            mend=f'ALTER ROLE "{role}" CREATEDB, or give the URL of a role that has it',
        )
