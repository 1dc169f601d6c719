"""What upgrades cost, and what proves them: their time, who waits behind one, and what autogenerate overlooks.

`python benchmarks/upgrades.py`. Prints four parts; the last applies one small drift at a time to a migrated database and
asks both `alembic check` (with all its options on, as in migrations/env.py) and the harness's comparison of catalogs.
"""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import alembic_postgresql_enum  # noqa: F401 - importing it teaches autogenerate to compare enum types
import psycopg
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import NullPool, create_engine

from flowforge_schema import migrate
from flowforge_schema.models import metadata
from pgharness.catalog.diff import difference
from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Database, Databases
from pgharness.servers import open_server

ROUNDS = 5
LOCK_TIMEOUTS_MS = (200, 1_000, 0)
READER_HOLDS_S = 3.0
# One fact each, all of kinds that this schema depends on.
DRIFTS = {
    "column added": "ALTER TABLE users ADD COLUMN nickname text",
    "column NULL instead of NOT NULL": "ALTER TABLE workflows ALTER COLUMN name DROP NOT NULL",
    "server default changed": "ALTER TABLE workflows ALTER COLUMN version SET DEFAULT 2",
    "index dropped": "DROP INDEX ix_run_step_logs__step_id",
    "enum label added": "ALTER TYPE run_status ADD VALUE 'paused'",
    "foreign key's action changed": "ALTER TABLE api_keys DROP CONSTRAINT fk_api_keys__user_id__users,"
    " ADD CONSTRAINT fk_api_keys__user_id__users FOREIGN KEY (user_id) REFERENCES users (id)",
    "CHECK changed": "ALTER TABLE users DROP CONSTRAINT ck_users__email_trimmed,"
    " ADD CONSTRAINT ck_users__email_trimmed CHECK (email <> '')",
    "CHECK dropped": "ALTER TABLE users DROP CONSTRAINT ck_users__email_trimmed",
    "CHECK not enforced": "ALTER TABLE users DROP CONSTRAINT ck_users__email_trimmed,"
    " ADD CONSTRAINT ck_users__email_trimmed CHECK (email = btrim(email)) NOT ENFORCED",
    "index without its predicate": "DROP INDEX ix_outbox_events__id_unpublished;"
    " CREATE INDEX ix_outbox_events__id_unpublished ON outbox_events (id)",
    "foreign key not valid": "ALTER TABLE api_keys DROP CONSTRAINT fk_api_keys__user_id__users,"
    " ADD CONSTRAINT fk_api_keys__user_id__users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE NOT VALID",
    "trigger dropped": "DROP TRIGGER set_updated_at ON users",
    "trigger disabled": "ALTER TABLE users DISABLE TRIGGER set_updated_at",
    "trigger's function changed": "CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NEW; END'",
    "autovacuum setting dropped": "ALTER TABLE outbox_events RESET (autovacuum_vacuum_scale_factor)",
    "primary key dropped": "ALTER TABLE run_step_logs DROP CONSTRAINT pk_run_step_logs",
}


def print_durations(databases: Databases) -> None:
    """Time an upgrade of an empty database, and one that has nothing to do."""
    taken: dict[str, list[float]] = {"from nothing to the head": [], "nothing to do": []}
    for _ in range(ROUNDS):
        database = databases.create_empty("upgrade")
        for seconds in taken.values():
            started = time.perf_counter()
            migrate.upgrade(database.url)
            seconds.append(time.perf_counter() - started)
        databases.drop(database)
    print(f"upgrades, median of {ROUNDS}")
    for name, seconds in taken.items():
        print(f"  {name:34} {statistics.median(seconds) * 1e3:8.0f} ms")


def print_waits(databases: Databases) -> None:
    """Let an ALTER TABLE wait behind a reader, as an upgrade would, and time the queries that come after it."""
    print(f"\nlongest wait of a query behind an ALTER TABLE that waits {READER_HOLDS_S:g} s for a reader")
    for lock_timeout_ms in LOCK_TIMEOUTS_MS:
        database = databases.create_empty("waits")
        migrate.upgrade(database.url)
        name = f"lock_timeout = {lock_timeout_ms} ms" if lock_timeout_ms else "no lock_timeout"
        print(f"  {name:34} {longest_wait_s(database, lock_timeout_ms) * 1e3:8.0f} ms")
        databases.drop(database)


