"""Measures how long a unit of each kind of work takes on the server at hand: on a narrow and a wide table, so that rows and bytes are told apart."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from pgharness.databases import Databases
from pgharness.profile import Profile
from pgharness.records.sizes import Cost, Kind, SizesRecord
from pgharness.servers import Connection

ROWS = 100_000
# Bytes of text in each row of the two tables.
WIDTHS = {"narrow": 10, "wide": 400}
# Three rows refer to one, which is between a child for each parent and a small table that all refer to.
_MAKE = """
CREATE TABLE parent (id bigint PRIMARY KEY);
INSERT INTO parent SELECT g FROM pg_catalog.generate_series(0, {rows} / 3) AS g;
CREATE TABLE {name} AS SELECT g::bigint AS id, (g / 3)::bigint AS parent_id, pg_catalog.hashint8(g)::int AS n, pg_catalog.md5(g::text) AS word,
  pg_catalog.repeat('x', {width}) AS pad FROM pg_catalog.generate_series(1, {rows}) AS g;
VACUUM ANALYZE {name};
ANALYZE parent
"""
# Each kind of work is done in this order, some of it twice, for the machine may be busy with something else: the faster one counts.
_WORKS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("verifies", ("ALTER TABLE {name} ALTER n SET NOT NULL", *("ALTER TABLE {name} ADD CHECK (n IS NOT NULL)",) * 2)),
    ("validates", ("ALTER TABLE {name} ADD FOREIGN KEY (parent_id) REFERENCES parent",) * 2),
    ("rewrites", ("ALTER TABLE {name} ALTER n TYPE bigint", "ALTER TABLE {name} ALTER n TYPE int")),
    ("writes", ("UPDATE {name} SET n = n / 2",)),
    ("builds a number", ("CREATE INDEX ON {name} (n)", "REINDEX TABLE {name}")),
    ("builds a text", ("DROP INDEX {name}_n_idx; CREATE INDEX ON {name} (word)", "REINDEX TABLE {name}")),
)


class _Measured(NamedTuple):
    seconds: float
    wal_bytes: float


def calibrate(databases: Databases, profile: Profile, small_table_rows: int, rows: int = ROWS) -> SizesRecord:
    """Return the profile with the costs of work on this server, measured on tables of so many rows; it takes some seconds."""
    tables = {name: _measure(databases, name, width, rows) for name, width in WIDTHS.items()}
    costs = {kind: _cost(kind, tables, rows) for kind in tables["wide"][1]}
    entries = tables["narrow"][1]["writes an index"]
    costs["writes an index"] = Cost(max(entries.seconds, 0.0) / rows, 0.0, max(entries.wal_bytes, 0.0) / rows, 0.0)
    return SizesRecord(profile, costs, rows, small_table_rows)


def _measure(databases: Databases, name: str, width: int, rows: int) -> tuple[int, Mapping[Kind, _Measured]]:
    """Return the bytes of the table, and what each kind of work took on it."""
    with databases.experiment("calibration") as database, database.connect() as connection:
        for statement in _MAKE.format(name=name, width=width, rows=rows).split(";\n"):
            connection.execute(statement.encode())
        size = _number(connection, f"SELECT pg_catalog.pg_relation_size('{name}')")
        found: dict[Kind, _Measured] = {}
        for kind, statements in _WORKS:
            measured = [_timed(connection, one.format(name=name)) for one in statements]
            found[kind] = min(measured, key=lambda one: one.seconds)
        # An index stands by now: what the same update takes longer is its own, however wide the row.
        if name == "narrow":
            again = _timed(connection, f"UPDATE {name} SET n = n / 2")
            alone = found["writes"]
            found["writes an index"] = _Measured(again.seconds - alone.seconds, again.wal_bytes - alone.wal_bytes)
        return int(size), found


def _timed(connection: Connection, statement: str) -> _Measured:
    before = _number(connection, "SELECT pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn")
    started = time.perf_counter()
    connection.execute(statement.encode())
    seconds = time.perf_counter() - started
    after = _number(connection, "SELECT pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn")
    return _Measured(seconds, after - before)


def _cost(kind: Kind, tables: Mapping[str, tuple[int, Mapping[Kind, _Measured]]], rows: int) -> Cost:
    """Tell apart what a row and what a byte costs; neither is less than nothing."""
    (narrow_bytes, narrow), (wide_bytes, wide) = tables["narrow"], tables["wide"]
    per_byte = [
        max(more - less, 0.0) / (wide_bytes - narrow_bytes) for more, less in zip(wide[kind], narrow[kind], strict=True)
    ]
    per_row = [max(whole - one * narrow_bytes, 0.0) / rows for whole, one in zip(narrow[kind], per_byte, strict=True)]
    return Cost(per_row[0], per_byte[0], per_row[1], per_byte[1])


def _number(connection: Connection, query: str) -> float:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return float(row[0])
