"""Gives rows that stand already values for columns that were added after them, in most rows, as time would have, or in all."""

from __future__ import annotations

import contextlib

import psycopg
from psycopg import sql

from pgharness.rows.column_values import NothingFits, Value
from pgharness.rows.coming import Coming
from pgharness.rows.reading import printed
from pgharness.rows.row_values import ROUND, Chooser, Fullness
from pgharness.rows.tables import Column

# One row in so many keeps NULL, as those do that nobody touched since.
UNTOUCHED = 1
MOST_ROWS = 3 * ROUND


def fill_new_columns(chooser: Chooser, behind: int, coming: Coming) -> None:
    """Set the columns behind this number where they are NULL, in all rows where these are all to differ.

    A row that the server refuses to change stays as it is, and so does what `coming` revisions fill themselves.
    """
    table = chooser.table
    new = [
        column
        for column in table.columns
        if column.number > behind and not column.not_null and not coming.fills_column(table.name, column.name)
    ]
    query = sql.SQL("SELECT tableoid::bigint, ctid::text FROM {} ORDER BY 1, ctid LIMIT {}")
    with contextlib.suppress(psycopg.Error):
        rows = chooser.column_values.connection.execute(query.format(printed(table.name), MOST_ROWS), ()).fetchall()
        for number, place in enumerate(rows):
            if chooser.all_differ or (number % ROUND != UNTOUCHED and len(rows) > UNTOUCHED):
                _set(
                    chooser, place, {column.name: value for column in new for value in _value(chooser, column, number)}
                )


def _value(chooser: Chooser, column: Column, number: int) -> tuple[Value, ...]:
    """Return the value for a row, or nothing where none is known."""
    if chooser.all_differ:
        fullness = Fullness.FULL if number else Fullness.FINE
    else:
        fullness = Fullness.EDGES if number % ROUND == ROUND - 1 else Fullness.FULL
    try:
        return chooser.values(column, number, fullness)[:1]
    except NothingFits:
        return ()


def _set(chooser: Chooser, place: tuple[int, str], values: dict[str, Value]) -> None:
    """Set all at once, and where that is refused, one by one."""
    connection = chooser.column_values.connection
    alone = [{name: value} for name, value in values.items()] if len(values) > 1 else []
    for one in [values, *alone]:
        statement = sql.SQL("UPDATE {} SET {} WHERE tableoid = %s AND ctid = %s::tid").format(
            printed(chooser.table.name),
            sql.SQL(", ").join(sql.SQL("{0} = coalesce({0}, %s)").format(printed(name)) for name in one),
        )
        with contextlib.suppress(psycopg.Error):
            if one:
                connection.execute(statement, [*one.values(), *place], prepare=False)
                return
