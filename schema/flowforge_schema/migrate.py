"""Brings a database to a revision of the chain that this package carries: one at a time, and again where a lock was not to be had.

Synchronous on purpose: an asynchronous caller uses `asyncio.to_thread(upgrade, settings)`. This is the only module that
imports Alembic.
"""

from __future__ import annotations

import difflib
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import alembic_postgresql_enum  # noqa: F401 - importing it teaches autogenerate to compare enum types
import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from flowforge_schema.errors import AppError, translate
from flowforge_schema.errors.sqlstates import CLASSES_WITH_VALUES
from flowforge_schema.health.chain import chain_folder
from flowforge_schema.models import metadata
from flowforge_schema.settings import DatabaseSettings, parse_url

Target = DatabaseSettings | URL | str
Tell = Callable[[str], None]

APPLICATION_NAME = "flowforge-migrate"
CONNECT_TIMEOUT_S = 10
READING_LOCK_TIMEOUT_MS = 2_000

# `alembic.context` is one for the whole process.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for what: one lock, other upgrades, and between attempts (doubled each time)."""

    lock_timeout_ms: int = 5_000
    wait_s: float = 600
    attempts: int = 6
    first_pause_s: float = 1
    longest_pause_s: float = 30


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Where a database stands: its revision (None before the first), the chain's head, and what lies between, in order.

    A revision that is not known is of a later release, or of another one beside this.
    """

    revision: str | None
    head: str
    pending: tuple[str, ...]
    invalid_indexes: tuple[str, ...]
    is_known: bool


class MigrationError(AppError):
    """A database could not be brought to a revision; the message says what was seen and what to type."""

    code = "migration_failed"
    title = "The database could not be migrated."


def upgrade(
    target: Target, revision: str = "head", *, patience: Patience = Patience(), tell: Tell = lambda _line: None
) -> SchemaStatus:
    """Bring the database up to `revision`; `tell` gets a line for each revision that is done and each pause.

    Each revision is a transaction of its own, so a failure leaves the database at the last one that was done, and a call
    that finds nothing to do changes nothing. Another upgrade of the same database is waited for. Raises MigrationError.
    """
    return _run(command.upgrade, target, revision, patience, tell)


def downgrade(
    target: Target, revision: str, *, patience: Patience = Patience(), tell: Tell = lambda _line: None
) -> SchemaStatus:
    """Bring the database down to `revision`, `-1` or `base`; what only later revisions hold is lost. Raises MigrationError."""
    return _run(command.downgrade, target, revision, patience, tell)


def current(target: Target) -> SchemaStatus:
    """Say where the database stands, and change nothing. Raises MigrationError where it cannot be reached or read."""
    with _reading(target) as connection:
        return _status(connection, _config().scripts)


def check(target: Target) -> tuple[str, ...]:
    """Give what is wrong with the database's schema, each as a line; empty where it is the one that the models describe.

    Looks for pending revisions, invalid indexes, and whatever Alembic's autogenerate would change. Changes nothing, and
    waits for no upgrade. Raises MigrationError where the database cannot be reached or read, or is of a later release.
    """
    with _reading(target) as connection:
        status = _status(connection, _config().scripts)
        refuse_unknown(status)
        behind = [f"revision {name} has not been run; mend: flowforge-schema upgrade" for name in status.pending]
        invalid = [say_invalid(index) for index in status.invalid_indexes]
        return (*behind, *invalid, *(() if behind else _differences(connection)))


def refuse_unknown(status: SchemaStatus) -> None:
    """Raise MigrationError where the database is at a revision that this release does not know."""
    if not status.is_known:
        raise MigrationError(
            f"The database is at {status.revision}, which this release does not know: it is ahead of this code.\n"
            f"  seen: this release's last revision is {status.head}\n"
            "  mend: use the release that made it, or a later one"
        )


def say_invalid(index: str) -> str:
    """Say what is wrong with an invalid index, and what to type."""
    return f"the index {index} is invalid, left by a build that did not end; mend: DROP INDEX CONCURRENTLY {index}"


@dataclass(frozen=True, slots=True)
class _Chain:
    """Alembic's configuration and what it finds by it."""

    config: Config
    scripts: ScriptDirectory


