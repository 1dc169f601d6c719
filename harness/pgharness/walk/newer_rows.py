"""Finds what rows a revision admits that the schema before it did not, and puts such rows in before its downgrade is tried."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.catalog.integer_types import LARGEST
from pgharness.records.contents import Contents
from pgharness.rows import Words, add_rows, first_violating
from pgharness.servers import Connection

_LABEL = re.compile(r"'((?:[^']|'')*)'")
_UNIQUE = re.compile(r"^UNIQUE \(([^()]*)\)|^CREATE UNIQUE INDEX .* USING btree \(([^()]*)\)$")
_CHECK = re.compile(r"^CHECK \((.*)\)(?: NOT VALID| NO INHERIT)*$", re.DOTALL)
_LENGTH = re.compile(r"^(?:character varying|character)\((\d+)\)$")
_PRECISION = re.compile(r"^numeric\((\d+),(-?\d+)\)$")
# What a condition may refuse: nothing, a blank, a sign, a number beyond, another word.
_CANDIDATES = ("", " ", "-1", "0", "1", "1000000", "x", "another word", "false", "true", "1900-01-01", "2999-01-01")


@dataclass(frozen=True, slots=True)
class Newer:
    """A row that only the new schema admits: what is to stand in its table, and in words what the old one refused of it."""

    table: str
    wanted: Mapping[str, str | None]
    why: str


def admitted(before: Snapshot, after: Snapshot, connection: Connection, held: Contents) -> Iterator[Newer]:
    """Yield what a revision admits newly in tables that stood before it; `held` are the rows that stand now."""
    for column in before.objects("column"):
        table, _, name = column.object.rpartition(".")
        if (*column, "exists") in after.facts:
            yield from _of_column(before, after, column, table, name)
    kept = _definitions(after)
    for key in (*before.objects("constraint"), *before.objects("index")):
        definition = before.value(*key, "definition")
        table = _table_of(before, key)
        is_kept = (table, definition) in kept
        if definition is not None and not is_kept and after.value("table", table) is not None:
            yield from _second(table, definition, held)
            yield from _refused(connection, before, after, table, definition)


def _table_of(snapshot: Snapshot, key: ObjectKey) -> str:
    return snapshot.facts.get(FactKey(*key, "table")) or key.object.rpartition(".")[0]


def _definitions(snapshot: Snapshot) -> frozenset[tuple[str, str]]:
    """Return the tables of constraints and indexes, each with a definition that it has."""
    return frozenset(
        (_table_of(snapshot, ObjectKey(*key[:2])), value)
        for key, value in snapshot.facts.items()
        if key.property == "definition" and key.kind in {"constraint", "index"}
    )


def _of_column(before: Snapshot, after: Snapshot, column: ObjectKey, table: str, name: str) -> Iterator[Newer]:
    was, now = before.value(*column, "type") or "", after.value(*column, "type") or ""
    if before.value(*column, "not null") and not after.value(*column, "not null"):
        yield Newer(table, {name: None}, f"{name} is NULL, which was refused before")
    wider = _wider(was, now)
    if wider is not None:
        yield Newer(table, {name: wider}, f"{name} holds a value that {was} has not")
    labels = [
        _LABEL.findall(snapshot.value("type", kind, "labels") or "") for snapshot, kind in ((before, was), (after, now))
    ]
    for label in [one for one in labels[1] if one not in labels[0]][:1] if was == now else ():
        yield Newer(table, {name: label.replace("''", "'")}, f"{name} has the new label '{label}'")


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
        if now == "numeric" or (later is not None and int(later[1]) - int(later[2]) > digits):
            return f"1{'0' * digits}"
    return None


def _second(table: str, definition: str, held: Contents) -> Iterator[Newer]:
    """Yield a second row with the values of one that stands, where those need not be unique any more."""
    unique = _UNIQUE.match(definition)
    rows = held.table(table)
    if unique is None or rows is None:
        return
    names = [one.strip() for one in (unique[1] or unique[2]).split(",")]
    places = {one.name: place for place, one in enumerate(rows.columns) if one.name in names}
    for row in rows.rows:
        wanted = {name: row[place] for name, place in places.items()}
        if len(wanted) == len(names) and None not in wanted.values():
            yield Newer(table, wanted, f"{', '.join(names)} equal another row's, which was refused before")
            return


def _refused(connection: Connection, before: Snapshot, after: Snapshot, table: str, definition: str) -> Iterator[Newer]:
    """Yield a value that a CHECK on one column refused, where that is gone."""
    check = _CHECK.match(definition)
    if check is None:
        return
    columns = [one.object for one in before.objects("column") if one.object.rpartition(".")[0] == table]
    named = [
        one for one in columns if re.search(rf"(?<![\w\"]){re.escape(one.rpartition('.')[2])}(?![\w\"])", check[1])
    ]
    if len(named) != 1 or after.value("column", named[0]) is None:
        return
    name, type_name = named[0].rpartition(".")[2], after.value("column", named[0], "type") or ""
    words = [
        one
        for key, value in after.facts.items()
        if key.kind == "constraint"
        for one in _literals(key.object, value, table)
    ]
    found = first_violating(connection, name, type_name, check[1], (*words, *_CANDIDATES))
    if found is not None:
        yield Newer(table, {name: found}, f"{name} is '{found}', which {definition} refused")


def _literals(constraint: str, definition: str, table: str) -> Sequence[str]:
    return _LABEL.findall(definition) if constraint.startswith(f"{table}.") else ()


def put_in(connection: Connection, found: Sequence[Newer], words: Words) -> tuple[Newer, ...]:
    """Insert a row for each, and return those that could be made."""
    made: list[Newer] = []
    for table in dict.fromkeys(one.table for one in found):
        own = [one for one in found if one.table == table]
        added = add_rows(connection, table, [one.wanted for one in own], words)
        made += [one for one, is_added in zip(own, added, strict=True) if is_added]
    return tuple(made)
