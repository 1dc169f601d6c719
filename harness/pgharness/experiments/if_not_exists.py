"""Finds in what an object that IF NOT EXISTS kept differs from the one that was asked for, by making that in its place and looking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import psycopg

from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.catalog.names import FULL_NAME
from pgharness.catalog.script import UNWRITABLE_FACTS, render_sql
from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Databases
from pgharness.findings import CannotRun
from pgharness.records.kept import KeptDifference, KeptObject
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord
from pgharness.servers import Connection

# duplicate_table (also of indexes and sequences), duplicate_column (manual, appendix "PostgreSQL Error Codes")
ALREADY_THERE = frozenset({"42P07", "42701"})
_NAME = f"({FULL_NAME})"
_MADE = re.compile(
    rf"^\s*CREATE\s+(?:UNIQUE\s+)?(?:UNLOGGED\s+)?(TABLE|INDEX|SEQUENCE|MATERIALIZED\s+VIEW)\s+(?:CONCURRENTLY\s+)?"
    rf"IF\s+NOT\s+EXISTS\s+{_NAME}",
    re.IGNORECASE,
)
_ADDED = re.compile(
    rf"^\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_NAME}.*?\bADD\s+(?:COLUMN\s+)?IF\s+NOT\s+EXISTS\s+{_NAME}",
    re.IGNORECASE | re.DOTALL,
)
_CLAUSE = re.compile(r"\b(?:CONCURRENTLY\s+)?IF\s+NOT\s+EXISTS\b", re.IGNORECASE)
_CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
# What others may have given to a table since, and where a column stands.
_NOT_ASKED_FOR = frozenset({"position"})
_OF_A_TABLE = frozenset({"table", "column", "constraint", "not null constraint"})


def compare_kept(databases: Databases, item: RevisionRecord) -> Iterator[KeptObject]:
    """Yield what the upgrade kept, of statements that can be run alone; nothing where the catalog before it cannot be made again."""
    kept = [place for place in range(len(item.upgrade.statements)) if _keeps(item, place)]
    if not kept:
        return
    with databases.experiment("kept") as database, database.connect() as connection:
        try:
            connection.execute(render_sql(_writable(item.before)).encode())
        except (CannotRun, psycopg.Error):
            return
        connection.autocommit = False
        for place, statement in enumerate(item.upgrade.statements):
            if place in kept:
                yield from _compared(connection, item.revision.revision, statement)
            _tried(connection, _alone(statement.sql))
        connection.rollback()


def _writable(snapshot: Snapshot) -> Snapshot:
    """Return the catalog without what is left half done, which no statement can bring about; that is judged as it is."""
    half_done = {key for key in snapshot.facts if (key.kind, key.property) in UNWRITABLE_FACTS}
    return replace(snapshot, facts={key: value for key, value in snapshot.facts.items() if key not in half_done})


def _keeps(item: RevisionRecord, place: int) -> bool:
    """Whether the server said during this statement, or with asyncpg behind it, that something is there already."""
    statement = item.upgrade.statements[place]
    is_asked = bool(_MADE.match(statement.sql) or _ADDED.match(statement.sql)) and not statement.parameters
    return is_asked and any(
        notice.sqlstate in ALREADY_THERE and notice.statement in {place, place + 1} for notice in item.upgrade.notices
    )


def _compared(connection: Connection, revision: str, statement: Statement) -> Iterator[KeptObject]:
    """Put what is asked for in the place of what was kept, look, and undo it."""
    made, added = _MADE.match(statement.sql), _ADDED.match(statement.sql)
    if made is not None:
        drop = f"DROP {made[1]} {made[2]}{' CASCADE' if made[1].upper() == 'TABLE' else ''}"
    else:
        assert added is not None
        drop = f"ALTER TABLE {added[1]} DROP COLUMN {added[2]} CASCADE"
    before = take_snapshot(connection)
    connection.execute("SAVEPOINT kept")
    try:
        connection.execute(drop.encode())
        gone = take_snapshot(connection)
        connection.execute(_CLAUSE.sub("", statement.sql).encode())
        asked = take_snapshot(connection)
    except psycopg.Error:
        return  # what is asked for cannot stand there at all, or not alone
    finally:
        connection.execute("ROLLBACK TO kept")
    new = _new(gone, asked)
    if new is not None:
        yield KeptObject(revision, statement, new, tuple(_differences(new, before, asked, gone)))


def _new(gone: Snapshot, asked: Snapshot) -> ObjectKey | None:
    """Return the object that the statement makes, without those that belong to it."""
    new = [key for key in asked.objects() if (*key, "exists") not in gone.facts]
    return next((key for key in new if not any(above in new for above in asked.ancestors(key))), None)


def _differences(made: ObjectKey, before: Snapshot, asked: Snapshot, gone: Snapshot) -> Iterator[KeptDifference]:
    """Yield the facts of what is asked for that what was kept has not, and its columns that every row would have to name.

    Others that nobody asked for may have come with a baseline, for revisions that follow.
    """
    own = [key for key in asked.facts if _belongs(made, key, asked) and key.property not in _NOT_ASKED_FOR]
    definitions = {
        value for key, value in before.facts.items() if key.property == "definition" and key.kind == "constraint"
    }
    for key in own:
        is_called_otherwise = (
            key.kind == "constraint" and asked.value(key.kind, key.object, "definition") in definitions
        )
        if asked.facts[key] != before.facts.get(key) and not is_called_otherwise:
            yield KeptDifference(key, asked.facts[key], before.facts.get(key))
    for key, value in before.facts.items():
        is_more = key.kind == "column" and key not in asked.facts and key not in gone.facts
        if is_more and key.property == "not null" and not _has_a_value(before, key):
            yield KeptDifference(key, None, value)


def _has_a_value(snapshot: Snapshot, key: FactKey) -> bool:
    """Whether a row that does not name the column gets a value there."""
    return any((key.kind, key.object, name) in snapshot.facts for name in ("default", "identity", "generated"))


def _belongs(made: ObjectKey, key: FactKey, snapshot: Snapshot) -> bool:
    owner = ObjectKey(key.kind, key.object)
    return owner == made or (key.kind in _OF_A_TABLE and made in snapshot.ancestors(owner))


def _alone(text: str) -> str:
    return _CONCURRENTLY.sub("", text)


def _tried(connection: Connection, text: str) -> None:
    """Run a statement if it can be run here: what stands before a statement may have made what that needs."""
    connection.execute("SAVEPOINT tried")
    try:
        connection.execute(text.encode())
    except psycopg.Error:
        connection.execute("ROLLBACK TO tried")


def with_notices(records: Sequence[RevisionRecord]) -> Iterator[RevisionRecord]:
    """Yield the revisions that the server told that something was there already."""
    return (item for item in records if any(one.sqlstate in ALREADY_THERE for one in item.upgrade.notices))
