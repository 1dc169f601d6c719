"""What tables hold at one moment, each value as the text that the server writes for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

Value = str | None


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column of a table; `name` is quoted where it has to be, `number` stays the same when it is renamed (pg_attribute.attnum).

    `type_name` tells a composite type by its attributes too, and `labels` are those of an enum, also of one in an array or a domain.
    """

    name: str
    number: int
    type_name: str
    labels: tuple[str, ...] = ()
    is_generated: bool = False

    def is_kept_in(self, later: StoredColumn) -> bool:
        """Whether each of its values can be the same value there: of the same type, which has lost no label."""
        return self.type_name == later.type_name and set(self.labels) <= set(later.labels)


@dataclass(frozen=True, slots=True)
class TableContents:
    """The rows of a table, each with a value for each column, in the order of the `key` where there is one, else sorted.

    `name` is qualified and quoted, `oid` stays the same when it is renamed. Where there are more rows than are read, it is not whole.
    """

    oid: int
    name: str
    columns: tuple[StoredColumn, ...]
    key: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    is_whole: bool = True

    def column(self, name: str) -> StoredColumn | None:
        """Return the column of this name, or None."""
        return next((one for one in self.columns if one.name == name), None)

    def values(self, name: str) -> frozenset[str]:
        """Return what its rows have in a column, without NULL."""
        places = [place for place, one in enumerate(self.columns) if one.name == name]
        return frozenset(value for row in self.rows for place in places if (value := row[place]) is not None)

    def without(self, keys: Collection[tuple[Value, ...]]) -> TableContents:
        """Return the table without the rows of these keys."""
        places = [place for name in self.key for place, one in enumerate(self.columns) if one.name == name]
        kept = tuple(row for row in self.rows if tuple(row[place] for place in places) not in keys)
        return replace(self, rows=kept)

    def keys(self) -> frozenset[tuple[Value, ...]]:
        """Return what the rows have as their key; empty where the table has none."""
        places = [place for name in self.key for place, one in enumerate(self.columns) if one.name == name]
        return frozenset(tuple(row[place] for place in places) for row in self.rows) if places else frozenset()


@dataclass(frozen=True, slots=True)
class Contents:
    """All tables that can be read, sorted by name."""

    tables: tuple[TableContents, ...]

    def table(self, name: str, oid: int = 0) -> TableContents | None:
        """Return the table of this name, else the one that had it and is called otherwise now; None where there is neither."""
        named = next((one for one in self.tables if one.name == name), None)
        return named or next((one for one in self.tables if one.oid == oid), None)
