"""Reads what all tables hold: once which tables and columns there are, then all rows in one round trip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import psycopg

from pgharness.records.contents import Contents, StoredColumn, TableContents, Value
from pgharness.servers import Connection

Row = tuple[str | None, ...]
Ask = Callable[[str], Sequence[Row]]
"""Runs a query in some session; gives its rows as texts."""

# How a value is written depends on these; they hold for the one transaction of the query (manual, "Client Connection Defaults").
_WRITTEN_ALIKE = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
# Longer values are kept as their beginning and a digest.
_LONGEST = 2000
_KEPT = 200


@dataclass(frozen=True, slots=True)
class ContentsReader:
    """Reads up to `most_rows` rows of each table but those that are left out, named as PostgreSQL prints them."""

    leave_out: Collection[str]
    most_rows: int

    def read(self, connection: Connection) -> Contents:
        """Read in a session of our own, which is in autocommit mode; tables that cannot be read are left out."""
        shapes = connection.execute(table_shapes(), prepare=True).fetchall()
        return self._read(shapes, lambda query: _alike(connection, query))

    def ask(self, ask: Ask) -> Contents:
        """Read in the migration's own session, which sees what it has not committed; values are written as it writes them."""
        return self._read(ask(table_shapes().decode()), ask)

    def _read(self, shapes: Sequence[Row], ask: Ask) -> Contents:
        tables = [_table(shape) for shape in shapes if shape[1] not in self.leave_out]
        queries = {place: self._query(place, *one) for place, one in enumerate(tables)}
        rows: dict[int, list[tuple[Value, ...]]] = {place: [] for place in queries}
        for place, row in _asked(ask, queries, rows):
            rows[place].append(_row(row))
        return Contents(tuple(self._filled(tables[place][0], found) for place, found in sorted(rows.items())))

    def _query(self, place: int, table: TableContents, kind: str) -> str:
        columns = ", ".join(f"{one.name}::pg_catalog.text" for one in table.columns)
        only = "ONLY " if kind == "r" else ""  # rows of a table that inherits are read there
        order = f" ORDER BY {', '.join(table.key)}" if table.key else ""
        return (
            f"(SELECT {place}::pg_catalog.text, pg_catalog.to_json(ARRAY[{columns}]::pg_catalog.text[])::pg_catalog.text"
            f" FROM {only}{table.name}{order} LIMIT {self.most_rows + 1})"
        )

    def _filled(self, table: TableContents, rows: list[tuple[Value, ...]]) -> TableContents:
        kept = rows[: self.most_rows]
        ordered = (
            kept if table.key else sorted(kept, key=lambda row: [(value is not None, value or "") for value in row])
        )
        return replace(table, rows=tuple(ordered), is_whole=len(rows) <= self.most_rows)


@cache
def table_shapes() -> bytes:
    """Return the query for tables, columns and keys."""
    return files(__package__).joinpath("table_shapes.sql").read_bytes()


def _alike(connection: Connection, query: str) -> Sequence[Row]:
    """Run a query with the settings on which the text of values depends; several statements in one message are one transaction."""
    settings = ", ".join(f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in _WRITTEN_ALIKE.items())
    cursor = connection.execute(f"SELECT {settings}; {query}".encode())
    cursor.nextset()
    return cursor.fetchall()


def _asked(ask: Ask, queries: dict[int, str], rows: dict[int, list[tuple[Value, ...]]]) -> Iterator[tuple[int, str]]:
    """Yield a table's place and a row as JSON; of tables that cannot be read together each is asked alone, and may be left out."""
    if not queries:
        return
    try:
        found = ask(" UNION ALL ".join(queries.values()))
    except psycopg.Error:
        for place, query in queries.items():
            if len(queries) == 1:
                del rows[place]
            else:
                yield from _asked(ask, {place: query}, rows)
        return
    for number, row in found:
        yield int(number or 0), row or "[]"


def _table(shape: Row) -> tuple[TableContents, str]:
    oid, name, kind, columns, key = shape
    stored = tuple(
        StoredColumn(column, number, type_name, tuple(labels), generated)
        for column, number, type_name, labels, generated in json.loads(columns or "[]")
    )
    names = {one.name for one in stored}
    whole_key = tuple(part for part in json.loads(key or "[]") if part in names)
    return TableContents(int(oid or 0), name or "", stored, whole_key, ()), kind or ""


def _row(row: str) -> tuple[Value, ...]:
    return tuple(value if value is None or len(value) <= _LONGEST else _shortened(value) for value in json.loads(row))


def is_shortened(value: Value) -> bool:
    """Whether a value is but the beginning of the one that stands there, with a digest."""
    return value is not None and len(value) == len(_shortened("x" * _LONGEST)) and value[_KEPT : _KEPT + 2] == "… "


def _shortened(value: str) -> str:
    return f"{value[:_KEPT]}… {hashlib.sha256(value.encode()).hexdigest()}"
