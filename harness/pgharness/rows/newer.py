"""Makes rows that have certain values, beside those that stand in their table already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import psycopg
from psycopg import sql

from pgharness.rows.column_values import NO_WORDS, ColumnValues, Value, Words
from pgharness.rows.inserting import is_inserted
from pgharness.rows.reading import Connection, look_at_tables, printed, read_tables
from pgharness.rows.row_values import Chooser
from pgharness.rows.type_values import Values

# Far behind the rows that stand there, so that what is unique differs from theirs.
_NUMBER = 9
_VALUES = 20
# So many combinations of values the server looks through for one condition.
_COMBINATIONS = 5000


def add_rows(
    connection: Connection, table: str, wanted: Sequence[Mapping[str, Value]], words: Words = NO_WORDS
) -> tuple[bool, ...]:
    """Insert a row for each of the wanted values, as far as the server takes them; return for each whether it took one, with all of these.

    Names are as PostgreSQL prints them.
    """
    found, _ = look_at_tables(connection, ())
    oids = {one.oid: one.name for one in found if one.name == table}
    if not oids:
        return (False,) * len(wanted)
    tables, types = read_tables(connection, oids)
    values = Values(types, count=_VALUES + max((len(one.labels) for one in types.values()), default=0))
    chooser = Chooser(ColumnValues(connection, tables[0], values, words))
    return tuple(
        is_inserted(replace(chooser, wanted=one, only_wanted=True), _NUMBER + place) for place, one in enumerate(wanted)
    )


def values_meeting(
    connection: Connection,
    types: Mapping[str, str],
    candidates: Mapping[str, Sequence[Value]],
    condition: str,
    *,
    most: int,
) -> tuple[dict[str, Value], ...]:
    """Return up to `most` combinations of candidates for columns that meet a condition, those that stand first before others.

    Names and types are as PostgreSQL prints them. Nothing meets a condition that cannot be asked.
    """
    readable = [_readable(connection, types[name], candidates[name]) for name in types]
    each = max(1, int(_COMBINATIONS ** (1 / len(readable)))) if readable else 0
    given = [sql.Identifier(f"given {number}") for number in range(len(readable))]
    places = [sql.SQL("{}.place").format(one) for one in given]
    cast = [
        sql.SQL("CAST({}.value AS {}) AS {}").format(one, printed(type_name), printed(name))
        for one, (name, type_name) in zip(given, types.items(), strict=True)
    ]
    query = sql.SQL(
        "SELECT {} FROM {} CROSS JOIN LATERAL (SELECT {}) AS own WHERE (SELECT {} FROM (SELECT own.*) AS alone) ORDER BY {}, {} LIMIT {}"
    ).format(
        sql.SQL(", ").join(sql.SQL("{}.value").format(one) for one in given),
        sql.SQL(" CROSS JOIN ").join(
            sql.SQL("unnest(%s::text[]) WITH ORDINALITY AS {}(value, place)").format(one) for one in given
        ),
        sql.SQL(", ").join(cast),
        printed(f"({condition})"),
        sql.SQL(" + ").join(places),
        sql.SQL(", ").join(places),
        most,
    )
    try:
        rows = connection.execute(query, [list(one[:each]) for one in readable]).fetchall() if readable else []
    except psycopg.Error:  # it names what is not there
        return ()
    return tuple(dict(zip(types, row, strict=True)) for row in rows)


def _readable(connection: Connection, type_name: str, candidates: Sequence[Value]) -> tuple[Value, ...]:
    """Return those that the type has; where one of them is none of its texts, each is asked alone."""
    query = sql.SQL("SELECT CAST(given.value AS {}) FROM unnest(%s::text[]) AS given(value)").format(printed(type_name))
    try:
        connection.execute(query, [list(candidates)])
    except psycopg.Error:
        return (
            tuple(one for value in candidates for one in _readable(connection, type_name, [value]))
            if len(candidates) > 1
            else ()
        )
    return tuple(candidates)