def _config(**attributes: Any) -> _Chain:
    """Configure Alembic for the chain that this installation carries."""
    versions = Path(str(chain_folder()))
    config = Config(stdout=io.StringIO(), attributes=attributes)
    options = {"script_location": versions.parent, "version_locations": versions, "path_separator": "newline"}
    for name, value in options.items():
        config.set_main_option(name, str(value).replace("%", "%%"))
    return _Chain(config, ScriptDirectory.from_config(config))


def _run(
    act: Callable[[Config, str], None], target: Target, revision: str, patience: Patience, tell: Tell
) -> SchemaStatus:
    def pause(state: RetryCallState) -> None:
        assert state.next_action is not None
        tell(f"a lock was not to be had; trying again in {state.next_action.sleep:g} s")

    retrying = Retrying(
        retry=retry_if_exception(_lost_a_lock),
        stop=stop_after_attempt(patience.attempts),
        wait=wait_exponential(multiplier=patience.first_pause_s, max=patience.longest_pause_s),
        before_sleep=pause,
        reraise=True,
    )
    try:
        return retrying(_run_once, act, target, revision, patience, tell)
    except DBAPIError as error:
        raise MigrationError(_told(act.__name__, revision, error, target)) from error


def _run_once(
    act: Callable[[Config, str], None], target: Target, revision: str, patience: Patience, tell: Tell
) -> SchemaStatus:
    def done(*, step: Any, **_rest: Any) -> None:
        tell(f"{'up to' if step.is_upgrade else 'back from'} {step.up_revision_id}")

    chain = _config(lock_timeout_ms=patience.lock_timeout_ms, wait_s=patience.wait_s, on_version_apply=done)
    with _one_at_a_time, _connect(target) as connection:
        chain.config.attributes["connection"] = connection
        before = _invalid_indexes(connection)
        connection.rollback()
        try:
            act(chain.config, revision)
        except CommandError as error:
            raise MigrationError(_not_understood(act.__name__, revision, error, connection, chain.scripts)) from error
        except DBAPIError as error:
            connection.rollback()
            if not connection.invalidated and set(_invalid_indexes(connection)) - set(before):
                # A retry would stumble over it.
                raise MigrationError(_told(act.__name__, revision, error, target)) from error
            raise
        return _status(connection, chain.scripts)


def _lost_a_lock(error: BaseException) -> bool:
    lost = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
    return isinstance(error, DBAPIError) and isinstance(error.orig, lost)


@contextmanager
def _connect(target: Target) -> Iterator[Connection]:
    """Open one connection, with none of the API's limits."""
    engine = create_engine(
        _direct_url(target),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"application_name": APPLICATION_NAME, "connect_timeout": CONNECT_TIMEOUT_S},
    )
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise MigrationError(
            f"The database cannot be reached.\n  seen: {str(error.orig).strip().splitlines()[0]}\n"
            "  mend: start the server, or correct FLOWFORGE_DB_URL"
        ) from error
    with connection:
        yield connection


@contextmanager
def _reading(target: Target) -> Iterator[Connection]:
    """Open one connection to look at the database; what PostgreSQL refuses is a MigrationError."""
    with _connect(target) as connection:
        try:
            # PostgreSQL locks a table to print its expressions.
            connection.execute(text(f"SET LOCAL lock_timeout = '{READING_LOCK_TIMEOUT_MS}ms'"))
            yield connection
        except DBAPIError as error:
            raise MigrationError(_not_read(error, connection)) from error


def _direct_url(target: Target) -> URL:
    if not isinstance(target, DatabaseSettings):
        return parse_url(target) if isinstance(target, str) else target
    if target.through_pgbouncer:
        raise MigrationError(
            "The schema is looked after in a session of its own, and PgBouncer in transaction mode gives none.\n"
            "  seen: FLOWFORGE_DB_THROUGH_PGBOUNCER is true\n"
            "  mend: the same command after FLOWFORGE_DB_THROUGH_PGBOUNCER=false FLOWFORGE_DB_URL=<the server itself>"
        )
    return target.primary_url


def _status(connection: Connection, scripts: ScriptDirectory) -> SchemaStatus:
    heads = MigrationContext.configure(connection).get_current_heads()
    ordered = [script.revision for script in scripts.walk_revisions()][::-1]
    revision = heads[-1] if heads else None
    is_known = revision is None or revision in ordered
    done = 0 if revision is None else len(ordered) if not is_known else ordered.index(revision) + 1
    return SchemaStatus(revision, ordered[-1], tuple(ordered[done:]), _invalid_indexes(connection), is_known)


