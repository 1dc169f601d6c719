"""Finds conditions that are NOT VALID and that rows of before them may violate still, and lifts them while such rows are put in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.catalog.names import unqualified
from pgharness.records.steps import RevisionRecord
from pgharness.rows.reading import printed
from pgharness.servers import Connection
from pgharness.walk.rows_beyond import named_in
from pgharness.walk.sources import is_seen_whole

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
    """Return the conditions of the schema `met` that rows of before them may violate, for no revision has touched these since.

    `walked` are the revisions that have led to it, in the order in which they ran; what Alembic writes into its `version_table` cleans nothing.
    """
    found = []
    for key in met.objects("constraint"):
        definition = met.value(*key, "definition") or ""
        since = _since(walked, key, definition)
        is_own = met.value(*key, "inherited") is None
        if definition.startswith("CHECK ") and definition.endswith(NOT_VALID) and is_own and since:
            table = met.facts.get(FactKey(*key, "table")) or key.object.rpartition(".")[0]
            may_stand = _admits_the_same(since[0].before, met, table, definition)
            if may_stand and not any(_may_clean(one, unqualified(version_table)) for one in since):
                comment = met.value(*key, "comment") or ""
                found.append(OpenCheck(table, unqualified(key.object), definition, comment))
    return tuple(found)


def _since(walked: Sequence[RevisionRecord], key: ObjectKey, definition: str) -> Sequence[RevisionRecord]:
    """Return the revision that has added the condition, and those behind it; none where it stood there from the beginning."""
    for place in range(len(walked) - 1, -1, -1):
        if walked[place].before.value(*key, "definition") != definition:
            return walked[place:]
    return ()


def _admits_the_same(before: Snapshot, met: Snapshot, table: str, definition: str) -> bool:
    """Whether what the schema `met` admits but for the condition could stand there `before` it was added."""
    columns = [one for one in met.objects("column") if one.object.rpartition(".")[0] == table]
    names = named_in((definition,), [unqualified(one.object) for one in columns])
    named = [one for one in columns if unqualified(one.object) in names]
    return (
        bool(named)
        and all(before.value(*one, what) == met.value(*one, what) for one in named for what in ("type", "not null"))
        and _conditions(before, table) <= _conditions(met, table)
    )


def _conditions(snapshot: Snapshot, table: str) -> frozenset[str]:
    return frozenset(
        (snapshot.value(*key, "definition") or "")
        for key in snapshot.objects("constraint")
        if snapshot.facts.get(FactKey(*key, "table"), key.object.rpartition(".")[0]) == table
    )


def _may_clean(record: RevisionRecord, version_table: str) -> bool:
    """Whether a revision may have changed rows, as far as its statements tell."""
    return (
        record.upgrade.failure is not None
        or not is_seen_whole(record.revision)
        or any(
            _MAY_WRITE.search(one.sql) for one in record.upgrade.statements if one.file or version_table not in one.sql
        )
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
