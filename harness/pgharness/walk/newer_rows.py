"""Finds what rows one schema admits and another one does not, and puts such rows in before the other one is made.

Before a downgrade these are rows of the new schema, which the old one refuses; before an upgrade those of the old one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.index_shapes import Index, read_indexes
from pgharness.catalog.integer_types import LARGEST
from pgharness.catalog.named import columns_of, table_of
from pgharness.catalog.names import qualifier, unqualified
from pgharness.rows import Words, add_rows
from pgharness.servers import Connection
from pgharness.walk.newer_row import NewerRow
from pgharness.walk.rows_alike import Types, alike
from pgharness.walk.rows_beyond import beyond, beyond_domain

_LABEL = re.compile(r"'((?:[^']|'')*)'")
_OF_FLOATS = ("real", "double precision")
_LENGTH = re.compile(r"^(?:character varying|character)\((\d+)\)$")
_PRECISION = re.compile(r"^numeric\((\d+),(-?\d+)\)$")


def admitted(
    before: Snapshot, after: Snapshot, connection: Connection, *, plain_keys: bool = True
) -> Iterator[NewerRow]:
    """Yield what the schema `after`, which stands now, admits in tables that are in `before` too, and that one does not.

    Rows that are alike in the columns of a plain key are made in any case, wherever no revision has filled these; they are left out without
    `plain_keys`.
    """
    for column in before.objects("column"):
        table, name = qualifier(column.object), unqualified(column.object)
        if (*column, "exists") in after.facts:
            yield from _of_column(before, after, column, table, name)
    kept = _definitions(after)
    for index in _uniques(before):
        is_plain = index.is_unique and index.nulls_distinct and not index.predicate and _has_columns_alone(index, after)
        if is_plain and not plain_keys:
            continue
        if (index.table, index.definition) not in kept and after.value("table", index.table) is not None:
            yield from alike(connection, index, _types(after, index.table))
    for key in before.objects("constraint"):
        definition, table = before.value(*key, "definition"), table_of(before, key)
        if definition is not None and (table, definition) not in kept and after.value("table", table) is not None:
            words = (*_literals(after, table), *_literals(before, table))
            yield from beyond(connection, table, definition, _types(after, table), words)
    yield from _of_domains(before, after, connection)


def adds_refusals(before: Snapshot, after: Snapshot) -> bool:
    """Whether the schema `before` may refuse rows of `after` by anything but NOT NULL, which rows meet in any case."""
    kept = _definitions(after)
    tables = {one.object for one in after.objects("table")}
    constraints = ((table_of(before, key), before.value(*key, "definition")) for key in before.objects("constraint"))
    columns = [one for one in before.objects("column") if (*one, "exists") in after.facts]
    return (
        any((one.table, one.definition) not in kept and one.table in tables for one in _uniques(before))
        or any(
            (definition or "").startswith("CHECK") and (table, definition) not in kept and table in tables
            for table, definition in constraints
        )
        or any(before.value(*one, "type") != after.value(*one, "type") for one in columns)
        or any(
            before.value(*one, "definition") != after.value(*one, "definition")
            for one in before.objects("domain constraint")
        )
    )


def _uniques(snapshot: Snapshot) -> tuple[Index, ...]:
    return tuple(one for one in read_indexes(snapshot) if one.is_unique or one.made_by == "exclusion")


def _has_columns_alone(index: Index, snapshot: Snapshot) -> bool:
    return set(index.expressions) <= _types(snapshot, index.table).keys()


def _types(snapshot: Snapshot, table: str) -> Types:
    """Return the columns of a table with their types."""
    columns = columns_of(snapshot, ObjectKey("table", table))
    return {unqualified(one.object): snapshot.value(*one, "type") or "" for one in columns}


def _of_domains(before: Snapshot, after: Snapshot, connection: Connection) -> Iterator[NewerRow]:
    """Yield what a column has that its domain refuses `before`, or that became one of this domain there."""
    checks = [
        (qualifier(one.object), one, before.value(*one, "definition") or "")
        for one in before.objects("domain constraint")
    ]
    for column in before.objects("column") if checks else ():
        table, name = qualifier(column.object), unqualified(column.object)
        was, now = before.value(*column, "type"), after.value(*column, "type")
        for domain, key, definition in checks:
            is_new = now != was or after.value(*key, "definition") != definition
            if now is not None and was == domain and is_new:
                yield from beyond_domain(connection, table, name, definition, now)


def _definitions(snapshot: Snapshot) -> frozenset[tuple[str, str]]:
    """Return the tables of constraints and indexes, each with a definition that it has."""
    return frozenset(
        (table_of(snapshot, ObjectKey(*key[:2])), value)
        for key, value in snapshot.facts.items()
        if key.property == "definition" and key.kind in {"constraint", "index"}
    )


def _of_column(before: Snapshot, after: Snapshot, column: ObjectKey, table: str, name: str) -> Iterator[NewerRow]:
    was, now = before.value(*column, "type") or "", after.value(*column, "type") or ""
    if before.value(*column, "not null") and not after.value(*column, "not null"):
        yield NewerRow(table, {name: None}, f"{name} is NULL")
    wider = _wider(was, now)
    if wider is not None:
        yield NewerRow(table, {name: wider}, f"{name} holds a value that {was} has not")
    labels = [
        _LABEL.findall(snapshot.value("type", kind, "labels") or "") for snapshot, kind in ((before, was), (after, now))
    ]
    for label in [one for one in labels[1] if one not in labels[0]][:1] if was == now else ():
        yield NewerRow(table, {name: label.replace("''", "'")}, f"{name} has the label '{label}'")


def _wider(was: str, now: str) -> str | None:
    """Return a value that the new type has and the old one has not, None where it is no wider in a way that is known."""
    length = _LENGTH.match(was)
    if length is not None and (now == "text" or int((_LENGTH.match(now) or [0, 0])[1]) > int(length[1])):
        return "x" * (int(length[1]) + 1)
    if was in LARGEST and (now == "numeric" or LARGEST.get(now, 0) > LARGEST[was]):
        return str(LARGEST[was] + 1)
    precision, later = _PRECISION.match(was), _PRECISION.match(now)
    if precision is not None:
        digits = int(precision[1]) - int(precision[2])
        if now in ("numeric", *_OF_FLOATS) or (later is not None and int(later[1]) - int(later[2]) > digits):
            return f"1{'0' * digits}"
    return None


def _literals(snapshot: Snapshot, table: str) -> Iterator[str]:
    """Yield the texts in the constraints of a table."""
    for one in snapshot.objects("constraint"):
        if table_of(snapshot, one) == table:
            yield from _LABEL.findall(snapshot.value(*one, "definition") or "")


def told_by(words: Words, row: NewerRow) -> bool:
    """Whether a row has in each column for which there are words NULL or one of these."""
    return all(value is None or value in words.get((row.table, name), (value,)) for name, value in row.wanted.items())


def put_in(connection: Connection, found: Sequence[NewerRow], words: Words) -> tuple[NewerRow, ...]:
    """Insert the rows of each, and return those that could be made, one by one."""
    made: list[NewerRow] = []
    for table in dict.fromkeys(one.table for one in found):
        own = [one for one in found if one.table == table for _ in range(one.count)]
        added = add_rows(connection, table, [one.wanted for one in own], words)
        made += [one for one, is_added in zip(own, added, strict=True) if is_added]
    return tuple(made)
