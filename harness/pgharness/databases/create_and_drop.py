"""Creating and dropping databases by the quickest way that a server allows."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Literal

import psycopg
from psycopg import errors, sql

from pgharness.databases.names import KEPT, PREFIX
from pgharness.findings import CannotRun
from pgharness.servers import Connection, Server

_END_LIMIT_S = 10.0
_FILE_COPY_METHOD_VERSION_NUMBER = 180000


def prepare_session(connection: Connection, server: Server) -> None:
    """Let a session idle as long as it has to, and let copies be clones of files where 18 offers that."""
    connection.execute("SET idle_session_timeout = 0")
    if not server.fsync and server.version_number >= _FILE_COPY_METHOD_VERSION_NUMBER:
        connection.execute("SET file_copy_method = 'clone'")


def create_database(connection: Connection, server: Server, name: str, template: str) -> None:
    """Copy a database. WAL_LOG spares the checkpoints that are dear where the server flushes; else files are copied."""
    _create(connection, server, name, template, sql.SQL(""))


def create_empty_database(connection: Connection, server: Server, name: str) -> None:
    """Make an empty database in UTF8, whatever the encoding of the cluster."""
    _create(connection, server, name, "template0", sql.SQL(" ENCODING 'UTF8'") + _locale(connection, server))


def drop_database(connection: Connection, name: str) -> None:
    """Drop a database and end its sessions, without the pauses of 100 ms that `WITH (FORCE)` makes for them.

    Raises CannotRun where somebody holds it whose sessions our role may not end.
    """
    _require_ours(name)
    try:
        _drop(connection, name)
    except errors.InsufficientPrivilege as error:
        raise _cannot_drop(name, error) from error
    except errors.ObjectInUse as error:
        if not _forget_subscriptions(connection, name):
            raise _cannot_drop(name, error) from error
        _drop(connection, name)


def drop_template(connection: Connection, name: str) -> None:
    """Drop a sealed template, if it exists."""
    _require_ours(name)
    with contextlib.suppress(errors.InvalidCatalogName):
        connection.execute(sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE false").format(sql.Identifier(name)))
        drop_database(connection, name)


def mark_as_kept(connection: Connection, name: str) -> None:
    """Mark it, so that later runs do not take this database for a leftover."""
    comment = sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(KEPT))
    connection.execute(comment)


def end_sessions(connection: Connection, name: str) -> None:
    """End all sessions on a database and wait until they are gone."""
    if _terminate_sessions(connection, name):
        _await_end_of_sessions(connection, name)


def _drop(connection: Connection, name: str) -> None:
    if _terminate_sessions(connection, name):
        # Somebody was connected and may come again.
        _allow_connections(connection, name, "false")
        _await_end_of_sessions(connection, name)
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _allow_connections(connection: Connection, name: str, allowed: Literal["true", "false"]) -> None:
    statement = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}").format(sql.Identifier(name), sql.SQL(allowed))
    with contextlib.suppress(errors.InvalidCatalogName):
        connection.execute(statement)


def _forget_subscriptions(connection: Connection, name: str) -> bool:
    """Drop a database's subscriptions, without which it cannot be dropped itself; say whether there were any.

    The slot at the publisher is none of ours and stays (manual, "Subscription Management").
    """
    found = connection.execute(
        "SELECT subname FROM pg_catalog.pg_subscription WHERE subdbid = "
        "(SELECT oid FROM pg_catalog.pg_database WHERE datname = %s)",
        [name],
    ).fetchall()
    if not found:
        return False
    _allow_connections(connection, name, "true")
    info = connection.info
    options: dict[str, Any] = {**info.get_parameters(), "password": info.password, "dbname": name, "autocommit": True}
    with psycopg.connect(**options) as inside:
        for (subscription,) in found:
            for act in (
                "ALTER SUBSCRIPTION {} DISABLE",
                "ALTER SUBSCRIPTION {} SET (slot_name = NONE)",
                "DROP SUBSCRIPTION {}",
            ):
                inside.execute(sql.SQL(act).format(sql.Identifier(subscription)))
    return True


def _cannot_drop(name: str, error: psycopg.Error) -> CannotRun:
    return CannotRun(
        f"Could not drop the database {name}.",
        seen=" ".join(str(error).split()),
        mend=f'end what holds it (pg_stat_activity shows whose it is), then DROP DATABASE "{name}"',
    )


def _require_ours(name: str) -> None:
    if not name.startswith(PREFIX):
        raise ValueError(f"{name} is not a database of pgharness, and is not dropped")


def _create(connection: Connection, server: Server, name: str, template: str, more: sql.Composable) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}{}").format(
        sql.Identifier(name),
        sql.Identifier(template),
        sql.SQL("WAL_LOG" if server.fsync else "FILE_COPY"),
        more,
    )
    try:
        connection.execute(statement)
    except errors.DiskFull as error:
        raise CannotRun(
            f"Could not create the database {name} on {server.description}.",
            seen=str(error).strip(),
            mend="free space where the server keeps its data, or use another server",
        ) from error


def _terminate_sessions(connection: Connection, name: str) -> int:
    """Ask every session on a database to end, and give their number.

    DROP DATABASE ends autovacuum by itself. What belongs to a role of more rights has no type for ours.
    """
    rows = connection.execute(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity "
        "WHERE datname = %s AND backend_type <> 'autovacuum worker'",
        [name],
    )
    return len(rows.fetchall())


def _await_end_of_sessions(connection: Connection, name: str) -> None:
    """Look twice a millisecond; a session is gone a millisecond after it was asked to end."""
    give_up_at = time.monotonic() + _END_LIMIT_S
    while time.monotonic() < give_up_at and _terminate_sessions(connection, name):
        time.sleep(0.0005)


def _locale(connection: Connection, server: Server) -> sql.SQL:
    """Return a locale for clusters in another encoding, whose own may not fit UTF8; C fits every encoding."""
    row = connection.execute(
        "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'template0'"
    ).fetchone()
    if row == ("UTF8",):
        return sql.SQL("")
    if server.version_number >= 170000:  # the builtin provider is new in 17
        return sql.SQL(" LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'")
    return sql.SQL(" LOCALE_PROVIDER libc LOCALE 'C'")
