"""Finds conditions that are NOT VALID and that rows of before them may violate still, and lifts them while such rows are put in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.named import columns_of, table_of
from pgharness.catalog.names import unqualified
from pgharness.chain.sources import is_seen_whole
from pgharness.records.steps import RevisionRecord
from pgharness.rows.reading import printed
from pgharness.servers import Connection
from pgharness.walk.rows_beyond import named_in

NOT_VALID = " NOT VALID"
# What may clean rows. What a key does ON DELETE is not done yet.
_MAY_WRITE = re.compile(r"(?<!\bON )\b(?:UPDATE|DELETE|MERGE|TRUNCATE|DO|CALL|SELECT|EXECUTE|USING)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OpenCheck:
    """A CHECK that is NOT VALID; `definition` is as PostgreSQL prints it, `comment` empty where there is none."""

    table: str
    name: str
    definition: str
    comment: str = ""


def open_checks(walked: Sequence[RevisionRecord], met: Snapshot, version_table: str) -> tuple[OpenCheck, ...]:
    """Return the conditions of the schema `met` that rows of before them may violate, for no revision can have cleaned these.

    `walked` are the revisions that have led to it, in the order in which they ran; what Alembic writes into its `version_table` cleans nothing.
    """
    found = ((key, _read(met, key)) for key in met.objects("constraint"))
    name = unqualified(version_table)
    return tuple(one for key, one in found if one is not None and _may_be_violated(one, key, walked, met, name))


def _read(met: Snapshot, key: ObjectKey) -> OpenCheck | None:
    """Return a condition that is NOT VALID; None for what is no such one, or comes from a table above."""
    definition = met.value(*key, "definition") or ""
    is_open = definition.startswith("CHECK ") and definition.endswith(NOT_VALID)
    if not is_open or met.value(*key, "inherited") is not None:
        return None
    return OpenCheck(table_of(met, key), unqualified(key.object), definition, met.value(*key, "comment") or "")


def _may_be_violated(
    check: OpenCheck, key: ObjectKey, walked: Sequence[RevisionRecord], met: Snapshot, version_table: str
) -> bool:
    """Whether rows that violate it could stand there before the revision that adds it, and may stand there still."""
    place = _added_by(walked, key, check.definition)
    if place is None:
        return False
    columns = columns_of(met, ObjectKey("table", check.table))
    names = named_in((check.definition,), [unqualified(one.object) for one in columns])
    named = [one for one in columns if unqualified(one.object) in names]
    return (
        bool(named)
        and _admits_the_same(walked[place].before, met, check.table, named)
        and not any(_may_clean(one, version_table) for one in walked[place:])
        and not any(_cleans(one, check.table, names) for one in walked[:place])
    )


def _added_by(walked: Sequence[RevisionRecord], key: ObjectKey, definition: str) -> int | None:
    """Return the place of the revision that has added the condition; None where it stood there from the beginning."""
    places = range(len(walked) - 1, -1, -1)
    return next((at for at in places if walked[at].before.value(*key, "definition") != definition), None)


def _admits_the_same(before: Snapshot, met: Snapshot, table: str, named: Sequence[ObjectKey]) -> bool:
    """Whether what the schema `met` admits in these columns, but for the condition, could stand there `before` it was added."""
    is_same = all(before.value(*one, what) == met.value(*one, what) for one in named for what in ("type", "not null"))
    return is_same and _conditions(before, table) <= _conditions(met, table)


def _conditions(snapshot: Snapshot, table: str) -> frozenset[str]:
    return frozenset(
        (snapshot.value(*key, "definition") or "")
        for key in snapshot.objects("constraint")
        if table_of(snapshot, key) == table
    )


def _may_clean(record: RevisionRecord, version_table: str) -> bool:
    """Whether a revision may have changed any rows, as far as its statements tell."""
    return (
        record.upgrade.failure is not None
        or not is_seen_whole(record.revision)
        or any(
            _MAY_WRITE.search(one.sql) for one in record.upgrade.statements if one.file or version_table not in one.sql
        )
    )


def _cleans(record: RevisionRecord, table: str, columns: Sequence[str]) -> bool:
    """Whether a revision may have changed these columns of a table, as far as its statements tell."""
    names = [rf"{re.escape(unqualified(table))}\b", f"(?:{'|'.join(map(re.escape, columns))})\\b"]
    return any(
        _MAY_WRITE.search(one.sql) and all(re.search(rf"(?<!\w){name}", one.sql) for name in names)
        for one in record.upgrade.statements
    )


@contextmanager
def lifted(connection: Connection, checks: Sequence[OpenCheck]) -> Iterator[None]:
    """Take the conditions away, and put them back as they were; whoever reads the catalog behind it knows whether they are."""
    for one in checks:
        connection.execute(_altered(one, sql.SQL("DROP CONSTRAINT {}").format(printed(one.name))), ())
    try:
        yield
    finally:
        for one in checks:
            added = sql.SQL("ADD CONSTRAINT {} {}").format(printed(one.name), printed(one.definition))
            connection.execute(_altered(one, added), ())
            if one.comment:
                comment = sql.SQL("COMMENT ON CONSTRAINT {} ON {} IS {}")
                connection.execute(comment.format(printed(one.name), printed(one.table), sql.Literal(one.comment)), ())


def _altered(check: OpenCheck, change: sql.Composed) -> sql.Composed:
    return sql.SQL("ALTER TABLE {} {}").format(printed(check.table), change)
