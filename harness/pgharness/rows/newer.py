"""Makes one row that has certain values, beside those that stand in its table already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import psycopg
from psycopg import sql

from pgharness.rows.column_values import NO_WORDS, ColumnValues, NothingFits, Value, Words
from pgharness.rows.inserting import insert_fitting
from pgharness.rows.reading import Connection, look_at_tables, printed, read_tables
from pgharness.rows.row_values import Chooser, Fullness
from pgharness.rows.type_values import Values

# Far behind the rows that stand there, so that what is unique differs from theirs.
_NUMBER = 21
_VALUES = 60


def add_row(connection: Connection, table: str, wanted: Mapping[str, Value], words: Words = NO_WORDS) -> bool:
    """Insert a row with the wanted values, as far as the server takes them, and say whether it took one; names as PostgreSQL prints them."""
    found, _ = look_at_tables(connection, ())
    oids = {one.oid: one.name for one in found if one.name == table}
    if not oids:
        return False
    tables, types = read_tables(connection, oids)
    values = Values(types, count=_VALUES + max((len(one.labels) for one in types.values()), default=0))
    chooser = Chooser(ColumnValues(connection, tables[0], values, words))
    try:
        insert_fitting(replace(chooser, wanted=wanted), _NUMBER, Fullness.EXPLICIT)
    except NothingFits:
        return False
    return True


def first_violating(
    connection: Connection, column: str, type_name: str, condition: str, candidates: Sequence[str]
) -> str | None:
    """Return the first of the values that a condition on one column refuses, None where it refuses none of them."""
    query = sql.SQL(
        "SELECT given.value FROM unnest(%s::text[]) WITH ORDINALITY AS given(value, place)"
        " CROSS JOIN LATERAL (SELECT CAST(given.value AS {}) AS {}) AS own"
        " WHERE NOT (SELECT {} FROM (SELECT own.*) AS alone) ORDER BY given.place LIMIT 1"
    ).format(printed(type_name), printed(column), printed(f"({condition})"))
    for some in (candidates, *([one] for one in candidates)):
        try:
            row = connection.execute(query, [list(some)]).fetchone()
        except psycopg.Error:  # a text that is none of the type's: the others are asked one by one
            continue
        if row is not None:
            return str(row[0])
    return None