def longest_wait_s(database: Database, lock_timeout_ms: int) -> float:
    """Return the longest wait of one query after the other while the ALTER TABLE is tried for once."""
    over = threading.Event()

    def alter() -> None:
        with database.connect(options=f"-c lock_timeout={lock_timeout_ms}") as connection:
            try:
                connection.execute("ALTER TABLE users ADD COLUMN nickname text")
            except psycopg.errors.LockNotAvailable:
                pass
            finally:
                over.set()

    def read() -> float:
        longest_s = 0.0
        with database.connect() as connection:
            while not over.is_set():
                started = time.perf_counter()
                connection.execute("SELECT FROM users")
                longest_s = max(longest_s, time.perf_counter() - started)
        return longest_s

    with ThreadPoolExecutor(2) as pool, database.connect(autocommit=False) as reader:
        reader.execute("SELECT FROM users")
        altering = pool.submit(alter)
        reading = pool.submit(read)
        over.wait(READER_HOLDS_S)
        reader.rollback()
        altering.result()
        return reading.result()


def print_waiting_upgrades(databases: Databases) -> None:
    """Build an index CONCURRENTLY under an advisory lock, while another session waits for that lock in two ways."""
    print("\nan index built CONCURRENTLY by the holder of the advisory lock, while another upgrade")
    ways = {"waits in pg_advisory_lock": "SELECT pg_advisory_lock(1)", "tries, and pauses between": None}
    for name, statement in ways.items():
        database = databases.create_empty("waiting")
        print(f"  {name:34} {built_while_waiting(database, statement)}")
        databases.drop(database)


def built_while_waiting(database: Database, statement: str | None) -> str:
    """Return how the building ended, and how the waiting."""

    def wait() -> str:
        with database.connect() as other:
            try:
                while statement or other.execute("SELECT pg_try_advisory_lock(1)").fetchone() == (False,):
                    other.execute(statement or "SELECT pg_sleep(0.1)")
                    if statement:
                        break
            except psycopg.Error as error:
                return f"failed, {error.sqlstate}"
        return "went on"

    with ThreadPoolExecutor(1) as pool, database.connect(options="-c lock_timeout=10s") as holder:
        holder.execute("CREATE TABLE t (id int)")
        holder.execute("SELECT pg_advisory_lock(1)")
        waiting = pool.submit(wait)
        time.sleep(0.3)
        try:
            holder.execute("CREATE INDEX CONCURRENTLY i ON t (id)")
            built = "was built"
        except psycopg.Error as error:
            built = f"failed, {error.sqlstate}"
        holder.execute("SELECT pg_advisory_unlock(1)")
        return f"the index {built}; the other {waiting.result()}"


def print_drifts(databases: Databases) -> None:
    """Ask both witnesses about one drift at a time."""
    template = databases.create_empty("drift")
    migrate.upgrade(template.url)
    with template.connect() as connection:
        right = take_snapshot(connection)
    told = {"alembic check": 0, "the harness": 0}
    print(f"\n{len(DRIFTS)} drifts of a migrated database{'':10} alembic check   the harness")
    for name, statement in DRIFTS.items():
        database = databases.clone(template)
        with database.connect() as connection:
            connection.execute(statement)
            seen = {
                "alembic check": alembics_differences(database),
                "the harness": difference(right, take_snapshot(connection)),
            }
        databases.drop(database)
        for witness, differences in seen.items():
            told[witness] += bool(differences)
        marks = "  ".join(f"{'told' if differences else '-':>13}" for differences in seen.values())
        print(f"  {name:34} {marks}")
    print(f"  {'all':34} {'  '.join(f'{count:>13}' for count in told.values())}")


def alembics_differences(database: Database) -> list[Any]:
    """Return what Alembic's autogenerate would change."""
    with create_engine(database.url, poolclass=NullPool).connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def main() -> None:
    """Measure and print."""
    with open_server("embedded") as server, Databases(server) as databases:
        print_durations(databases)
        print_waits(databases)
        print_waiting_upgrades(databases)
        print_drifts(databases)


if __name__ == "__main__":
    main()
