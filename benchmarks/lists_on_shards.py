"""Lists of a workflow's runs over shards: as they are, and by tables led by the workflow, beside what those cost each write.

`python benchmarks/lists_on_shards.py COORDINATOR_URL [--shards 32] [--runs 20000] [--sessions 8] [--seconds 5]` with an empty database on a
cluster, which is empty again at the end. Trust the ratios: all ways are tried in turn on the same nodes.

Three tables are tried: the ids of runs by workflow, spread by workflow; the same on the coordinator alone; and all that a list shows, spread
by workflow, which every change of a run's state has to write as well.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random

import psycopg
from psycopg.rows import TupleRow
from pydantic import SecretStr

from flowforge_schema import DatabaseSettings, migrate
from flowforge_schema.distribute import distribute, undistribute
from flowforge_schema.engine import create_script_engine
from flowforge_schema.seed import Scale, make_volume

Connection = psycopg.AsyncConnection[TupleRow]
Work = Callable[[Connection, Random], Awaitable[None]]

SHOWN = "id, workflow_id, workflow_version, status, trigger_type, triggered_by, started_at, finished_at, created_at"
PAGE = "ORDER BY created_at DESC, {id} DESC LIMIT 50"
LIST = f"SELECT {SHOWN} FROM workflow_runs WHERE workflow_id = %s {PAGE.format(id='id')}"
IDS = f"SELECT run_id FROM {{table}} WHERE workflow_id = %s {PAGE.format(id='run_id')}"
BY_IDS = f"SELECT {SHOWN} FROM workflow_runs WHERE id = ANY(%s)"
WHOLE = f"SELECT * FROM list_rows WHERE workflow_id = %s {PAGE.format(id='id')}"
TABLES = (
    "CREATE TABLE list_ids AS SELECT workflow_id, created_at, id AS run_id FROM workflow_runs",
    "CREATE TABLE list_ids_local AS SELECT * FROM list_ids",
    f"CREATE TABLE list_rows AS SELECT {SHOWN} FROM workflow_runs",
    "ALTER TABLE list_ids ADD PRIMARY KEY (workflow_id, created_at, run_id)",
    "ALTER TABLE list_ids_local ADD PRIMARY KEY (workflow_id, created_at, run_id)",
    "ALTER TABLE list_rows ADD PRIMARY KEY (workflow_id, created_at, id)",
    "SELECT create_distributed_table('list_ids', 'workflow_id', colocate_with => 'none', shard_count => {shards})",
    "SELECT create_distributed_table('list_rows', 'workflow_id', colocate_with => 'list_ids')",
    "ANALYZE list_ids, list_ids_local, list_rows",
)
START = "INSERT INTO workflow_runs (workflow_id, workflow_version) VALUES (%s, 1) RETURNING id, created_at"
CHANGE = "UPDATE workflow_runs SET cancel_requested_at = now() WHERE id = %s"


def reading(*statements: str) -> Work:
    """Return the work of one list: each statement gets the workflow, or the ids that the one before it gave."""

    async def read(connection: Connection, random: Random) -> None:
        given: object = random.choice(WORKFLOWS)
        for statement in statements:
            rows = await (await connection.execute(statement, [given])).fetchall()
            given = [row[0] for row in rows]

    return read


def writing(beside: str, *, changes: bool = False) -> Work:
    """Return the work of one run that is started or changed, and of the row beside it."""

    async def write(connection: Connection, random: Random) -> None:
        workflow_id = random.choice(WORKFLOWS)
        async with connection.transaction():
            if changes:
                run_id, created_at = random.choice(RUNS[workflow_id])
                await connection.execute(CHANGE, [run_id])
            else:
                run_id, created_at = await (await connection.execute(START, [workflow_id])).fetchone() or (None, None)
            if beside:
                await connection.execute(beside, {"workflow": workflow_id, "created": created_at, "run": run_id})

    return write


INTO = "INSERT INTO {table} (workflow_id, created_at, {id}) VALUES (%(workflow)s, %(created)s, %(run)s)"
ROW = (
    "INSERT INTO list_rows (id, workflow_id, workflow_version, status, trigger_type, created_at)"
    " VALUES (%(run)s, %(workflow)s, 1, 'pending', 'manual', %(created)s)"
)
CHANGE_ROW = "UPDATE list_rows SET started_at = now() WHERE workflow_id = %(workflow)s AND created_at = %(created)s AND id = %(run)s"
WAYS: dict[str, Work] = {
    "list, from all shards as it is": reading(LIST),
    "list, ids from one shard, then rows by id": reading(IDS.format(table="list_ids"), BY_IDS),
    "list, ids from the coordinator, then rows by id": reading(IDS.format(table="list_ids_local"), BY_IDS),
    "list, rows from one shard": reading(WHOLE),
    "start, as it is": writing(""),
    "start, and the id beside": writing(INTO.format(table="list_ids", id="run_id")),
    "start, and the id on the coordinator": writing(INTO.format(table="list_ids_local", id="run_id")),
    "start, and the row beside": writing(ROW),
    "change of state, as it is": writing("", changes=True),
    "change of state, and the row beside": writing(CHANGE_ROW, changes=True),
}
WORKFLOWS: list[object] = []
RUNS: dict[object, list[tuple[object, object]]] = {}


@contextmanager
def spread(url: str, runs: int, shards: int) -> Iterator[None]:
    """Fill the database, spread it, make the tables beside; take all of it away at the end."""
    settings = DatabaseSettings(url=SecretStr(url))
    migrate.upgrade(settings)
    make_volume(url, Scale(runs=runs, workflows=200), now=datetime.now(UTC))
    distribute(settings, shards=shards)
    engine = create_script_engine(settings).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in TABLES:
            connection.exec_driver_sql(statement.format(shards=shards))
        for workflow, run, created in connection.exec_driver_sql(
            "SELECT workflow_id, id, created_at FROM workflow_runs"
        ):
            RUNS.setdefault(workflow, []).append((run, created))
        WORKFLOWS.extend(RUNS)
        try:
            yield
        finally:
            connection.exec_driver_sql("DROP TABLE list_ids, list_ids_local, list_rows")
    undistribute(settings)
    migrate.downgrade(settings, "base")


async def rate(url: str, work: Work, sessions: int, seconds: float) -> tuple[float, float]:
    """Return how often a second so many sessions do it, and how many milliseconds one that is alone takes in the median."""
    alone = []
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for number in range(30):
            began = time.perf_counter()
            await work(connection, Random(number))  # noqa: S311 - no secret
            alone.append(time.perf_counter() - began)
    until = time.perf_counter() + seconds
    done = sum(await asyncio.gather(*(_repeat(url, work, seed, until) for seed in range(sessions))))
    return done / seconds, sorted(alone)[len(alone) // 2] * 1000


async def _repeat(url: str, work: Work, seed: int, until: float) -> int:
    random, done = Random(seed), 0  # noqa: S311 - no secret
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while time.perf_counter() < until:
            await work(connection, random)
            done += 1
    return done


def main() -> None:
    """Try all ways, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", metavar="COORDINATOR_URL")
    parser.add_argument("--shards", type=int, default=32)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = parser.parse_args()
    with spread(asked.url, asked.runs, asked.shards):
        print(
            f"| {asked.runs:,} runs, {asked.shards} shards | a second, {asked.sessions} sessions | ms alone |\n|---|---:|---:|"
        )
        for name, work in WAYS.items():
            per_second, alone_ms = asyncio.run(rate(asked.url, work, asked.sessions, asked.seconds))
            print(f"| {name} | {per_second:,.0f} | {alone_ms:.1f} |", flush=True)


if __name__ == "__main__":
    main()
