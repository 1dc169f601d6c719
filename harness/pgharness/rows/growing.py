"""Makes many rows inside the server from the few that a table has: copies of them, with another value wherever one has to be unique."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import psycopg

from pgharness.rows.reading import Connection, first_line

# The rows that are copied: the shortest, for those of large values would make gigabytes.
COPIED = 3
ATTEMPTS = 60
TRIED = 40
_NUMBERS = ("{least} + g", "1000 + g", "-1000 - g")
_TEXTS = (
    "coalesce(base.{name}, '') || g",
    "left(md5(g::text) || md5(g::text || 'x'), greatest(length(base.{name}), 12))",
    "lpad(g::text, greatest(length(base.{name}), 7), '0')",
    "'u' || g || '@example.com'",
)
_TIMES = ("base.{name} + g * interval '1 second'", "timestamptz '2000-01-01' + g * interval '1 second'")
# Which expressions give a value of its own to row number g, by type.
_VALUES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric", "double precision", "real"), _NUMBERS),
    **dict.fromkeys(("text", "character varying", "character", "citext"), _TEXTS),
    **dict.fromkeys(("timestamp with time zone", "timestamp without time zone"), _TIMES),
    "date": ("date '1900-01-01' + g::int",),
    "uuid": ("gen_random_uuid()", "uuidv7()"),
    "bytea": ("sha256(g::text::bytea)", "decode(md5(g::text), 'hex')"),
    "jsonb": ("jsonb_build_object('g', g)",),
    "inet": ("'10.0.0.0'::inet + g",),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that takes a value; `type` is that of a domain's base, `parent` the table and column that it refers to."""

    name: str
    number: int
    type: str
    cast: str
    parent: Sequence[str] | None


Shape = tuple[list[Column], list[list[int]]]
"""The columns of a table that take a value, and the numbers of those in each of its keys."""


@dataclass(frozen=True, slots=True)
class Grown:
    """The rows of each table, and why one has not got as many as were asked for."""

    rows: Mapping[str, int]
    few: tuple[tuple[str, str], ...]


def grow(connection: Connection, tables: Sequence[str], rows: int) -> Grown:
    """Let each table, named as PostgreSQL prints it, have so many rows; parents first. The connection is in autocommit mode.

    Triggers do not fire, where the role may say so. A parent gets as many where each row needs one of its own.
    """
    with suppress(psycopg.errors.InsufficientPrivilege):
        connection.execute("SET session_replication_role = replica")
    found, few = dict[str, int](), list[tuple[str, str]]()
    for table, shape in _parents_first(connection, tables).items():
        try:
            found[table] = _grow(connection, table, shape, rows)
            if found[table] < rows:
                few.append((table, f"it has {found[table]:,}, for a table to which it refers has no more"))
        except psycopg.Error as error:
            few.append((table, first_line(error)))
        except _NothingFitsError as nothing:
            few.append((table, str(nothing)))
    connection.execute("RESET session_replication_role")
    return Grown(found, tuple(few))


class _NothingFitsError(Exception):
    """No values were found that a table takes."""


def _parents_first(connection: Connection, tables: Sequence[str]) -> Mapping[str, Shape]:
    """Return the tables, and parents of which each row needs one of its own, in an order in which these come first; a circle ends somewhere."""
    ordered: dict[str, Shape] = {}

    def visit(table: str, above: tuple[str, ...]) -> None:
        columns, keys = shape = shape_of(connection, table)
        needed = {parent for key in keys for parent in _parents_of(key, columns)}
        for parent in (one.parent[0] for one in columns if one.parent is not None):
            if parent in {*tables, *needed} and parent not in (*above, table):
                visit(parent, (*above, table))
        ordered[table] = shape

    for table in tables:
        visit(table, ())
    return ordered


def _parents_of(key: Sequence[int], columns: Sequence[Column]) -> set[str]:
    """Return the parents of a key that has nothing but foreign keys."""
    parents = [one.parent for one in columns if one.number in key]
    return set() if None in parents else {one[0] for one in parents if one is not None}


def shape_of(connection: Connection, table: str) -> Shape:
    """Return what has to be known of a table to make copies of its rows."""
    row = connection.execute(
        files(__package__).joinpath("growing.sql").read_text("utf-8").replace("%I", "%%I").encode(), [table]
    ).fetchone()
    assert row is not None
    return [Column(**one) for one in row[0] or ()], [one for one in row[1] if one]


