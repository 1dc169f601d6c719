"""Runs under fire: workers that are killed or frozen for longer than their lease, a server that is restarted; and a judgement.

The worker is the one that docs/guides/run-workflows.md prints. Each notes what it does in a table beside the runs, in the very transaction
that does it: that it picked a run up, wrote for it, ended it. A note of an attempt behind a note of a later one is a write by who was
fenced.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import re
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

from restarting import control_server, make_database, restartable
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema import AppError, Database, HeldRun, LeaseLostError, hold_lease, pick_up_runs
from pgharness.databases import Database as OwnDatabase
from pgharness.servers import Server, open_server

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "guides" / "run-workflows.md"
LEASE = timedelta(seconds=3)
POLL_S = 0.1
GIVE_UP_AFTER_S = 600
# What a worker imports: on a busy machine it would be killed before it had done so, and no run would ever end.
PRELOADED = ["flowforge_schema.leases", "flowforge_schema.session", "sqlalchemy.dialects.postgresql.psycopg", "psycopg"]

SCHEMA = """
CREATE TABLE notes (
    id bigint GENERATED ALWAYS AS IDENTITY, run_id uuid NOT NULL, attempt integer NOT NULL, pid integer NOT NULL, what text NOT NULL
);
INSERT INTO users (email) VALUES ('ada@example.org');
INSERT INTO workflows (owner_id, name) SELECT id, 'w' FROM users;
"""
ADD_RUNS = (
    "INSERT INTO workflow_runs (workflow_id, workflow_version) SELECT id, 1 FROM workflows, generate_series(1, %s)"
)
NOTE = text("INSERT INTO notes (run_id, attempt, pid, what) VALUES (:run_id, :attempt, :pid, :what)")
PROGRESS = """
SELECT
    (SELECT count(*) FROM workflow_runs WHERE finished_at IS NULL),
    (SELECT extract(epoch FROM max(clock_timestamp() - leased_until)) FROM workflow_run_claims WHERE held_by IS NOT NULL)
"""
# Notes are numbered while the claim is locked, so that their numbers follow the order of the locks.
VERDICT = """
WITH ended AS (SELECT run_id, count(*) AS times, max(attempt) AS attempt FROM notes WHERE what = 'ended' GROUP BY run_id),
    last AS (SELECT run_id, max(attempt) AS attempt FROM notes WHERE what = 'picked' GROUP BY run_id)
SELECT
    (SELECT count(*) FROM workflow_runs),
    (SELECT count(*) FROM workflow_runs WHERE status <> 'completed'),
    (SELECT count(*) FROM workflow_runs AS run LEFT JOIN ended ON ended.run_id = run.id WHERE coalesce(ended.times, 0) <> 1),
    (SELECT count(*) FROM ended JOIN last USING (run_id) WHERE ended.attempt <> last.attempt),
    (
        SELECT count(*) FROM (
            SELECT attempt, max(attempt) OVER (PARTITION BY run_id ORDER BY id) AS latest FROM notes WHERE what <> 'refused'
        ) AS note WHERE attempt < latest
    ),
    (SELECT count(*) FROM workflow_run_claims),
    (SELECT count(*) FROM notes WHERE what = 'picked' AND attempt > 1),
    (SELECT count(*) FROM notes WHERE what = 'refused'),
    (SELECT count(*) FROM notes WHERE what = 'picked')
"""

_processes = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many runs there are, how many workers, and how often one is killed or frozen."""

    runs: int
    workers: int = 4
    strike_every_s: float = 1.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Report:
    """What happened. From `unfinished` to `claims_left` all is 0 when all is well.

    `unfinished`: runs that did not complete. `not_once`: runs that were not ended exactly once. `by_others`: runs that were ended by
    another attempt than their last. `fenced_writes`: writes of an attempt after the pick-up of a later one. `overdue_s`: the
    longest that a lease was over and nobody had taken the run. `refused`: writes of late workers that were refused. `claims`: pick-ups,
    second attempts too.
    """

    runs: int
    unfinished: int
    not_once: int
    by_others: int
    fenced_writes: int
    claims_left: int
    recovered: int
    refused: int
    claims: int
    kills: int
    freezes: int
    restarts: int
    overdue_s: float
    duration_s: float

    @property
    def claims_per_s(self) -> float:
        """Pick-ups a second over the whole soak, the restart and the work itself included."""
        return round(self.claims / self.duration_s, 1)

    @property
    def is_sound(self) -> bool:
        """Whether each run was ended once, by its holder, and nobody else wrote for it."""
        return not (self.unfinished or self.not_once or self.by_others or self.fenced_writes or self.claims_left)


@dataclass(slots=True)
class _Fire:
    """The workers of one soak, and what was done to them."""

    plan: Plan
    url: str
    random: Random
    workers: dict[int, BaseProcess] = field(default_factory=dict)
    kills: int = 0
    freezes: int = 0
    restarts: int = 0
    overdue_s: float = 0.0
    frozen_until: float = 0.0


