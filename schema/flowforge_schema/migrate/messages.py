"""What is said where a database cannot be migrated or looked at: what was seen, what to type, and no value of a row."""

from __future__ import annotations

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from flowforge_schema.errors import AppError, translate
from flowforge_schema.errors.sqlstates import CLASSES_WITH_VALUES


class MigrationError(AppError):
    """A database could not be brought to a revision; the message says what was seen and what to type."""

    code = "migration_failed"
    title = "The database could not be migrated."


def say_invalid(index: str) -> str:
    """Return what is wrong with an invalid index, and what to type."""
    return f"the index {index} is invalid, left by a build that did not end; fix: DROP INDEX CONCURRENTLY {index}"


def lost_a_lock(error: BaseException) -> bool:
    """Whether a lock could not be acquired in time, or was lost in a deadlock; another try may get it."""
    lost = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
    return isinstance(error, DBAPIError) and isinstance(error.orig, lost)


def say_lost(error: BaseException | None, lock_timeout_ms: int) -> str:
    """Return how an attempt lost a lock."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, psycopg.errors.DeadlockDetected):
        return "lost a deadlock"
    return f"could not acquire a lock within {lock_timeout_ms / 1000:g} s"


def say_seen(error: DBAPIError) -> str:
    """Return PostgreSQL's message, or where it would quote a row, what the row was of."""
    original = error.orig
    assert isinstance(original, psycopg.Error)
    if (original.sqlstate or "")[:2] in CLASSES_WITH_VALUES:
        translate(error)  # takes the values out of the error itself, which stays in the chain of causes
        return str(original)
    message = original.diag.message_primary or str(original).strip().splitlines()[0]
    return f"SQLSTATE {original.sqlstate}: {message}"


def say_not_read(error: DBAPIError, connection: Connection) -> str:
    """Return what PostgreSQL refused while the state of the schema was read, and who may be in the way."""
    lines = [f"seen: {say_seen(error)}"]
    mend = "name the role that owns the schema in FLOWFORGE_DB_URL, or correct what the message says"
    if lost_a_lock(error):
        connection.rollback()
        lines += [f"seen: {session}" for session in oldest_transactions(connection)]
        mend = "wait until they have ended; one of them may be an upgrade"
    return "\n  ".join(["Could not read the state of the schema.", *lines, f"fix: {mend}"])


def oldest_transactions(connection: Connection) -> list[str]:
    """Return those who have been in a transaction for longest: one of them is likely to hold the lock."""
    rows = connection.execute(
        text(
            "SELECT pid, application_name, state, date_trunc('second', clock_timestamp() - xact_start) AS age"
            " FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 3"
        )
    )
    return [
        f"session {row.pid} ({row.application_name or 'unnamed'}, {row.state}) has a transaction of {row.age}"
        for row in rows
    ]