def _invalid_indexes(connection: Connection) -> tuple[str, ...]:
    """Give the indexes that a CREATE INDEX CONCURRENTLY left behind when it did not end; nothing reads them, IF NOT EXISTS skips them."""
    return tuple(
        connection.scalars(
            text(
                "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index AS i"
                " JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid"
                " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
                " WHERE NOT i.indisvalid AND c.relkind = 'i' AND NOT EXISTS"
                " (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p WHERE p.index_relid = c.oid) ORDER BY 1"
            )
        )
    )


def _differences(connection: Connection) -> tuple[str, ...]:
    """Compare as `alembic check` does, but without env.py, which would first wait until no upgrade runs."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    found = compare_metadata(context, metadata)
    flat = [entry for diff in found for entry in (diff if isinstance(diff, list) else [diff])]
    return tuple(f"{_difference(*entry)}; mend: alembic revision --autogenerate" for entry in flat)


def _difference(operation: str, *subject: Any) -> str:
    names = ", ".join(str(getattr(item, "name", item)) for item in subject if item is not None)
    return f"the models and the database differ: {operation} {names}"


def _told(act: str, revision: str, error: DBAPIError, target: Target) -> str:
    """Say where a revision failed, in PostgreSQL's words but without a row's values, and what was left behind."""
    statement = " ".join((error.statement or "").split())[:200]
    lines = [f"seen: {_seen(error)}", f"seen: in {statement}"]
    with _reading(target) as connection:
        status = _status(connection, _config().scripts)
        if _lost_a_lock(error):
            lines += [f"seen: {session}" for session in _oldest_transactions(connection)]
    lines += [f"seen: {say_invalid(index)}" for index in status.invalid_indexes]
    mend = "end the sessions that hold the lock, then" if _lost_a_lock(error) else "correct what the message says, then"
    lines.append(f"mend: {mend} flowforge-schema {act} {revision} again")
    return "\n  ".join([f"The {act} stopped; the database is at {status.revision or 'base'}.", *lines])


def _seen(error: DBAPIError) -> str:
    """Give PostgreSQL's message, or where it would quote a row, what the row was of."""
    original = error.orig
    assert isinstance(original, psycopg.Error)
    if (original.sqlstate or "")[:2] in CLASSES_WITH_VALUES:
        translate(error)  # takes the values out of the error itself, which stays in the chain of causes
        return str(original)
    message = original.diag.message_primary or str(original).strip().splitlines()[0]
    return f"SQLSTATE {original.sqlstate}: {message}"


def _not_read(error: DBAPIError, connection: Connection) -> str:
    lines = [f"seen: {_seen(error)}"]
    mend = "name the role that owns the schema in FLOWFORGE_DB_URL, or correct what the message says"
    if _lost_a_lock(error):
        connection.rollback()
        lines += [f"seen: {session}" for session in _oldest_transactions(connection)]
        mend = "wait until they have ended; one of them may be an upgrade"
    return "\n  ".join(["The state of the schema cannot be read.", *lines, f"mend: {mend}"])


def _oldest_transactions(connection: Connection) -> list[str]:
    """Name those who have been in a transaction for longest: one of them is likely to hold the lock."""
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


def _not_understood(
    act: str, revision: str, error: CommandError, connection: Connection, scripts: ScriptDirectory
) -> str:
    """Explain what Alembic refuses: a revision that there is not, or none that leads there from where the database stands."""
    if "  mend: " in str(error):
        return str(error)
    connection.rollback()
    status = _status(connection, scripts)
    refuse_unknown(status)
    known = [script.revision for script in scripts.walk_revisions()][::-1]
    if "locate revision" in str(error):
        near = difflib.get_close_matches(revision, known, n=1, cutoff=0.3)
        return (
            f"There is no revision {revision!r}.\n  seen: the chain has {', '.join(known)}\n"
            f"  mend: name one of them{f'; did you mean {near[0]}?' if near else ''}"
        )
    below = ["base", *known][: len(known) - len(status.pending)]
    ways = ", ".join(status.pending if act == "upgrade" else below)
    return (
        f"There is no {act} to {revision!r} from here.\n  seen: the database is at {status.revision or 'base'}\n"
        f"  mend: {f'flowforge-schema {act}, and one of {ways}' if ways else 'none: the chain ends here'}"
    )
