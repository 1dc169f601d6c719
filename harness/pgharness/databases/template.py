"""A sealed template: built once over all processes, shared while anybody uses it, dropped by the last."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Literal

from psycopg import sql

from pgharness.databases.create_and_drop import drop_template, end_sessions
from pgharness.databases.database import Database
from pgharness.databases.names import lock_key
from pgharness.findings import CannotRun
from pgharness.servers import Connection

_POLL_S = 0.01
_BUILD_LIMIT_S = 30 * 60


def enter_template(session: Connection, template: Database, build: Callable[[], Database]) -> None:
    """Make sure that the template exists, and hold it until `leave_template`; `build` gives a database with its content."""
    _lock(session, "use", template.name, "shared")
    try:
        if not _is_sealed(session, template.name):
            with _sole_builder(session, template.name):
                if not _is_sealed(session, template.name):
                    _seal(session, build(), template)
    except BaseException:
        _unlock(session, "use", template.name, "shared")
        raise


def hold_template(session: Connection, name: str) -> bool:
    """Hold a template again, in a new session; False where it is gone meanwhile, and nothing is held."""
    _lock(session, "use", name, "shared")
    if _is_sealed(session, name):
        return True
    _unlock(session, "use", name, "shared")
    return False


def leave_template(session: Connection, name: str) -> None:
    """Let go of a template, and drop it if nobody else holds it."""
    _unlock(session, "use", name, "shared")
    drop_unused_template(session, name)


def drop_unused_template(session: Connection, name: str) -> None:
    """Drop a template unless somebody holds it."""
    if not _try_lock(session, "use", name, "exclusive"):
        return
    try:
        drop_template(session, name)
    finally:
        _unlock(session, "use", name, "exclusive")


def _is_sealed(session: Connection, name: str) -> bool:
    row = session.execute(
        "SELECT datistemplate AND NOT datallowconn FROM pg_catalog.pg_database WHERE datname = %s", [name]
    ).fetchone()
    return row is not None and bool(row[0])


def _seal(session: Connection, built: Database, template: Database) -> None:
    """Rename the built database to its final name and close it, in one transaction: under that name it is always whole."""
    with built.connect() as warming:
        # The first session in a database writes the file from which later ones read the system catalog; copies get it.
        warming.execute("SELECT 1")
    end_sessions(session, built.name)
    with session.transaction():
        session.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(built.name), sql.Identifier(template.name))
        )
        session.execute(
            sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false").format(
                sql.Identifier(template.name)
            )
        )


@contextlib.contextmanager
def _sole_builder(session: Connection, name: str) -> Iterator[None]:
    _lock(session, "build", name, "exclusive")
    try:
        yield
    finally:
        _unlock(session, "build", name, "exclusive")


def _lock(session: Connection, purpose: str, name: str, mode: Literal["shared", "exclusive"]) -> None:
    """Wait by asking again: a statement that waits could not be interrupted, and would hold a snapshot for minutes."""
    give_up_at = time.monotonic() + _BUILD_LIMIT_S
    while not _try_lock(session, purpose, name, mode):
        if time.monotonic() > give_up_at:
            raise CannotRun(
                f"Could not get the template database {name}.",
                seen=f"another process has been building it for {_BUILD_LIMIT_S // 60} minutes",
                mend="end that process; pg_stat_activity shows its session: application_name LIKE 'pgharness %'",
            )
        time.sleep(_POLL_S)


def _try_lock(session: Connection, purpose: str, name: str, mode: Literal["shared", "exclusive"]) -> bool:
    function = "pg_try_advisory_lock_shared" if mode == "shared" else "pg_try_advisory_lock"
    row = session.execute(f"SELECT {function}(%s)", [lock_key(purpose, name)]).fetchone()
    return row is not None and bool(row[0])


def _unlock(session: Connection, purpose: str, name: str, mode: Literal["shared", "exclusive"]) -> None:
    function = "pg_advisory_unlock_shared" if mode == "shared" else "pg_advisory_unlock"
    session.execute(f"SELECT {function}(%s)", [lock_key(purpose, name)])
