"""Chooses which columns a row sets, which of them together, and in which order their values are tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from pgharness.rows.column_values import ColumnValues, NothingFits, Value
from pgharness.rows.combinations import few_enough, fitting_combinations
from pgharness.rows.hints import hints_of
from pgharness.rows.tables import Column, ForeignKey, Table

# After so many rows, what they differ in begins again.
ROUND = 4
# This one of them is as the first, where it may.
ALIKE = 2
# The one row in which a column is NULL that is looked for so, where all rows are to differ.
NULL_ROW = 1


class Fullness(Enum):
    """Which columns a row gives values: all without a default, as few as it may, or all but those of sequences.

    EDGES gives all of these values near the end of their type, and NULL to those that have a default and take it; FINE gives them values
    that a coarser type would round.
    """

    FULL = "full"
    SPARSE = "sparse"
    EXPLICIT = "explicit"
    EDGES = "edges"
    FINE = "fine"


_EXPLICIT = (Fullness.EXPLICIT, Fullness.EDGES, Fullness.FINE)


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
    wanted: Mapping[str, Value] = field(default_factory=dict)
    """Values that rows are to have, by column."""
    only_wanted: bool = False
    """Whether there is to be no row without these."""
    all_differ: bool = False
    """Whether no row is to share what it need not share with another one."""
    may_be_null: frozenset[str] = frozenset()
    """The columns that are NULL in one row though all are to differ, for somebody looks for that."""

    @property
    def table(self) -> Table:
        """The table."""
        return self.column_values.table

    def choices(self, number: int, fullness: Fullness) -> list[Choice]:
        """Return, for the row of this number, the columns that are set, each group with its alternatives, best first."""
        bound = {column.name for group in self._groups for column in group}
        free = [column for column in self.table.columns if column.name not in bound]
        chosen = [
            Choice(
                (column,), [(None,)] if self._is_null(column, number) else self._free_values(column, number, fullness)
            )
            for column in free
            if self._is_set(column, fullness)
        ]
        return chosen + [self._choose_group(group, number, fullness) for group in self._groups]

    def _is_null(self, column: Column, number: int) -> bool:
        return number == NULL_ROW and column.name in self.may_be_null and not self.column_values.is_required(column)

    def values(self, column: Column, number: int, fullness: Fullness) -> tuple[Value, ...]:
        """Return what the column of a row may be, whatever its neighbours are, best first. Raises NothingFits."""
        return tuple(value for (value,) in self._free_values(column, number, fullness))

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
            return fullness in _EXPLICIT
        return fullness is not Fullness.SPARSE or self.column_values.is_required(column)

    def _free_values(self, column: Column, number: int, fullness: Fullness) -> list[tuple[Value, ...]]:
        """Return what is preferred in this row, then a series that begins at another place for each row."""
        if self.only_wanted and column.name in self.wanted:
            return [(self.wanted[column.name],)]
        fitting = [value for value in self._fitting(column) if value is not None]
        if not fitting and self.column_values.is_required(column):
            raise NothingFits(f"no value of type {column.type_name} is known for the column {column.name}")
        start = self._place(column, number, len(fitting)) if fitting else 0
        preferred = self._preferred(column, fullness) or self._in_capitals(column, number, fitting)
        return [(value,) for value in (*preferred, *fitting[start:], *fitting[:start])] or [(None,)]

    def _in_capitals(self, column: Column, number: int, fitting: Sequence[Value]) -> tuple[Value, ...]:
        """Return, for the third row, what a unique text was in the first, in capitals: two rows that differ in nothing else."""
        if self.all_differ or number % ROUND != ALIKE or column.name not in self._last_of_keys:
            return ()
        return self.column_values.in_capitals(column, fitting[(number - ALIKE) % len(fitting)]) if fitting else ()

    def _preferred(self, column: Column, fullness: Fullness) -> tuple[Value, ...]:
        if column.name in self.wanted:
            return (self.wanted[column.name],)
        if fullness is Fullness.FINE:
            return self.column_values.finest(column)
        if fullness is not Fullness.EDGES:
            return ()
        if column.default == "value" and not self.column_values.is_required(column):
            return (None,)
        return self.column_values.edges(column)

    def _place(self, column: Column, number: int, length: int) -> int:
        """Return where a row begins in a series: the third and the fourth where the first did, with what may be alike in them."""
        row = 0 if self.all_differ else number % ROUND
        is_alike = (row == ALIKE and column.name not in self._last_of_keys) or (
            row == 3 and column.name in self._alike_late
        )
        return (number - row if is_alike else number) % length

    @cached_property
    def _last_of_keys(self) -> frozenset[str]:
        """The columns that are unique, and of several that are so together, the last."""
        return frozenset(columns[-1] for columns in self.table.keys.values() if columns)

    @cached_property
    def _alike_late(self) -> frozenset[str]:
        """Those of them that two rows may agree on where these differ in another one."""
        return self._last_of_keys - {columns[0] for columns in self.table.keys.values() if len(columns) == 1}

    def _choose_group(self, group: tuple[Column, ...], number: int, fullness: Fullness) -> Choice:
        ordered = [self._ordered(column, fullness) for column in group]
        for column, options in zip(group, ordered, strict=True):
            if not options:
                raise NothingFits(self._why_nothing(column))
        conditions = self._conditions_together(group)
        hints = hints_of(conditions)
        candidates = few_enough(ordered, frozenset((*hints.strings, *map(str, hints.numbers))))
        starts = [
            0 if self._begins_first(column, fullness) else self._place(column, number, len(options))
            for column, options in zip(group, candidates, strict=True)
        ]
        found = fitting_combinations(self.column_values.connection, group, conditions, candidates, starts)
        if not found:
            names = [one.name for one in self.table.conditions if set(one.columns) & {column.name for column in group}]
            raise NothingFits(f"no values were found that fulfil {', '.join(names) or 'its foreign keys'}")
        return Choice(group, found)

    def _begins_first(self, column: Column, fullness: Fullness) -> bool:
        """Whether a row prefers the first of a column's options to that of its own number."""
        if fullness is Fullness.SPARSE and not self.column_values.is_required(column):
            return True
        return bool(self._preferred(column, fullness))

    def _why_nothing(self, column: Column) -> str:
        for key in self.table.foreign_keys:
            if column.name in key.columns:
                return f"its foreign key {key.name} needs a row in {key.referred_table}, which has none"
        return f"no value was found for the column {column.name} ({column.type_name})"

    def _ordered(self, column: Column, fullness: Fullness) -> tuple[Value, ...]:
        """Return the fitting values in the order of preference: NULL and defaults first where a row is to be sparse."""
        if self.only_wanted and column.name in self.wanted:
            return (self.wanted[column.name],)
        fitting = self._fitting(column)
        filled = tuple(value for value in fitting if value is not None)
        preferred = self._preferred(column, fullness)
        default = self.column_values.default(column)
        ordered: list[Value] = [*preferred, *filled, *default] if fullness in _EXPLICIT else [*default, *filled]
        options: tuple[Value, ...] = tuple(dict.fromkeys(ordered))
        if self.column_values.is_required(column):
            return options
        if None in options:
            return options
        return (None, *options) if fullness is Fullness.SPARSE else (*options, None)

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
