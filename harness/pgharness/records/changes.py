"""What became of the contents of tables between two moments: values that differ, rows that vanished or appeared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pgharness.records.contents import Contents, StoredColumn, TableContents, Value

Row = tuple[Value, ...]


class ValueChange(NamedTuple):
    """A value that differs; `row` names the row by its key, or by all its values where there is none."""

    row: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class TableChanges:
    """What became of one table, in the words of before.

    `values` has the columns with values that differ, `gone` those that are not there any more, `retyped` the types before and after
    of those whose type is another one, `renamed` the names after. `vanished` and `appeared` name rows. A table that is gone has nothing else.
    `rekeyed` names rows that are all there, with another key each, for the key's column was dropped and made again; nothing else is told of them then.
    """

    table: str
    values: Mapping[str, tuple[ValueChange, ...]] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    retyped: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    vanished: tuple[str, ...] = ()
    appeared: tuple[str, ...] = ()
    is_gone: bool = False
    added: tuple[StoredColumn, ...] = ()
    rekeyed: tuple[str, ...] = ()


def changes(before: Contents, after: Contents, *, kept_types: bool = False) -> dict[str, TableChanges]:
    """Return by table what differs of all that was there before; with `kept_types` no values of columns whose type is another one.

    Values of generated columns are not compared: they follow from others.
    """
    return {one.name: _of_table(one, after.table(one.name, one.oid), kept_types=kept_types) for one in before.tables}


@dataclass(frozen=True, slots=True)
class _Matched:
    """A table at two moments, with the columns that are compared, as places in the rows of both."""

    before: TableContents
    after: TableContents
    places: Mapping[str, tuple[int, int]]

    def row_name(self, row: Row, columns: Sequence[StoredColumn]) -> str:
        return ", ".join(f"{column.name}={_shown(value)}" for column, value in zip(columns, row, strict=True))


def _of_table(before: TableContents, after: TableContents | None, *, kept_types: bool) -> TableChanges:
    if after is None:
        return TableChanges(before.name, is_gone=True)
    if after == before:
        return TableChanges(before.name)
    pairs = {one.name: _counterpart(one, before, after) for one in before.columns}
    there = {name: later for name, later in pairs.items() if later is not None}
    of_before = {one.name: one for one in before.columns}
    retyped = {
        name: (of_before[name].type_name, later.type_name)
        for name, later in there.items()
        if not of_before[name].is_kept_in(later)
    }
    compared = {
        name: (before.columns.index(of_before[name]), after.columns.index(later))
        for name, later in there.items()
        if not of_before[name].is_generated and not (kept_types and name in retyped)
    }
    matched = _Matched(before, after, compared)
    values, vanished, appeared = _compared(
        matched, {name: after.columns.index(one) for name, one in there.items()}, retyped
    )
    rekeyed = _rekeyed(matched, there) if values or vanished or appeared else ()
    if rekeyed:
        values, vanished, appeared = {}, (), ()
    known = {one.name for one in there.values()}
    return TableChanges(
        before.name,
        values,
        gone=tuple(name for name, later in pairs.items() if later is None),
        retyped=retyped,
        renamed={name: later.name for name, later in there.items() if later.name != name},
        vanished=vanished,
        appeared=appeared,
        added=tuple(one for one in after.columns if one.name not in known),
        rekeyed=rekeyed,
    )


def _rekeyed(matched: _Matched, there: Mapping[str, StoredColumn]) -> tuple[str, ...]:
    """Name the rows that have another key, where a column of it is another one of that name and type, and all rows are there but for it."""
    before, after = matched.before, matched.after
    key = [one for one in before.columns if one.name in before.key]
    is_whole = before.is_whole and after.is_whole and before.oid == after.oid
    if not (key and is_whole and all(one.name in matched.places for one in key)):
        return ()
    if all(there[one.name].number == one.number for one in key):
        return ()
    rest = [places for name, places in matched.places.items() if name not in before.key]
    rows = [
        [
            (tuple(row[pair[side]] for pair in matched.places.values()), tuple(row[pair[side]] for pair in rest))
            for row in table.rows
        ]
        for side, table in enumerate((before, after))
    ]
    if Counter(other for _, other in rows[0]) != Counter(other for _, other in rows[1]):
        return ()
    later = {whole for whole, _ in rows[1]}
    return tuple(
        matched.row_name(tuple(row[before.columns.index(one)] for one in key), key)
        for row, (whole, _) in zip(before.rows, rows[0], strict=True)
        if whole not in later
    )


def _counterpart(column: StoredColumn, before: TableContents, after: TableContents) -> StoredColumn | None:
    """Return the column of this name, else the one that had it and is called otherwise now."""
    named = after.column(column.name)
    if named is not None or before.oid != after.oid:
        return named
    moved = next((one for one in after.columns if one.number == column.number), None)
    return moved if moved is not None and before.column(moved.name) is None else None


Found = tuple[dict[str, tuple[ValueChange, ...]], tuple[str, ...], tuple[str, ...]]


def _compared(matched: _Matched, there: Mapping[str, int], retyped: Mapping[str, object]) -> Found:
    """Match rows by the key where it is unique at both moments, else as they are."""
    key = matched.before.key
    if key and all(name in there for name in key):
        was = [matched.before.columns.index(one) for name in key for one in matched.before.columns if one.name == name]
        now = [there[name] for name in key]
        rows_before = {tuple(row[place] for place in was): row for row in matched.before.rows}
        rows_after = {tuple(row[place] for place in now): row for row in matched.after.rows}
        is_unique = len(rows_after) == len(matched.after.rows)
        if is_unique and (rows_before.keys() & rows_after.keys() or not any(name in retyped for name in key)):
            return _by_key(matched, rows_before, rows_after)
        if is_unique:
            return {}, (), ()  # a key of another type: what became of the rows is seen on the way back
    return _as_they_are(matched)


def _by_key(matched: _Matched, before: Mapping[Row, Row], after: Mapping[Row, Row]) -> Found:
    columns = [one for name in matched.before.key for one in matched.before.columns if one.name == name]
    values: dict[str, list[ValueChange]] = {}
    for key, row in before.items():
        if (later := after.get(key)) is not None:
            for name, (was, now) in matched.places.items():
                if row[was] != later[now]:
                    change = ValueChange(matched.row_name(key, columns), row[was], later[now])
                    values.setdefault(name, []).append(change)
    vanished = [matched.row_name(key, columns) for key in before if key not in after]
    appeared = [matched.row_name(key, columns) for key in after if key not in before]
    if not (matched.before.is_whole and matched.after.is_whole):
        vanished, appeared = (vanished if _only_moved_up(list(before), list(after)) else []), []
    return {name: tuple(found) for name, found in values.items()}, tuple(vanished), tuple(appeared)


def _only_moved_up(before: Sequence[Row], after: Sequence[Row]) -> bool:
    """Whether of the first rows by key those that are new all come behind the others: they took the places of rows that vanished."""
    known = set(before)
    is_new = [key not in known for key in after]
    return is_new == sorted(is_new)


def _as_they_are(matched: _Matched) -> Found:
    """Compare rows without a key: what is left of each side is paired by likeness, and what has no like vanished or appeared."""
    if not (matched.before.is_whole and matched.after.is_whole):
        return {}, (), ()
    was, now = ([pair[side] for pair in matched.places.values()] for side in (0, 1))
    before = Counter(tuple(row[place] for place in was) for row in matched.before.rows)
    after = Counter(tuple(row[place] for place in now) for row in matched.after.rows)
    left, new = list((before - after).elements()), list((after - before).elements())
    columns = [matched.before.columns[place] for place in was]
    values: dict[str, list[ValueChange]] = {}
    for one, other in _alike(left, new):
        left.remove(one)
        new.remove(other)
        for column, value, later in zip(columns, one, other, strict=True):
            if value != later:
                values.setdefault(column.name, []).append(ValueChange(matched.row_name(one, columns), value, later))
    names = [[matched.row_name(row, columns) for row in rows] for rows in (left, new)]
    return {name: tuple(found) for name, found in values.items()}, tuple(names[0]), tuple(names[1])


def _alike(left: Sequence[Row], new: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Yield pairs of rows that have most values in common, each row once; two that have none are no pair where they are wider."""
    free = list(new)
    for row in tuple(left):
        best = max(free, key=lambda other: _in_common(row, other), default=None)
        if best is not None and (_in_common(row, best) or len(row) == 1):
            free.remove(best)
            yield row, best


def _in_common(row: Row, other: Row) -> int:
    return sum(one == two for one, two in zip(row, other, strict=True))


def _shown(value: Value, limit: int = 40) -> str:
    if value is None:
        return "NULL"
    return value if len(value) <= limit else f"{value[:limit]}…"
