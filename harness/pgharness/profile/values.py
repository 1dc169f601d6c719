"""What is known of a database's sizes: tables, indexes, keys and how far they have come, settings, and statements, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict

VERSION = 1


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TableSize(_Value):
    """A table, or a materialized view: `rows` is what the planner takes its number of rows for, None where nobody has ever analyzed it.

    `bytes` are those of the rows themselves, `toast_bytes` those of what is stored apart. `parent` is the table that a partition belongs to.
    """

    name: str
    kind: Literal["table", "partitioned table", "materialized view"]
    rows: int | None
    bytes: int
    toast_bytes: int = 0
    parent: str = ""


class IndexSize(_Value):
    """An index, and the table that it belongs to."""

    name: str
    table: str
    bytes: int


class KeyPosition(_Value):
    """How far a column's sequence has come: `last` is the last number given, None where none was, or where the role may not know.

    `end` is the largest number that fits: that of the sequence, of the column, or of the smallest column that refers to it, which `limited_by`
    names. `per_day` is how many are taken, where an earlier profile tells.
    """

    column: str
    sequence: str
    last: int | None
    end: int
    limited_by: str
    is_readable: bool = True
    per_day: float | None = None

    @property
    def used(self) -> float:
        """How much of it is used, 0 to 1."""
        return (self.last or 0) / self.end

    @property
    def days_left(self) -> float | None:
        """How many days are left at the same rate; None where no rate is known."""
        return (self.end - (self.last or 0)) / self.per_day if self.per_day else None


class SettingOf(_Value):
    """A setting of the database, of a role, or of a role in it: `ALTER ROLE … IN DATABASE … SET`."""

    name: str
    value: str
    role: str = ""
    in_database: bool = True


class StatementCalls(_Value):
    """A statement as pg_stat_statements has it, with `$1` for values, and how many times it was called."""

    text: str
    calls: int
    mean_ms: float


class Profile(_Value):
    """One database at one time. `settings` are those in force for a session that sets nothing itself."""

    version: Literal[1] = 1
    taken_at: datetime
    server_version: str
    tables: tuple[TableSize, ...]
    indexes: tuple[IndexSize, ...]
    keys: tuple[KeyPosition, ...]
    settings: dict[str, str]
    set_for: tuple[SettingOf, ...] = ()
    statements: tuple[StatementCalls, ...] | None = None

    @cached_property
    def _tables(self) -> dict[str, TableSize]:
        return {one.name: one for one in self.tables}

    @cached_property
    def _partitions(self) -> dict[str, list[TableSize]]:
        found: dict[str, list[TableSize]] = {}
        for one in self.tables:
            if one.parent:
                found.setdefault(one.parent, []).append(one)
        return found

    @cached_property
    def _indexes(self) -> dict[str, list[IndexSize]]:
        found: dict[str, list[IndexSize]] = {}
        for one in self.indexes:
            found.setdefault(one.table, []).append(one)
        return found

    def table(self, name: str) -> TableSize | None:
        """Return a table by the name that PostgreSQL prints, a partitioned one with all that its partitions hold; None where there is none."""
        found = self._tables.get(name)
        if found is None or found.kind != "partitioned table":
            return found
        leaves = [one for one in self.below(name) if one.kind == "table"]
        counts = [one.rows for one in leaves]
        return found.model_copy(
            update={
                "rows": None if None in counts else sum(one for one in counts if one is not None),
                "bytes": sum(one.bytes for one in leaves),
                "toast_bytes": sum(one.toast_bytes for one in leaves),
            }
        )

    def below(self, name: str) -> Iterator[TableSize]:
        """Yield the partitions of a table, and theirs."""
        for one in self._partitions.get(name, ()):
            yield one
            yield from self.below(one.name)

    def indexes_of(self, table: str) -> tuple[IndexSize, ...]:
        """Return the indexes of a table."""
        return tuple(self._indexes.get(table, ()))

    def number(self, setting: str) -> int | None:
        """Return a setting that is a number, None where the profile does not have it."""
        text = self.settings.get(setting, "")
        return int(text) if text.isdecimal() else None
