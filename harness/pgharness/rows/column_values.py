"""Looks up the values that fit one column by itself; whether a condition holds, the server says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

import psycopg
from psycopg import sql

from pgharness.rows.hints import hints_of
from pgharness.rows.reading import Connection, first_line, printed
from pgharness.rows.tables import Column, ForeignKey, Table
from pgharness.rows.type_values import LARGEST, Values

Value = str | None
Words = Mapping[tuple[str, str], tuple[str, ...]]
"""What a column is to hold, by the table's name and its own, both as PostgreSQL prints them."""
NO_WORDS: Words = MappingProxyType({})

PARENTS = 10
# Where a row must refer to itself, its key has to be known beforehand, and is out of the way of the sequence.
OWN_KEY_OFFSET = 1_000_000


class NothingFits(Exception):  # noqa: N818 - it is no error of the code; the table is told to have no rows
    """No value fits; the text says for which column or condition."""


@dataclass(slots=True)
class ColumnValues:
    """The values for columns of one table, looked up once for all rows."""

    connection: Connection
    table: Table
    values: Values
    words: Words = field(default_factory=dict)
    _fitting: dict[str, tuple[Value, ...]] = field(default_factory=dict)

    def is_required(self, column: Column) -> bool:
        """Whether the column, or its domain, is NOT NULL."""
        return column.not_null or self.values.is_not_null(column.type_oid)

    def must_refer_to_itself(self, key: ForeignKey) -> bool:
        """Whether the first row of the table can only be its own parent."""
        referring = (self.table.column[name] for name in key.columns if name in self.table.column)
        return key.referred_table == self.table.name and all(map(self.is_required, referring))

    def fitting(self, column: Column, conditions: Sequence[str]) -> tuple[Value, ...]:
        """Return what fits the conditions on this column alone; `conditions` are those whose constants are worth trying.

        A constant in a condition on a neighbour is: `a > '2030-01-01' AND b > a`. Raises NothingFits where a parent cannot be read.
        """
        if column.name not in self._fitting:
            self._fitting[column.name] = self._look_up(column, conditions)
        return self._fitting[column.name]

    def edges(self, column: Column) -> tuple[str, ...]:
        """Return what fits of the values near the end of the column's type; none for one that refers to another table."""
        return self._fitting_free(column, self.values.edges(column.type_oid, column.modifier, self._label(column)))

    def finest(self, column: Column) -> tuple[str, ...]:
        """Return what fits of the values that a coarser type would round; none for one that refers to another table."""
        return self._fitting_free(column, self.values.finest(column.type_oid, column.modifier, self._label(column)))

    def labels(self, column: Column) -> tuple[str, ...]:
        """Return all values that a column can have, where these are few and named: by an enum, or one by one in a condition."""
        if any(column.name in key.columns for key in self.table.foreign_keys):
            return ()
        alone = [one.expression for one in self.table.conditions if one.columns == (column.name,)]
        constants = hints_of([*alone, *self.values.domain_checks(column.type_oid)]).strings
        named = self.values.labels(column.type_oid)
        fitting = tuple(value for value in self.fitting(column, alone) if value is not None)
        is_listed = bool(constants) and set(fitting) <= set(constants)
        return fitting if is_listed else self._allowed(column, named)

    def default(self, column: Column) -> tuple[str, ...]:
        """Return the value of the column's default, asked of the server; empty where it has none that can be told beforehand."""
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

    def in_capitals(self, column: Column, value: Value) -> tuple[str, ...]:
        """Return a text in capitals, where the column is of texts, and takes it."""
        if value is None or self.values.type_name(column.type_oid) not in ("text", "varchar", "bpchar"):
            return ()
        return self._fitting_free(column, (value.upper(),))

    def _fitting_free(self, column: Column, candidates: tuple[str, ...]) -> tuple[str, ...]:
        """Return those that fit a column whose values are its own, and not another table's, a sequence's or the project's."""
        if column.default == "sequence" or any(column.name in key.columns for key in self.table.foreign_keys):
            return ()
        if (self.table.name, column.name) in self.words:
            return ()
        return self._allowed(column, candidates)

    def _look_up(self, column: Column, conditions: Sequence[str]) -> tuple[Value, ...]:
        key = next((one for one in self.table.foreign_keys if column.name in one.columns), None)
        if key is None:
            return self._series(column, conditions)
        referred = key.referred_columns[key.columns.index(column.name)]
        if not self.must_refer_to_itself(key):
            return self._within(column, self._parent_values(key.referred_table, referred))
        if referred != column.name:
            return self.fitting(self.table.column[referred], conditions)
        return self._series(column, conditions)

    def _series(self, column: Column, conditions: Sequence[str]) -> tuple[Value, ...]:
        words = self.words.get((self.table.name, column.name))
        if words:
            return self._allowed(column, words)
        checks = self.values.domain_checks(column.type_oid)
        label = self._label(column)
        candidates = self.values.candidates(column.type_oid, column.modifier, label, hints_of([*conditions, *checks]))
        if column.default == "sequence":
            candidates = tuple(str(OWN_KEY_OFFSET + int(value)) for value in candidates if value.isdigit())
        return self._allowed(column, candidates)

    def _label(self, column: Column) -> str:
        """Return what values of the column are called by; a UUID is no other table's, too, so that rows may be moved there."""
        name = column.name.strip('"')
        return f"{self.table.name}.{name}" if self.values.type_name(column.type_oid) == "uuid" else name

    def _allowed(self, column: Column, candidates: tuple[str, ...]) -> tuple[str, ...]:
        """Return the candidates that pass the conditions on this column alone."""
        checks = self.values.domain_checks(column.type_oid)
        alone = [one.expression for one in self.table.conditions if one.columns == (column.name,)]
        return self._filtered(column, candidates, checks, alone) if candidates and (checks or alone) else candidates

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
            all_hold(
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

    def _within(self, column: Column, values: tuple[Value, ...]) -> tuple[Value, ...]:
        """Leave out the numbers that a parent's larger type has and this column's has not."""
        largest = LARGEST.get(self.values.type_name(column.type_oid))
        if largest is None:
            return values
        return tuple(value for value in values if value is not None and int(Decimal(value)) <= largest)

    def _parent_values(self, table: str, column: str) -> tuple[Value, ...]:
        query = sql.SQL("SELECT DISTINCT {}::text FROM {} WHERE {} IS NOT NULL ORDER BY 1 LIMIT {}").format(
            printed(column), printed(table), printed(column), PARENTS
        )
        try:
            return tuple(value for (value,) in self.connection.execute(query, ()))
        except psycopg.Error as error:
            raise NothingFits(first_line(error)) from error


def all_hold(conditions: Sequence[str]) -> sql.Composable:
    """Join conditions as a CHECK judges them: what is not false, holds."""
    if not conditions:
        return sql.SQL("true")
    return sql.SQL(" AND ").join(printed(f"({condition}) IS NOT FALSE") for condition in conditions)