def soak(plan: Plan) -> Report:
    """Work, kill, freeze and restart until every run has ended; then judge."""
    _processes.set_forkserver_preload(PRELOADED)
    with open_server("embedded") as server, restartable(server):
        database = _prepare(server, plan)
        fire = _Fire(plan, database.url.render_as_string(hide_password=False), Random(plan.seed))  # noqa: S311 - no secret
        started = time.monotonic()
        try:
            for number in range(plan.workers):
                _start(fire, number)
            _watch(fire, database, server)
        finally:
            _stop(fire)
        return _report(fire, database, time.monotonic() - started)


def _prepare(server: Server, plan: Plan) -> OwnDatabase:
    database = make_database(server, "soak")
    with database.connect() as connection:
        connection.execute(SCHEMA)
        connection.execute(ADD_RUNS, [plan.runs])
    return database


def _start(fire: _Fire, number: int) -> None:
    process = _processes.Process(target=_worker, args=(fire.url,), daemon=True)
    process.start()
    fire.workers[number] = process


def _watch(fire: _Fire, database: OwnDatabase, server: Server) -> None:
    """Strike as long as there is work, restart the server when half of it is done; return when all has ended."""
    give_up_at = time.monotonic() + GIVE_UP_AFTER_S
    strike_at = time.monotonic() + fire.plan.strike_every_s
    while time.monotonic() < give_up_at:
        time.sleep(0.1)
        if time.monotonic() >= strike_at:
            _strike(fire)
            strike_at = time.monotonic() + fire.plan.strike_every_s * (0.5 + fire.random.random())
        with database.connect() as connection:
            unfinished, overdue_s = connection.execute(PROGRESS).fetchone() or (0, None)
        fire.overdue_s = max(fire.overdue_s, float(overdue_s or 0))
        if not fire.restarts and unfinished <= fire.plan.runs // 2:
            control_server(server, "restart")
            fire.restarts += 1
        if not unfinished:
            return
    raise TimeoutError(f"{unfinished} runs have not ended after {GIVE_UP_AFTER_S} s")


def _strike(fire: _Fire) -> None:
    """Kill a worker, or freeze one until its leases are over; one at a time, or nobody would be left to find its runs."""
    number, process = fire.random.choice(sorted(fire.workers.items()))
    assert process.pid is not None
    if fire.random.random() < 0.5 or time.monotonic() < fire.frozen_until:
        process.kill()
        process.join()
        fire.kills += 1
        _start(fire, number)
    else:
        os.kill(process.pid, signal.SIGSTOP)
        fire.freezes += 1
        fire.frozen_until = time.monotonic() + LEASE.total_seconds() + 1
        threading.Timer(LEASE.total_seconds() + 1, _thaw, [process]).start()


def _thaw(process: BaseProcess) -> None:
    if process.is_alive() and process.pid is not None:
        os.kill(process.pid, signal.SIGCONT)


def _stop(fire: _Fire) -> None:
    for process in fire.workers.values():
        process.kill()
        process.join()


def _report(fire: _Fire, database: OwnDatabase, duration_s: float) -> Report:
    with database.connect() as connection:
        row = connection.execute(VERDICT).fetchone()
    assert row is not None
    happened = [fire.kills, fire.freezes, fire.restarts, round(fire.overdue_s, 2), round(duration_s, 1)]
    return Report(*[*row, *happened])


def _worker(url: str) -> None:
    logging.disable()
    asyncio.run(_work(url))


async def _work(url: str) -> None:
    guide = worker_of_the_guide()
    guide.__dict__.update(LEASE=LEASE, POLL_S=POLL_S)
    random = Random(os.getpid())  # noqa: S311 - no secret
    database = Database(url)

    class Noting(guide.Worker):  # type: ignore[name-defined,misc]  # the guide is not known to mypy
        """The guide's worker, which notes what it does where it does it."""

        async def work_on_some(self) -> bool:
            async with database.session() as session:
                runs = await pick_up_runs(session, held_by=self.name, limit=4, lease=LEASE, floor=self.floor)
                for held in runs:
                    await note(session, held, "picked")
            async with asyncio.TaskGroup() as group:
                for held in runs:
                    group.create_task(self.work_on(held))
            return bool(runs)

        async def report(self, held: HeldRun, write: Callable[..., Awaitable[object]]) -> None:
            async def noted(session: AsyncSession) -> None:
                tried_again_at = await write(session)
                await note(session, held, "ended" if tried_again_at is None else "gave back")

            await super().report(held, noted)

    async def carry_out(held: HeldRun, _input: dict[str, Any]) -> dict[str, Any]:
        written = 0
        while written < 3:
            await asyncio.sleep(random.random() / 10)
            try:
                async with database.session() as session:
                    await hold_lease(session, held)
                    await note(session, held, "wrote")
            except LeaseLostError:
                async with database.session() as session:
                    await note(session, held, "refused")
                raise
            except AppError:  # the restart
                continue
            written += 1
        return {"attempt": held.attempt}

    await Noting(database, carry_out).run()


async def note(session: AsyncSession, held: HeldRun, what: str) -> None:
    """Note what an attempt does, in its transaction."""
    await session.execute(NOTE, {"run_id": held.run_id, "attempt": held.attempt, "pid": os.getpid(), "what": what})


def worker_of_the_guide() -> ModuleType:
    """Return the code of the guide as a module."""
    module = ModuleType("worker")
    code = "\n\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL))
    exec(compile(code, str(GUIDE), "exec"), module.__dict__)  # noqa: S102 - it is our own page
    return module
