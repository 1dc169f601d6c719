"""Chooses values for one row of a table; what fits the conditions, the server says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import combinations, islice, product
from math import isqrt
from typing import Any

import psycopg
from psycopg import sql

from pgharness.rows.hints import hints_of
from pgharness.rows.reading import Connection, first_line, printed
from pgharness.rows.tables import Column, Table
from pgharness.rows.type_values import Values

Value = str | None

# How many combinations of values the server may look through for the columns that one condition binds together.
MOST_COMBINATIONS = 20_000
# The same where there are so many columns that each combination is listed, in values.
MOST_LISTED_VALUES = 200_000
ALTERNATIVES = 60
PARENTS = 10
# Where a row must refer to itself, its key has to be known beforehand, and is out of the way of the sequence.
OWN_KEY_OFFSET = 1_000_000


class Fullness(Enum):
    """How many columns a row gives values: all without a default, as few as it may, or all but those of sequences."""

    FULL = "full"
    SPARSE = "sparse"
    EXPLICIT = "explicit"


class NothingFits(Exception):  # noqa: N818 - it is no error of the code; the table is told to have no rows
    """No value fits; the text says for which column or condition."""


@dataclass(slots=True)
class Chooser:
    """Chooses values for rows of one table."""

    connection: Connection
    table: Table
    values: Values
    _fitting: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    _groups: list[tuple[Column, ...]] | None = None

    def choices(self, number: int, fullness: Fullness) -> list[Choice]:
        """Give, for the row of this number, the columns that are set, each group with its alternatives, best first."""
        groups = self._bound_groups()
        bound = {column.name for group in groups for column in group}
        free = [column for column in self.table.columns if column.name not in bound]
        chosen = [
            Choice((column,), self._free_values(column, number)) for column in free if self._is_set(column, fullness)
        ]
        return chosen + [self._choose_group(group, number, fullness) for group in groups]

    def _is_set(self, column: Column, fullness: Fullness) -> bool:
        if column.default == "sequence":
            return False
        if column.default == "value":
            return fullness is Fullness.EXPLICIT
        return fullness is not Fullness.SPARSE or self._is_required(column)

    def _is_required(self, column: Column) -> bool:
        return column.not_null or self.values.is_not_null(column.type_oid)

    def _free_values(self, column: Column, number: int) -> list[tuple[Value, ...]]:
        """Give a series that begins at another place for each row."""
        fitting: list[tuple[Value, ...]] = [(value,) for value in self._candidates(column) if value is not None]
        if not fitting and self._is_required(column):
            raise NothingFits(f"no value of type {column.type_name} is known for the column {column.name}")
        start = number % len(fitting) if fitting else 0
        return fitting[start:] + fitting[:start] or [(None,)]

    def _bound_groups(self) -> list[tuple[Column, ...]]:
        """Give the columns that conditions and foreign keys bind together, group by group."""
        if self._groups is None:
            links = [set(condition.columns) for condition in self.table.conditions]
            links += [
                set(key.columns) | set(self._own_key(key.columns, key.referred_columns, key.referred_table))
                for key in self.table.foreign_keys
            ]
            self._groups = [
                tuple(column for column in self.table.columns if column.name in group) for group in _joined(links)
            ]
            self._groups = [group for group in self._groups if group]
        return self._groups

    def _own_key(self, columns: Sequence[str], referred: Sequence[str], table: str) -> Sequence[str]:
        """Give the columns that a row must refer to in itself: the first row of a table that requires its own parent."""
        required = all(self._is_required(self.table.column[name]) for name in columns if name in self.table.column)
        return referred if table == self.table.name and required else ()

    def _choose_group(self, group: tuple[Column, ...], number: int, fullness: Fullness) -> Choice:
        candidates = [self._ordered(column, fullness) for column in group]
        for column, options in zip(group, candidates, strict=True):
            if not options:
                raise NothingFits(self._why_nothing(column))
        cap = int(MOST_COMBINATIONS ** (1 / len(group)))
        limited = [_limited(options, cap) if cap > 1 else options for options in candidates]
        starts = [
            0 if fullness is Fullness.SPARSE and not self._is_required(column) else number % len(options)
            for column, options in zip(group, limited, strict=True)
        ]
        found = self._fitting_combinations(group, limited, starts)
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
        """Give the fitting values in the order of preference: NULL and defaults first where a row is to be sparse."""
        fitting = self._candidates(column)
        filled = tuple(value for value in fitting if value is not None)
        default = self._default(column)
        filled = tuple(dict.fromkeys([*default, *filled] if fullness is not Fullness.EXPLICIT else [*filled, *default]))
        if self._is_required(column):
            return filled
        return (None, *filled) if fullness is Fullness.SPARSE else (*filled, None)

    def _candidates(self, column: Column) -> tuple[Value, ...]:
        """Give the values that fit the conditions on this column alone, looked up once for all rows."""
        if column.name not in self._fitting:
            self._fitting[column.name] = self._look_up(column)
        return self._fitting[column.name]

    def _look_up(self, column: Column) -> tuple[Value, ...]:
        for key in self.table.foreign_keys:
            if column.name in key.columns:
                referred = key.referred_columns[key.columns.index(column.name)]
                if self._own_key(key.columns, key.referred_columns, key.referred_table):
                    return (
                        self._candidates(self.table.column[referred])
                        if referred != column.name
                        else self._series(column)
                    )
                return self._parent_values(key.referred_table, referred)
        return self._series(column)

    def _series(self, column: Column) -> tuple[Value, ...]:
        # A constant in a condition on a neighbour counts too: `a > '2030-01-01' AND b > a`.
        group = next(({one.name for one in group} for group in self._bound_groups() if column in group), set())
        conditions = [one.expression for one in self.table.conditions if group.intersection(one.columns)]
        checks = self.values.domain_checks(column.type_oid)
        label = column.name.strip('"')
        candidates = self.values.candidates(column.type_oid, column.modifier, label, hints_of([*conditions, *checks]))
        if column.default == "sequence":
            candidates = tuple(str(OWN_KEY_OFFSET + int(value)) for value in candidates if value.isdigit())
        alone = [one.expression for one in self.table.conditions if one.columns == (column.name,)]
        return self._filtered(column, candidates, checks, alone) if checks or alone else candidates

    def _filtered(
        self, column: Column, candidates: Sequence[str], domain_checks: Sequence[str], conditions: Sequence[str]
    ) -> tuple[str, ...]:
        """Ask the server which candidates pass the conditions on this column alone, and on its domain (VALUE)."""
        typed = printed(self.values.base_name(column.type_oid, column.type_name))
        query = sql.SQL(
            "SELECT given.value FROM unnest(%s::text[]) WITH ORDINALITY AS given(value, place)"
            " CROSS JOIN LATERAL (SELECT CAST(given.value AS {}) AS {}) AS own"
            " CROSS JOIN LATERAL (SELECT CAST(given.value AS {}) AS value) AS domain"
            " WHERE {} ORDER BY given.place"
        ).format(
            typed,
            printed(column.name),
            typed,
            _all_hold(
                [
                    *(f"(SELECT {check} FROM (SELECT domain.value) AS alone(value))" for check in domain_checks),
                    *(f"(SELECT {condition} FROM (SELECT own.*) AS alone)" for condition in conditions),
                ]
            ),
        )
        try:
            return tuple(value for (value,) in self.connection.execute(query, [list(candidates)]))
        except psycopg.Error:  # a condition that cannot be asked alone is left to the INSERT
            return tuple(candidates)

    def _default(self, column: Column) -> tuple[str, ...]:
        if column.default != "value" or column.default_expression is None:
            return ()
        query = sql.SQL("SELECT CAST({} AS {})::text").format(
            printed(column.default_expression), printed(column.type_name)
        )
        try:
            row = self.connection.execute(query, ()).fetchone()
        except psycopg.Error:  # a default that has no value here (a setting, a division) is none
            return ()
        return () if row is None or row[0] is None else (row[0],)

    def _parent_values(self, table: str, column: str) -> tuple[Value, ...]:
        query = sql.SQL("SELECT DISTINCT {}::text FROM {} WHERE {} IS NOT NULL ORDER BY 1 LIMIT {}").format(
            printed(column), printed(table), printed(column), PARENTS
        )
        try:
            return tuple(value for (value,) in self.connection.execute(query, ()))
        except psycopg.Error as error:
            raise NothingFits(first_line(error)) from error

    def _fitting_combinations(
        self, group: tuple[Column, ...], candidates: list[tuple[Value, ...]], starts: list[int]
    ) -> list[tuple[Value, ...]]:
        """Ask the server for combinations that fulfil all conditions together, those nearest to the starts first."""
        names = {column.name for column in group}
        together = [
            one.expression for one in self.table.conditions if set(one.columns) <= names and len(one.columns) > 1
        ]
        references = [self._reference(key) for key in self.table.foreign_keys if set(key.columns) <= names]
        if len(group) == 1:
            return _diagonal(candidates, starts)
        conditions = [*together, *references]
        if 2 ** len(group) > MOST_COMBINATIONS:
            listed = islice(_near(candidates, starts), MOST_LISTED_VALUES // len(group))
            arguments = [list(values) for values in zip(*listed, strict=True)]
            query = _listed_query(group, conditions)
        else:
            arguments = [list(one) for one in candidates]
            query = _combinations_query(group, conditions, starts)
        try:
            return [tuple(row) for row in self.connection.execute(query, arguments)]
        except psycopg.Error:  # a condition that cannot be asked outside its table is left to the INSERT
            return _diagonal(candidates, starts)

    def _reference(self, key: Any) -> str:
        pairs = list(zip(key.columns, key.referred_columns, strict=True))
        no_reference = " OR ".join(f"given.{column} IS NULL" for column in key.columns)
        found = " AND ".join(f"parent.{referred} = given.{column}" for column, referred in pairs)
        told = f"({no_reference} OR EXISTS (SELECT FROM {key.referred_table} AS parent WHERE {found})"
        if self._own_key(key.columns, key.referred_columns, key.referred_table):
            told += " OR (" + " AND ".join(f"given.{column} = given.{referred}" for column, referred in pairs) + ")"
        return f"{told})"


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


def _combinations_query(group: tuple[Column, ...], conditions: Sequence[str], starts: Sequence[int]) -> sql.Composed:
    """Ask for all combinations of some values for each column."""
    names = [sql.Identifier(f"series {index}") for index in range(len(group))]
    distance = [
        sql.SQL("abs({}.place - {})").format(name, start + 1) for name, start in zip(names, starts, strict=True)
    ]
    return _fitting_query(
        group,
        conditions,
        values=[sql.SQL("{}.value").format(name) for name in names],
        source=sql.SQL(" CROSS JOIN ").join(
            sql.SQL("unnest(%s::text[]) WITH ORDINALITY AS {}(value, place)").format(name) for name in names
        ),
        order=[sql.SQL(" + ").join(distance), *(sql.SQL("{}.place").format(name) for name in names)],
    )


def _listed_query(group: tuple[Column, ...], conditions: Sequence[str]) -> sql.Composed:
    """Ask for combinations that are listed one by one."""
    names = [sql.Identifier(f"value {index}") for index in range(len(group))]
    return _fitting_query(
        group,
        conditions,
        values=[sql.SQL("listed.{}").format(name) for name in names],
        source=sql.SQL("unnest({}) WITH ORDINALITY AS listed({}, place)").format(
            sql.SQL(", ").join([sql.SQL("%s::text[]")] * len(group)), sql.SQL(", ").join(names)
        ),
        order=[sql.SQL("listed.place")],
    )


def _fitting_query(
    group: tuple[Column, ...],
    conditions: Sequence[str],
    *,
    values: Sequence[sql.Composable],
    source: sql.Composable,
    order: Sequence[sql.Composable],
) -> sql.Composed:
    cast = [
        sql.SQL("CAST({} AS {}) AS {}").format(value, printed(column.type_name), printed(column.name))
        for value, column in zip(values, group, strict=True)
    ]
    return sql.SQL("SELECT {} FROM {} CROSS JOIN LATERAL (SELECT {}) AS given WHERE {} ORDER BY {} LIMIT {}").format(
        sql.SQL(", ").join(values),
        source,
        sql.SQL(", ").join(cast),
        _all_hold(
            [
                f"(SELECT {condition} FROM (SELECT given.*) AS alone)" if "given." not in condition else condition
                for condition in conditions
            ]
        ),
        sql.SQL(", ").join(order),
        ALTERNATIVES,
    )


def _all_hold(conditions: Sequence[str]) -> sql.Composable:
    """Join conditions as a CHECK judges them: what is not false, holds."""
    if not conditions:
        return sql.SQL("true")
    return sql.SQL(" AND ").join(printed(f"({condition}) IS NOT FALSE") for condition in conditions)


def _diagonal(candidates: list[tuple[Value, ...]], starts: list[int]) -> list[tuple[Value, ...]]:
    """Give combinations in which every column moves on at once."""
    return [
        tuple(one[(start + step) % len(one)] for one, start in zip(candidates, starts, strict=True))
        for step in range(max(map(len, candidates)))
    ]


def _limited(options: tuple[Value, ...], most: int) -> tuple[Value, ...]:
    """Give the first values; NULL stays, wherever it stands."""
    first = options[:most]
    return (*first[:-1], None) if None in options and None not in first else first


def _near(candidates: list[tuple[Value, ...]], starts: list[int]) -> Iterator[tuple[Value, ...]]:
    """Give combinations in which up to two columns differ from the start, from NULL wherever it may be, or from no NULL."""
    turned = [one[place:] + one[:place] for one, place in zip(candidates, starts, strict=True)]
    first = tuple(one[0] for one in turned)
    empty = tuple(None if None in one else one[0] for one in turned)
    full = tuple(next((value for value in one if value is not None), None) for one in turned)
    bases = dict.fromkeys((first, empty, full))
    width = len(turned)
    # A third of the room is for one change, so that every column has its turn; the rest is for two, as far as it goes.
    singly = min(ALTERNATIVES, MOST_LISTED_VALUES // (9 * width**2))
    in_pairs = isqrt(4 * MOST_LISTED_VALUES // (9 * width**3))
    for changed, most in ((0, 0), (1, singly), (2, in_pairs)):
        for places in combinations(range(width), changed):
            for base in bases:
                others = [
                    [value for value in _limited(turned[place], max(1, most) + 1) if value != base[place]]
                    for place in places
                ]
                for values in product(*others):
                    new = dict(zip(places, values, strict=True))
                    yield tuple(new.get(place, value) for place, value in enumerate(base))


def _joined(links: Sequence[set[str]]) -> list[set[str]]:
    """Join sets that share a member."""
    groups: list[set[str]] = []
    for link in links:
        touching = [group for group in groups if group & link]
        groups = [group for group in groups if not group & link] + [link.union(*touching)]
    return groups
