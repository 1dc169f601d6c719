"""Finds values at the bounds of a CHECK and just beyond that it refuses."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal

import psycopg
from psycopg import sql

from pgharness.rows import hints_of, values_meeting
from pgharness.rows.reading import printed
from pgharness.servers import Connection
from pgharness.walk.newer_row import NewerRow

MOST = 3
"""So many rows are made for one condition: at its bound, and beyond."""
MOST_BOUND = 3
"""Of conditions that bind more columns together no values are looked for."""
HELD = 4
LONGEST_TEXT = 1000
SHORT_TEXT = 60
_CHECK = re.compile(r"^CHECK \((.*)\)(?: NOT VALID| NO INHERIT)*$", re.DOTALL)
# What a condition may refuse: nothing, a blank, a sign, a number beyond, another word.
_TEXTS: tuple[str, ...] = ("", " ", "x", "another word", "-1", "0", "1")
_NUMBERS: tuple[str, ...] = ("-1", "0", "1", "1000000")
_OTHERS = ("false", "true", "1900-01-01", "2999-01-01")
_OF_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision", "money")
_OF_TEXTS = ("text", "character", "citext", "name")


def beyond(
    connection: Connection, table: str, definition: str, types: Mapping[str, str], words: Sequence[str] = ()
) -> Iterator[NewerRow]:
    """Yield rows that a CHECK refuses, on a database that does not have it; `words` are worth trying too.

    `types` are those of the table's columns.
    """
    check = _CHECK.match(definition)
    names = named_in((check[1],), types) if check is not None else ()
    if check is None or not 0 < len(names) <= MOST_BOUND:
        return
    candidates = {one: candidates_of(connection, table, one, types[one], check[1], words=words) for one in names}
    condition = f"NOT ({check[1]})"
    for wanted in values_meeting(connection, {one: types[one] for one in names}, candidates, condition, most=MOST):
        yield NewerRow(table, wanted, f"{_in_words(wanted)}, which {definition} refuses")


def beyond_domain(
    connection: Connection, table: str, column: str, definition: str, type_name: str
) -> Iterator[NewerRow]:
    """Yield rows that have in a column what a CHECK of its domain refuses; `type_name` is that of the column now."""
    check = _CHECK.match(definition)
    if check is None:
        return
    candidates = candidates_of(connection, table, column, type_name, check[1])
    condition = f"NOT ({check[1]})"
    for met in values_meeting(connection, {"value": type_name}, {"value": candidates}, condition, most=MOST):
        wanted = {column: met["value"]}
        yield NewerRow(table, wanted, f"{_in_words(wanted)}, which {definition} refuses")


def named_in(expressions: Collection[str], names: Collection[str]) -> tuple[str, ...]:
    """Return which of the names stand in expressions, as PostgreSQL prints them, outside of texts."""
    text = re.sub(r"'(?:[^']|'')*'", "''", " ".join(expressions))
    return tuple(one for one in names if re.search(rf"(?<![\w\"]){re.escape(one)}(?![\w\"(])", text))


def candidates_of(
    connection: Connection, table: str, column: str, type_name: str, condition: str, *, words: Sequence[str] = ()
) -> tuple[str | None, ...]:
    """Return values at the bounds that a condition names, then what stands in the column, then others that are often refused; NULL at last."""
    hints = hints_of([condition])
    steps = [number + step for number in hints.numbers for step in (Decimal(0), Decimal(-1), Decimal(1))]
    if type_name.startswith(_OF_NUMBERS):
        near, often = [f"{one:f}" for one in steps], _NUMBERS
    elif type_name.startswith(_OF_TEXTS):
        sizes = [int(one) for one in steps if 0 < one <= LONGEST_TEXT and one == one.to_integral_value()]
        near, often = [*words, *hints.strings, *("x" * size for size in sizes)], _TEXTS
    else:
        near, often = [*words, *hints.strings], (*_OTHERS, *_NUMBERS)
    return tuple(dict.fromkeys([*near, *_held(connection, table, column), *often, None]))


def _held(connection: Connection, table: str, column: str) -> tuple[str, ...]:
    query = sql.SQL("SELECT DISTINCT {0}::text FROM {1} WHERE {0} IS NOT NULL ORDER BY 1 LIMIT {2}")
    try:
        found = connection.execute(query.format(printed(column), printed(table), HELD), ())
        return tuple(value for (value,) in found)
    except psycopg.Error:
        return ()


def _in_words(wanted: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} is {'NULL' if value is None else _quoted(value)}" for name, value in wanted.items())


def _quoted(value: str) -> str:
    return f"'{value}'" if len(value) <= SHORT_TEXT else f"a text of {len(value)} characters"
