"""How near the estimates of `pgharness check --profile` are to what work takes on a million rows.

`nox -s bench -- estimates`. A chain of six kinds of work is walked on the few rows of a test, with the profile of a database that holds a
million; then each statement is run there. What counts is the larger of the two ratios: three is what the guide promises.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from pgharness.databases import Database, Databases
from pgharness.profile import render_profile
from pgharness.profile.reading import take_profile
from pgharness.running import run_checks
from pgharness.servers import Connection, open_server
from pgharness.settings import load_settings
from pgharness.trace.estimating import estimate
from tests.harness.chains import Revision, sql, write_chain

ROWS = 1_000_000
TABLES = (
    "CREATE TABLE customer (id bigint PRIMARY KEY, name text NOT NULL)",
    "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, code varchar(40), quantity int, note text)",
    "ALTER TABLE orders ADD created_at timestamptz DEFAULT now()",
    "CREATE INDEX orders_customer_id ON orders (customer_id)",
    "CREATE INDEX orders_created_at ON orders (created_at)",
    "ALTER TABLE orders ADD CONSTRAINT positive CHECK (quantity > 0) NOT VALID",
    "ALTER TABLE orders ADD CONSTRAINT known FOREIGN KEY (customer_id) REFERENCES customer NOT VALID",
)
FILL = (
    "INSERT INTO customer SELECT g, 'customer ' || g FROM generate_series(1, {rows} / 10) AS g",
    """INSERT INTO orders SELECT g, 1 + g % ({rows} / 10), md5(g::text), 1 + g % 7, repeat('note ', (g % 20)::int),
       timestamptz '2026-01-01' + g * interval '1 second' FROM generate_series(1, {rows}) AS g""",
    "VACUUM ANALYZE",
)
WORKS = {
    "index build, text": "CREATE INDEX orders_code ON orders (code)",
    "index build, number": "CREATE INDEX orders_quantity ON orders (quantity)",
    "rewrite": "ALTER TABLE orders ALTER quantity TYPE bigint",
    "validate check": "ALTER TABLE orders VALIDATE CONSTRAINT positive",
    "validate foreign key": "ALTER TABLE orders VALIDATE CONSTRAINT known",
    "SET NOT NULL": "ALTER TABLE orders ALTER code SET NOT NULL",
    "UPDATE of all rows": "UPDATE orders SET quantity = quantity + 1",
}


def main() -> None:
    """Estimate, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="embedded", help="embedded, container, or a URL")
    parser.add_argument("--rows", type=int, default=ROWS)
    asked = parser.parse_args()
    with open_server(asked.server) as server, Databases(server) as databases:
        full = databases.create_empty("production")
        with full.connect() as connection:
            fill(connection, asked.rows)
            profile = render_profile(take_profile(connection, statements=False).profile)
        estimates = estimated(profile, server.url.render())
        print(f"{server.description}, {asked.rows:,} rows\n")
        print("| work | estimate | measured | ratio | WAL estimate | WAL measured |\n|---|---|---|---|---|---|")
        for name, statement in WORKS.items():
            seconds, wal_bytes = measured(databases, full, statement)
            guess_s, guess_wal = estimates[name]
            ratio = max(guess_s / seconds, seconds / guess_s)
            wal = f"{guess_wal / 2**20:,.0f} MB | {wal_bytes / 2**20:,.0f} MB"
            print(f"| {name} | {guess_s:.2f} s | {seconds:.2f} s | {ratio:.1f} | {wal} |", flush=True)


def fill(connection: Connection, rows: int) -> None:
    """Make the tables as production has them."""
    for statement in (*TABLES, *FILL):
        connection.execute(statement.format(rows=rows).encode())


def estimated(profile: str, server: str) -> dict[str, tuple[float, float]]:
    """Return seconds and bytes of WAL by kind of work, from a walk on the few rows of a test."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "production.json"
        file.write_text(profile, encoding="utf-8")
        works = [Revision(f"work_{number}", sql(one)) for number, one in enumerate(WORKS.values())]
        ini = write_chain(Path(folder) / "chain", [Revision("tables", sql(*TABLES)), *works])
        settings = load_settings(None, alembic=ini, only=("locks",), profile=file, server=server)
        record = run_checks(settings).record
        assert record.sizes is not None
        found = {}
        for name, item in zip(WORKS, record.revisions[1:], strict=True):
            assert item.upgrade.trace is not None, item.upgrade.failure
            one = estimate(item.upgrade.trace.statements, record.sizes)
            found[name] = (one.seconds, one.wal_bytes)
        return found


def measured(databases: Databases, full: Database, statement: str) -> tuple[float, float]:
    """Return what a statement takes on a copy of the database."""
    copy = databases.copy(full)
    try:
        with copy.connect() as connection:
            before = written(connection)
            started = time.perf_counter()
            connection.execute(statement.encode())
            return time.perf_counter() - started, written(connection) - before
    finally:
        databases.drop(copy)


def written(connection: Connection) -> float:
    """Return the bytes of WAL so far."""
    row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    assert row is not None
    return float(row[0])


if __name__ == "__main__":
    main()
