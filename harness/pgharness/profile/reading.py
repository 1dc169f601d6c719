"""Reads a profile from a running database, with a role that may read its catalog and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import errors

from pgharness.catalog.integer_types import LARGEST
from pgharness.findings import CannotRun
from pgharness.profile.values import (
    IndexSize,
    KeyPosition,
    Profile,
    SettingOf,
    StatementCalls,
    TableSize,
)
from pgharness.servers import Connection

SETTINGS = (
    *("autovacuum", "checkpoint_timeout", "DateStyle", "deadlock_timeout", "default_transaction_isolation", "fsync"),
    *("full_page_writes", "idle_in_transaction_session_timeout", "lock_timeout", "maintenance_work_mem"),
    *("max_connections", "max_locks_per_transaction", "max_parallel_maintenance_workers", "max_prepared_transactions"),
    *("max_wal_size", "shared_buffers", "statement_timeout", "synchronous_commit", "TimeZone", "transaction_timeout"),
    *("wal_level", "work_mem"),
)
"""All that is read of settings: another one may hold a secret."""
_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_READS_OR_WRITES = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)\b", re.IGNORECASE)
# A text that was put back between parsing and the end of the statement may have its values (manual, F.32 "pg_stat_statements").
_HAS_A_VALUE = re.compile(r"'|\$\w*\$|(?<![\w$])\d")
_QUOTED_NAME = re.compile(r'"(?:[^"]|"")*"')
_VIEW = """
SELECT pg_catalog.format('%I.pg_stat_statements', n.nspname)
FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
"""
_HIDDEN = "<insufficient privilege>"
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Reading:
    """A profile, and what is missing from it: each with what to type, in words."""

    profile: Profile
    missing: tuple[str, ...]


def take_profile(connection: Connection, *, statements: bool, earlier: Profile | None = None) -> Reading:
    """Read the database in one transaction that may only read. With `earlier`, keys have a rate. Raises CannotRun."""
    try:
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # Sizes are read under the weakest lock, which waits behind a migration that runs; and all who come later would wait behind it.
            connection.execute("SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '60s'")
            return _read(connection, earlier, statements=statements)
    except errors.LockNotAvailable as error:
        raise CannotRun(
            "Could not read the sizes.",
            seen=f"{_first_line(error)}: a migration holds a table",
            mend="run it again when that has ended",
        ) from error
    except errors.InsufficientPrivilege as error:
        raise CannotRun(
            "Could not read the sizes.",
            seen=_first_line(error),
            mend=f'GRANT pg_monitor TO "{connection.info.user}"',
        ) from error
    except psycopg.Error as error:
        raise CannotRun(
            "Could not read the sizes.", seen=_first_line(error), mend="try the same URL with psql, and correct it"
        ) from error


def _read(connection: Connection, earlier: Profile | None, *, statements: bool) -> Reading:
    told = connection.execute("SELECT pg_catalog.now(), pg_catalog.current_setting('server_version')").fetchone()
    assert told is not None
    taken_at, version = told
    keys = tuple(_key(row, taken_at, earlier) for row in _rows(connection, "keys") if row[1] in LARGEST)
    called, left_out = _statements(connection) if statements else (None, ())
    profile = Profile(
        taken_at=taken_at,
        server_version=str(version).split()[0],
        tables=tuple(
            TableSize(name=name, kind=kind, rows=rows, bytes=size, toast_bytes=toast, parent=parent)
            for name, kind, rows, size, toast, parent in _rows(connection, "tables")
        ),
        indexes=tuple(
            IndexSize(name=name, table=table, bytes=size) for name, table, size in _rows(connection, "indexes")
        ),
        keys=keys,
        settings=dict(_rows(connection, "settings", list(SETTINGS))),
        set_for=tuple(
            SettingOf(name=name, value=value, role=role, in_database=here)
            for name, value, role, here in _rows(connection, "set_for", list(SETTINGS))
        ),
        statements=called,
    )
    return Reading(profile, (*_missing(profile, connection.info.user), *left_out))


def _rows(connection: Connection, query: str, *parameters: object, view: str = "") -> list[tuple[Any, ...]]:
    text = files(__package__).joinpath(f"{query}.sql").read_bytes().replace(b"{view}", view.encode())
    # Without parameters psycopg leaves the percent signs of format() as they are.
    return connection.execute(text, parameters or None).fetchall()


def _key(row: tuple[Any, ...], now: datetime, earlier: Profile | None) -> KeyPosition:
    """Return how far a key has come; the end is the nearest of sequence, column, and the columns that refer to it."""
    column, type_name, sequence, is_readable, last, largest, referring = row
    ends = [(LARGEST[type_name], column), *((LARGEST[other], name) for name, other in referring if other in LARGEST)]
    end, limited_by = min([*ends, (largest, f"sequence {sequence}")], key=lambda one: one[0])
    rate = _per_day(column, last, now, earlier) if last is not None and earlier is not None else None
    return KeyPosition(
        column=column,
        sequence=sequence,
        last=last,
        end=end,
        limited_by=limited_by,
        is_readable=is_readable,
        per_day=rate,
    )


def _per_day(column: str, last: int, now: datetime, earlier: Profile) -> float | None:
    """Return how many numbers are taken a day since the earlier profile; None where it does not tell."""
    before = next((one.last for one in earlier.keys if one.column == column), None)
    seconds = (now - earlier.taken_at).total_seconds()
    if before is None or last <= before or seconds <= 0:
        return None
    return (last - before) / seconds * SECONDS_A_DAY


def _statements(connection: Connection) -> tuple[tuple[StatementCalls, ...], tuple[str, ...]]:
    """Return what pg_stat_statements has without values, and what was left out. Raises CannotRun where it cannot be read."""
    try:
        with connection.transaction():
            view = connection.execute(_VIEW).fetchone()
            rows = _rows(connection, "statements", view=str(view[0]) if view is not None else "pg_stat_statements")
    except errors.InsufficientPrivilege as error:
        role = connection.info.user
        raise CannotRun(
            "Could not read pg_stat_statements.",
            seen=_first_line(error),
            mend=f'GRANT pg_read_all_stats TO "{role}", and USAGE ON SCHEMA of the extension; or leave --statements out',
        ) from error
    except (errors.UndefinedTable, errors.ObjectNotInPrerequisiteState) as error:
        raise CannotRun(
            "Could not read pg_stat_statements.",
            seen=_first_line(error),
            mend="set shared_preload_libraries = 'pg_stat_statements' and CREATE EXTENSION pg_stat_statements; or leave --statements out",
        ) from error
    hidden = sum(text == _HIDDEN for text, _, _ in rows)
    texts = [
        (" ".join(_COMMENT.sub(" ", text).split()), calls, mean)
        for text, calls, mean in rows
        if text and text != _HIDDEN
    ]
    asked = [one for one in texts if _READS_OR_WRITES.match(one[0])]
    kept = tuple(
        StatementCalls(text=text, calls=calls, mean_ms=round(mean, 3))
        for text, calls, mean in asked
        if not has_a_value(text)
    )
    return kept, tuple(_left_out(connection.info.user, hidden, len(asked) - len(kept)))


def has_a_value(text: str) -> bool:
    """Whether a statement's text holds a value: a literal of any kind, or a number that is no part of a name."""
    return _HAS_A_VALUE.search(_QUOTED_NAME.sub("name", text)) is not None


def _left_out(role: str, hidden: int, with_values: int) -> Iterator[str]:
    if hidden:
        yield f'{_counted(hidden)} of other roles may not be read: GRANT pg_read_all_stats TO "{role}"'
    if with_values:
        yield f"{_counted(with_values)} left out, because the text has values in it"


def _counted(statements: int) -> str:
    return "1 statement" if statements == 1 else f"{statements} statements"


def _missing(profile: Profile, role: str) -> Iterator[str]:
    """Yield what the profile does not know, with what to type."""
    unknown = [one.name for one in profile.tables if one.rows is None and one.bytes]
    if unknown:
        yield f"nobody has analyzed {_some(unknown)}, so the rows are not known: ANALYZE {', '.join(unknown)}"
    unread = [one.sequence for one in profile.keys if not one.is_readable]
    if unread:
        grants = "; ".join(f'GRANT SELECT, USAGE ON SEQUENCE {one} TO "{role}"' for one in dict.fromkeys(unread))
        yield f"how far {_some(unread)} has come may not be read: {grants}"


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def _first_line(error: psycopg.Error) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
