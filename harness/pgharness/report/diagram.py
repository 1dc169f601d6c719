"""Says what a diagram of a revision shows: the tables that it changes, their neighbours by foreign keys, and what is new, gone or other in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pgharness.catalog.diff import ObjectDifference, by_object, difference
from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.index_shapes import foreign_key_of
from pgharness.catalog.names import unqualified

MOST_TABLES = 48
MOST_COLUMNS = 12
"""A table shows so many columns: those that change and those of keys first."""
TABLE_KINDS = frozenset({"table", "foreign table", "view", "materialized view"})


class Change(StrEnum):
    """What a revision does with what is shown."""

    NONE = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class DrawnColumn:
    """A column; `marks` are PK and FK."""

    name: str
    type: str
    marks: str
    change: Change


@dataclass(frozen=True, slots=True)
class DrawnTable:
    """A table with some of its columns, the number of `others`, and in words what changes of what is no column."""

    name: str
    kind: str
    change: Change
    columns: tuple[DrawnColumn, ...] = ()
    others: int = 0
    changes: tuple[tuple[Change, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnKey:
    """A foreign key between two of the tables; an optional one has a column that may be NULL."""

    child: str
    parent: str
    columns: tuple[str, ...]
    change: Change
    is_optional: bool


@dataclass(frozen=True, slots=True)
class Diagram:
    """What is shown; `elsewhere` are changes of what belongs to no table, in words; `left_out` counts tables for which there is no room."""

    tables: tuple[DrawnTable, ...] = ()
    keys: tuple[DrawnKey, ...] = ()
    elsewhere: tuple[tuple[Change, str], ...] = ()
    left_out: int = 0


@dataclass(slots=True)
class _Side:
    """One catalog, read once: the columns of each table in their order, and those of its primary key."""

    snapshot: Snapshot
    columns: dict[str, dict[str, Mapping[str, str]]] = field(default_factory=lambda: defaultdict(dict))
    primary: dict[str, frozenset[str]] = field(default_factory=dict)
    keys: list[ObjectKey] = field(default_factory=list)

    def __post_init__(self) -> None:
        for key, properties in self.snapshot.by_object().items():
            table = self.snapshot.parents.get(key)
            if table is None:
                continue
            if key.kind == "column":
                self.columns[table.object][key.object] = properties
            elif properties.get("exists") == "primary key":
                self.primary[table.object] = _in_parentheses(properties.get("definition", ""))
            elif properties.get("exists") == "foreign key":
                self.keys.append(key)


@dataclass(slots=True)
class _Seen:
    """Both catalogs, and what differs by the table that it belongs to."""

    before: _Side
    after: _Side
    of_table: dict[str, list[ObjectDifference]] = field(default_factory=lambda: defaultdict(list))
    elsewhere: list[ObjectDifference] = field(default_factory=list)


def diagram_of(before: Snapshot, after: Snapshot, leave_out: Collection[str] = ()) -> Diagram:
    """Return what changes from one catalog to the next, and what is beside it; `leave_out` are tables that nobody asks after."""
    before, after = before.without(leave_out), after.without(leave_out)
    differences = by_object(difference(before, after))
    if not differences:
        return Diagram()
    seen = _Seen(_Side(before), _Side(after))
    for one in differences:
        owner = _table_of(one, before, after)
        if owner is None:
            seen.elsewhere.append(one)
        else:
            seen.of_table[owner.object].append(one)
    keys = _keys(seen)
    changed = sorted(seen.of_table)
    beside = sorted(
        {end for key in keys if {key.child, key.parent} & set(changed) for end in (key.child, key.parent)}
        - set(changed)
    )
    shown = [*changed, *beside][:MOST_TABLES]
    return Diagram(
        tuple(_drawn(seen, name, keys) for name in shown),
        tuple(key for key in keys if key.child in shown and key.parent in shown),
        tuple(_in_words(one) for one in seen.elsewhere),
        len(changed) + len(beside) - len(shown),
    )


def _table_of(one: ObjectDifference, before: Snapshot, after: Snapshot) -> ObjectKey | None:
    """Return the relation that something belongs to, be it itself; None for what belongs to none."""
    if one.kind in TABLE_KINDS:
        return one.key
    above = tuple(after.ancestors(one.key)) or tuple(before.ancestors(one.key))
    return next((key for key in above if key.kind in TABLE_KINDS), None)


def _change_of(one: ObjectDifference) -> Change:
    return {"left": Change.REMOVED, "right": Change.ADDED, None: Change.CHANGED}[one.only_in]


def _in_words(one: ObjectDifference) -> tuple[Change, str]:
    return _change_of(one), f"{one.kind} {unqualified(one.object)}"


def _keys(seen: _Seen) -> tuple[DrawnKey, ...]:
    """Return the foreign keys of both catalogs, those that come or go marked so."""
    found: dict[str, DrawnKey] = {}
    for side, other, change in ((seen.before, seen.after, Change.REMOVED), (seen.after, seen.before, Change.ADDED)):
        for key in side.keys:
            stays = other.snapshot.value(*key) == "foreign key"
            found[key.object] = _drawn_key(side.snapshot, key, Change.NONE if stays else change)
    return tuple(found[name] for name in sorted(found))


def _drawn_key(snapshot: Snapshot, key: ObjectKey, change: Change) -> DrawnKey:
    one = foreign_key_of(snapshot, key)
    is_optional = any(snapshot.value("column", f"{one.table}.{column}", "not null") is None for column in one.columns)
    return DrawnKey(one.table, one.referenced, one.columns, change, is_optional)


def _drawn(seen: _Seen, name: str, keys: Iterable[DrawnKey]) -> DrawnTable:
    differences = seen.of_table.get(name, [])
    own = next((one for one in differences if one.object == name and one.kind in TABLE_KINDS), None)
    change = _change_of(own) if own is not None else Change.CHANGED if differences else Change.NONE
    snapshot = (seen.before if change is Change.REMOVED else seen.after).snapshot
    kind = next((kind for kind in TABLE_KINDS if snapshot.value(kind, name) is not None), "table")
    columns = list(_columns(seen, name, differences, keys))
    told = _most_telling(columns, is_neighbour=change is Change.NONE)
    return DrawnTable(
        name,
        kind,
        change,
        tuple(told),
        len(columns) - len(told),
        tuple(_in_words(one) for one in differences if one.kind != "column" and one is not own),
    )


def _columns(
    seen: _Seen, table: str, differences: Iterable[ObjectDifference], keys: Iterable[DrawnKey]
) -> Iterator[DrawnColumn]:
    """Yield the columns of both catalogs, in their order."""
    changes = {one.object: _change_of(one) for one in differences if one.kind == "column"}
    referring = {column for key in keys if key.child == table for column in key.columns}
    columns = {**seen.before.columns.get(table, {}), **seen.after.columns.get(table, {})}
    primary = seen.after.primary.get(table) or seen.before.primary.get(table, frozenset())
    # Positions count the columns that there are, so that one that is gone has the place of one that stays.
    placed = sorted(
        columns, key=lambda name: (int(columns[name].get("position", "0")), changes.get(name) is not Change.REMOVED)
    )
    for name in placed:
        properties = columns[name]
        bare = unqualified(name)
        marks = [mark for mark, having in (("PK", primary), ("FK", referring)) if bare in having]
        nullable = "" if properties.get("not null") == "true" else "?"
        yield DrawnColumn(bare, properties.get("type", "") + nullable, " ".join(marks), changes.get(name, Change.NONE))


def _in_parentheses(definition: str) -> frozenset[str]:
    """Return the columns that a definition names: those of `PRIMARY KEY (a, b)`."""
    return frozenset(column.strip() for column in definition.partition("(")[2].partition(")")[0].split(","))


def _most_telling(columns: list[DrawnColumn], *, is_neighbour: bool) -> list[DrawnColumn]:
    """Return the columns for which there is room, in their order: changed ones, keys, then others; of a neighbour its keys alone."""
    weighed = sorted(columns, key=lambda one: (one.change is Change.NONE, not one.marks))
    if is_neighbour:
        weighed = [one for one in weighed if one.marks]
    kept = {id(one) for one in weighed[: 4 if is_neighbour else MOST_COLUMNS]}
    return [one for one in columns if id(one) in kept]