def _grow(connection: Connection, table: str, shape: Shape, rows: int) -> int:
    """Insert what is missing and return how many rows there are. Raises _NothingFitsError."""
    stand = _number(connection, f"SELECT count(*) FROM {table}")
    if not stand:
        raise _NothingFitsError("it has no row to copy")
    columns, keys = shape
    if stand < rows:
        _fill(connection, table, columns, keys, rows)
        _advance_sequences(connection, table, columns)
        connection.execute(f"ANALYZE {table}".encode())
    return _number(connection, f"SELECT count(*) FROM {table}")


def _fill(
    connection: Connection, table: str, columns: Sequence[Column], keys: Sequence[Sequence[int]], rows: int
) -> None:
    """Insert with the first choice of expressions that the table takes for the first and the last rows."""
    reason = "no expression gives each row a key of its own"
    for varied in itertools.islice(choices_of(columns, keys), ATTEMPTS):
        trial = f"(SELECT generate_series(1, {TRIED}) UNION SELECT generate_series({rows - TRIED}, {rows}))"
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(insert_of(table, columns, varied, trial).encode())
            connection.execute(insert_of(table, columns, varied, f"generate_series(1, {rows})").encode())
        except (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.UndefinedFunction) as error:
            reason = first_line(error)
        else:
            return
    raise _NothingFitsError(reason)


def choices_of(columns: Sequence[Column], keys: Sequence[Sequence[int]]) -> Iterator[dict[str, str]]:
    """Yield for the columns that are to vary an expression each, so that each unique index has one of them."""
    by_number = {one.number: one for one in columns}
    options = [
        [choice for number in key if number in by_number for choice in _expressions(by_number[number])] for key in keys
    ]
    for options_of_key in options:
        # What refers to another table last, for then that has to have as many rows.
        options_of_key.sort(key=lambda choice: choice[1].startswith("parent:"))
    for chosen in itertools.product(*options):
        varied = dict(reversed(chosen))
        yield {name: expression for name, expression in varied.items() if (name, expression) in chosen}


def _expressions(column: Column) -> Iterator[tuple[str, str]]:
    if column.parent is not None:
        yield column.name, f"parent:{column.parent[0]}:{column.parent[1]}"
        return
    for expression in _VALUES.get(column.type, ()):
        least = f"(SELECT coalesce(max({column.name}), 0) FROM {{table}})"
        yield column.name, f"({expression.format(name=column.name, least=least)})::{column.cast}"


def insert_of(table: str, columns: Sequence[Column], varied: Mapping[str, str], numbers: str) -> str:
    """Return the statement that inserts a copy of one of the shortest rows for each of the numbers."""
    joins, values = [], []
    for column in columns:
        expression = varied.get(column.name, f"base.{column.name}")
        if expression.startswith("parent:"):
            _, parent, name = expression.split(":")
            alias = f"parent_{column.number}"
            joins.append(
                f"JOIN (SELECT {name} AS key, row_number() OVER (ORDER BY ctid DESC) AS number FROM {parent}) AS {alias} ON {alias}.number = g"
            )
            expression = f"{alias}.key"
        values.append(expression.replace("{table}", table))
    names = ", ".join(one.name for one in columns)
    shortest = f"SELECT t.* FROM {table} AS t ORDER BY pg_column_size(t.*) LIMIT {COPIED}"
    return (
        f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {', '.join(values)} FROM {numbers} AS n (g) "
        f"JOIN (SELECT row_number() OVER () - 1 AS pgharness_number, count(*) OVER () AS pgharness_count, s.* FROM ({shortest}) AS s) AS base "
        f"ON base.pgharness_number = g % base.pgharness_count {' '.join(joins)}"
    )


def _advance_sequences(connection: Connection, table: str, columns: Sequence[Column]) -> None:
    """Let sequences of the table go on behind what was inserted."""
    for column in columns:
        name = column.name.strip('"').replace('""', '"')
        row = connection.execute("SELECT pg_get_serial_sequence(%s, %s)", [table, name]).fetchone()
        if row is not None and row[0] is not None:
            with suppress(psycopg.DataError):  # behind the largest that it can give there is nothing
                query = f"SELECT setval(%s, greatest((SELECT max({column.name}) FROM {table}), 1))"
                connection.execute(query.encode(), [row[0]])


def _number(connection: Connection, query: str) -> int:
    row: tuple[Any, ...] | None = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
