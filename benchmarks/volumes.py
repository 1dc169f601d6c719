"""What a volume costs: rows a second, processor time a row, memory; beside indexes kept, foreign keys checked, and the client.

`python benchmarks/volumes.py [--runs 200000] [--workers 2] [--only-pace]`. A machine that does other work as well shows in the
cores that were had: rows a second are those of this run, processor time a row hardly changes. Linux only.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from unittest import mock

from sqlalchemy import NullPool, create_engine, select

from flowforge_schema import migrate
from flowforge_schema.models import OutboxEvent, RunStepLog, WorkflowRun, metadata
from flowforge_schema.seed import Scale, make_volume
from flowforge_schema.seed.volumes import indexes, making
from pgharness.databases import Database, Databases
from pgharness.servers import Server, open_server

NOW = datetime(2026, 11, 1, tzinfo=UTC)
# Enough that indexes matter, and little enough for the slow ways.
COMPARED_RUNS = 100_000
CLIENT_RUNS = 2_000
KEYS = 1_000_000
KEY_CHECKS = {
    "characters counted": "key ~ '^[a-z0-9_-]{1,64}$'",
    "characters and length apart": "key ~ '^[a-z0-9_-]+$' AND char_length(key) <= 64",
}


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took: seconds by the clock, and seconds of processor time in the server."""

    wall_s: float
    server_s: float

    @property
    def cores(self) -> float:
        """Return how many cores the server had on average."""
        return self.server_s / self.wall_s


class Meter:
    """Measures the processor time of a server: the postmaster's children count once they have ended."""

    def __init__(self, server: Server) -> None:
        with server.connect() as connection:
            row = connection.execute("SELECT current_setting('data_directory')").fetchone()
        assert row is not None
        self._postmaster = int((Path(row[0]) / "postmaster.pid").read_text("utf-8").split()[0])

    def measure(self, work: Callable[[], Result]) -> tuple[Result, Cost]:
        """Do the work and give its result and what it took."""
        started, server_s = time.perf_counter(), self._server_s()
        result = work()
        wall_s = time.perf_counter() - started
        time.sleep(0.2)  # until the last session has ended
        return result, Cost(wall_s, self._server_s() - server_s)

    def _server_s(self) -> float:
        """Read utime, stime, cutime and cstime of the postmaster (proc(5))."""
        fields = Path(f"/proc/{self._postmaster}/stat").read_text("utf-8").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def migrated(databases: Databases) -> Iterator[Database]:
    """Yield an empty database at the chain's head."""
    database = databases.create_empty("volume")
    migrate.upgrade(database.url)
    yield database
    databases.drop(database)


def print_pace(databases: Databases, meter: Meter, runs: int, workers: int) -> None:
    """Make one large volume, and tell what it took and what it takes to find it there."""
    with migrated(databases) as database:
        make = partial(make_volume, database.url, Scale(runs=runs), now=NOW, workers=workers)
        with mock.patch.object(making, "TABLES", ()):
            volume, rows = meter.measure(make)
        _, vacuum = meter.measure(make)
        _, again = meter.measure(make)
        with database.connect() as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    print(f"{runs:,} runs, {workers} connections: {volume.rows:,} rows, {row[0] / 2**20:,.0f} MB")
    print(f"  rows and indexes   {rows.wall_s:8.1f} s on {rows.cores:.2f} cores {volume.rows_per_second:12,.0f} rows/s")
    print(f"  their processor    {rows.server_s / volume.rows * 1e6:8.2f} us a row")
    print(f"  on two whole cores {2 * volume.rows / rows.server_s:36,.0f} rows/s")
    print(f"  VACUUM (ANALYZE)   {vacuum.wall_s:8.1f} s on {vacuum.cores:.2f} cores")
    print(f"  the client's peak  {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")
    print(f"  once more          {again.wall_s:8.1f} s, nothing to do")


def print_ways(databases: Databases, meter: Meter) -> None:
    """Compare the ways to make the same rows, by processor time a row; VACUUM (ANALYZE) is not part of it."""
    print(f"\nthe same {COMPARED_RUNS:,} runs, one connection, processor time a row")
    ways: dict[str, AbstractContextManager[object]] = {
        "indexes built at the end": mock.patch.object(indexes, "RUNS_WORTH_IT", 1),
        "indexes kept": mock.patch.object(indexes, "RUNS_WORTH_IT", 10**9),
        "indexes kept, foreign keys checked": mock.patch.object(making, "_skip_triggers"),
    }
    for name, way in ways.items():
        with migrated(databases) as database, way, mock.patch.object(making, "TABLES", ()):
            make = partial(make_volume, database.url, now=NOW, workers=1)
            make(Scale(runs=0))
            volume, cost = meter.measure(partial(make, Scale(runs=COMPARED_RUNS)))
        print(f"  {name:36} {cost.server_s / volume.rows * 1e6:7.2f} us in the server")
    print_client(databases, meter)


def print_client(databases: Databases, meter: Meter) -> None:
    """Insert rows of a volume from the client, as a script with SQLAlchemy would, without the work of inventing them."""
    events = metadata.tables[OutboxEvent.__tablename__]
    tables = (metadata.tables[WorkflowRun.__tablename__], metadata.tables[RunStepLog.__tablename__], events)
    with migrated(databases) as database:
        make_volume(database.url, Scale(runs=CLIENT_RUNS), now=NOW)
        engine = create_engine(database.url, poolclass=NullPool)
        with engine.begin() as connection:
            rows = {table: list(map(dict, connection.execute(select(table)).mappings())) for table in tables}
            for table in reversed(tables):
                connection.execute(table.delete())
        for row in rows[events]:
            del row["id"]

        def insert() -> None:
            with engine.begin() as connection:
                for table in tables:
                    connection.execute(table.insert(), rows[table])

        client_s = time.process_time()
        _, cost = meter.measure(insert)
        client_s = time.process_time() - client_s
        count = sum(map(len, rows.values()))
    server_us, client_us = cost.server_s / count * 1e6, client_s / count * 1e6
    print(
        f"  {f'from the client ({CLIENT_RUNS:,} runs)':36} {server_us:7.2f} us in the server, {client_us:.2f} us in the client"
    )


def print_key_checks(server: Server) -> None:
    """Compare two ways to write the CHECK of a step's key; the better of three."""
    print(f"\nthe CHECK of a step's key, {KEYS:,} keys")
    with server.connect() as connection:
        connection.execute("SET max_parallel_workers_per_gather = 0")
        connection.execute(
            "CREATE TEMPORARY TABLE keys AS SELECT (ARRAY['fetch', 'transform', 'validate'])[1 + number % 3] AS key "
            f"FROM generate_series(1, {KEYS}) AS number"
        )
        count = "SELECT count(*) FROM keys WHERE "
        nothing_s = fastest(partial(connection.execute, count + "key IS NOT NULL"))
        for name, condition in KEY_CHECKS.items():
            taken_s = fastest(partial(connection.execute, count + condition))
            print(f"  {name:36} {(taken_s - nothing_s) / KEYS * 1e6:7.2f} us a key")


def fastest(work: Callable[[], object]) -> float:
    """Return the seconds of the fastest of three times."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only-pace", action="store_true", help="leave the comparisons out")
    arguments = parser.parse_args()
    with open_server("embedded") as server, Databases(server) as databases:
        meter = Meter(server)
        print(f"{server.description}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        print_pace(databases, meter, arguments.runs, arguments.workers)
        if not arguments.only_pace:
            print_ways(databases, meter)
            print_key_checks(server)


if __name__ == "__main__":
    main()
