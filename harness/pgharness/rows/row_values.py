"""Chooses which columns a row sets, which of them together, and in which order their values are tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from pgharness.rows.column_values import ColumnValues, NothingFits, Value
from pgharness.rows.combinations import few_enough, fitting_combinations
from pgharness.rows.tables import Column, ForeignKey, Table


class Fullness(Enum):
    """How many columns a row gives values: all without a default, as few as it may, or all but those of sequences."""

    FULL = "full"
    SPARSE = "sparse"
    EXPLICIT = "explicit"


@dataclass(slots=True)
class Choice:
    """Values for some columns of a row, with alternatives; `place` is the one in use."""

    columns: tuple[Column, ...]
    alternatives: list[tuple[Value, ...]]
    place: int = 0

    @property
    def current(self) -> Iterator[tuple[Column, Value]]:
        """The columns with the values in use."""
        return zip(self.columns, self.alternatives[self.place], strict=True)

    def advance(self) -> bool:
        """Take the next alternative; False where there is none."""
        if self.place + 1 >= len(self.alternatives):
            return False
        self.place += 1
        return True


@dataclass
class Chooser:
    """Chooses values for rows of one table."""

    column_values: ColumnValues

    @property
    def table(self) -> Table:
        """The table."""
        return self.column_values.table

    def choices(self, number: int, fullness: Fullness) -> list[Choice]:
        """Return, for the row of this number, the columns that are set, each group with its alternatives, best first."""
        bound = {column.name for group in self._groups for column in group}
        free = [column for column in self.table.columns if column.name not in bound]
        chosen = [
            Choice((column,), self._free_values(column, number)) for column in free if self._is_set(column, fullness)
        ]
        return chosen + [self._choose_group(group, number, fullness) for group in self._groups]

    @cached_property
    def _groups(self) -> list[tuple[Column, ...]]:
        """The columns that conditions and foreign keys bind together, group by group."""
        links = [set(condition.columns) for condition in self.table.conditions]
        for key in self.table.foreign_keys:
            own_key = key.referred_columns if self.column_values.must_refer_to_itself(key) else ()
            links.append({*key.columns, *own_key})
        joined = _joined(links)
        groups = (tuple(column for column in self.table.columns if column.name in group) for group in joined)
        return [group for group in groups if group]

    def _is_set(self, column: Column, fullness: Fullness) -> bool:
        if column.default == "sequence":
            return False
        if column.default == "value":
            return fullness is Fullness.EXPLICIT
        return fullness is not Fullness.SPARSE or self.column_values.is_required(column)

    def _free_values(self, column: Column, number: int) -> list[tuple[Value, ...]]:
        """Return a series that begins at another place for each row."""
        fitting: list[tuple[Value, ...]] = [(value,) for value in self._fitting(column) if value is not None]
        if not fitting and self.column_values.is_required(column):
            raise NothingFits(f"no value of type {column.type_name} is known for the column {column.name}")
        start = number % len(fitting) if fitting else 0
        return fitting[start:] + fitting[:start] or [(None,)]

    def _choose_group(self, group: tuple[Column, ...], number: int, fullness: Fullness) -> Choice:
        ordered = [self._ordered(column, fullness) for column in group]
        for column, options in zip(group, ordered, strict=True):
            if not options:
                raise NothingFits(self._why_nothing(column))
        candidates = few_enough(ordered)
        starts = [
            0 if fullness is Fullness.SPARSE and not self.column_values.is_required(column) else number % len(options)
            for column, options in zip(group, candidates, strict=True)
        ]
        conditions = self._conditions_together(group)
        found = fitting_combinations(self.column_values.connection, group, conditions, candidates, starts)
        if not found:
            names = [one.name for one in self.table.conditions if set(one.columns) & {column.name for column in group}]
            raise NothingFits(f"no values were found that fulfil {', '.join(names) or 'its foreign keys'}")
        return Choice(group, found)

    def _why_nothing(self, column: Column) -> str:
        for key in self.table.foreign_keys:
            if column.name in key.columns:
                return f"its foreign key {key.name} needs a row in {key.referred_table}, which has none"
        return f"no value was found for the column {column.name} ({column.type_name})"

    def _ordered(self, column: Column, fullness: Fullness) -> tuple[Value, ...]:
        """Return the fitting values in the order of preference: NULL and defaults first where a row is to be sparse."""
        fitting = self._fitting(column)
        filled = tuple(value for value in fitting if value is not None)
        default = self.column_values.default(column)
        filled = tuple(dict.fromkeys([*default, *filled] if fullness is not Fullness.EXPLICIT else [*filled, *default]))
        if self.column_values.is_required(column):
            return filled
        return (None, *filled) if fullness is Fullness.SPARSE else (*filled, None)

    def _fitting(self, column: Column) -> tuple[Value, ...]:
        names = {one.name for group in self._groups if column in group for one in group}
        beside = [one.expression for one in self.table.conditions if names.intersection(one.columns)]
        return self.column_values.fitting(column, beside)

    def _conditions_together(self, group: tuple[Column, ...]) -> Sequence[str]:
        names = {column.name for column in group}
        together = [
            one.expression for one in self.table.conditions if set(one.columns) <= names and len(one.columns) > 1
        ]
        return [*together, *(self._reference(key) for key in self.table.foreign_keys if set(key.columns) <= names)]

    def _reference(self, key: ForeignKey) -> str:
        pairs = list(zip(key.columns, key.referred_columns, strict=True))
        no_reference = " OR ".join(f"given.{column} IS NULL" for column in key.columns)
        found = " AND ".join(f"parent.{referred} = given.{column}" for column, referred in pairs)
        told = f"({no_reference} OR EXISTS (SELECT FROM {key.referred_table} AS parent WHERE {found})"
        if self.column_values.must_refer_to_itself(key):
            told += " OR (" + " AND ".join(f"given.{column} = given.{referred}" for column, referred in pairs) + ")"
        return f"{told})"


def _joined(links: Sequence[set[str]]) -> list[set[str]]:
    """Join sets that share a member."""
    groups: list[set[str]] = []
    for link in links:
        touching = [group for group in groups if group & link]
        groups = [group for group in groups if not group & link] + [link.union(*touching)]
    return groups
