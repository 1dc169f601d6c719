"""Reads which tables are empty, and what has to be known of them to make rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pgharness.rows.tables import Column, Condition, DataType, ForeignKey, Found, Table

Connection = psycopg.Connection[Any]


def look_at_tables(connection: Connection, leave_out: Collection[str]) -> tuple[tuple[Found, ...], dict[str, str]]:
    """Return every table, sorted by name, and of those that cannot be read the name and why.

    `leave_out` holds names as PostgreSQL prints them, like `public.alembic_version`.
    """
    rows = connection.execute(_statement("tables"), prepare=True).fetchall()
    tables = [row for row in rows if row[1] not in leave_out]
    empty, unreadable = _without_rows(connection, [name for _, name, size, _ in tables if size])
    found = (
        Found(oid, name, width, not size or name in empty)
        for oid, name, size, width in tables
        if name not in unreadable
    )
    return tuple(found), unreadable


def read_tables(connection: Connection, tables: Mapping[int, str]) -> tuple[tuple[Table, ...], dict[int, DataType]]:
    """Read, in one round trip, the details of these tables in the order of their oids, and the types of their columns by oid."""
    oids = [list(tables)]
    with connection.pipeline(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(_statement("details"), oids, prepare=True)
        types = connection.execute(_statement("types"), oids, prepare=True)
        details = tuple(_table(tables[row["oid"]], row) for row in cursor.fetchall())
        return details, {oid: _type(row) for oid, *row in types.fetchall()}


def read_type(connection: Connection, name: str) -> tuple[int, dict[int, DataType]] | None:
    """Return the oid of a type, as the server names it in an error, and what has to be known of it; None where there is none."""
    row = connection.execute(
        "SELECT t.oid::bigint, t.typname, t.typtype::text, ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e"
        " WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) FROM pg_catalog.pg_type AS t"
        " WHERE t.oid = to_regtype(%(name)s) OR (to_regtype(%(name)s) IS NULL AND t.typname = %(name)s) ORDER BY 1 LIMIT 1",
        {"name": name},
    ).fetchone()
    if row is None:
        return None
    oid, type_name, kind, labels = row
    return oid, {oid: DataType(type_name, kind, labels=tuple(labels))}


def printed(text: str) -> sql.SQL:
    """Take what PostgreSQL itself printed (a quoted name, a type, an expression) as SQL for a statement with parameters."""
    return sql.SQL(text.replace("%", "%%"))


def first_line(error: psycopg.Error) -> str:
    """Return what the server said, without its detail and context."""
    return str(error).strip().split("\n", maxsplit=1)[0]


def _table(name: str, row: Mapping[str, Any]) -> Table:
    checks = [Condition(one["name"], tuple(one["columns"] or ()), one["expression"]) for one in row["checks"]]
    return Table(
        name=name,
        columns=tuple(Column(**one) for one in row["columns"]),
        conditions=(*checks, *_partition_condition(row["partitions"])),
        foreign_keys=tuple(
            ForeignKey(one["name"], tuple(one["columns"]), one["referred_table"], tuple(one["referred_columns"]))
            for one in row["foreign_keys"]
        ),
        keys={key: tuple(columns) for key, columns in row["keys"].items()},
    )


def _type(row: Sequence[Any]) -> DataType:
    name, kind, base, modifier, base_name, element, not_null, labels, fields, checks = row
    return DataType(
        name, kind, base, modifier, base_name, element, not_null, tuple(labels), tuple(fields), tuple(checks)
    )


def _partition_condition(partitions: Sequence[Mapping[str, Any]]) -> list[Condition]:
    """Return the condition that some partition takes the row; a hash partition takes any, so all of them need none."""
    bounds = [one["expression"] for one in partitions]
    if not bounds or None in bounds or any("satisfies_hash_partition" in bound for bound in bounds):
        return []
    return [Condition("a partition", tuple(partitions[0]["columns"]), " OR ".join(f"({bound})" for bound in bounds))]


def _without_rows(connection: Connection, names: Sequence[str]) -> tuple[frozenset[str], dict[str, str]]:
    """Return those of the tables that hold dead rows alone, and those that cannot be read, with the reason."""
    if not names:
        return frozenset(), {}
    looks = [f"SELECT {place} WHERE NOT EXISTS (SELECT FROM {name})" for place, name in enumerate(names)]
    try:
        return frozenset(names[place] for (place,) in connection.execute(" UNION ALL ".join(looks).encode())), {}
    except psycopg.Error as error:
        if len(names) == 1:
            return frozenset(), {names[0]: f"none can be read: {first_line(error)}"}
    alone = [_without_rows(connection, [name]) for name in names]
    return frozenset().union(*(empty for empty, _ in alone)), {
        name: reason for _, unreadable in alone for name, reason in unreadable.items()
    }


@cache
def _statement(name: str) -> bytes:
    return files(__package__).joinpath(f"{name}.sql").read_bytes()
