"""A race for runs: how many a second several processes pick up, each through a Database of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing.synchronize import Barrier
from uuid import UUID

from flowforge_schema import Database, RunFloor, TransientError, pick_up_runs
from flowforge_schema.queries import waiting_runs

# Longer than all of it takes on any machine: a run whose lease is over is rightly picked up again.
LEASE = timedelta(hours=1)

_barriers: list[Barrier] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What one process picked up, how often it lost a lock, and from when to when (seconds of the machine's monotonic clock)."""

    runs: list[UUID]
    locks_lost: int
    began_s: float
    ended_s: float


def race(url: str, claimers: int, at_once: int = 10) -> list[Claimed]:
    """Let so many processes pick up all runs that wait, some at a time; they begin together, once all of them are connected."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(claimers)
    with context.Pool(claimers, initializer=_keep, initargs=(barrier,)) as pool:
        return pool.map(
            partial(_pick_up_all, url, at_once), [f"claimer-{number}" for number in range(claimers)], chunksize=1
        )


def per_second(claimed: list[Claimed]) -> float:
    """Return the rate of a race, from the first that began to the last that ended."""
    took_s = max(one.ended_s for one in claimed) - min(one.began_s for one in claimed)
    return sum(len(one.runs) for one in claimed) / took_s


def _keep(barrier: Barrier) -> None:
    _barriers.append(barrier)


def _pick_up_all(url: str, at_once: int, name: str) -> Claimed:
    return asyncio.run(_race_alone(url, at_once, name))


async def _race_alone(url: str, at_once: int, name: str) -> Claimed:
    database, runs, lost = Database(url), list[UUID](), 0
    floor = RunFloor()
    await _looked(database)
    _barriers[0].wait()
    began_s = time.monotonic()
    while True:
        try:
            async with database.session() as session:
                taken = [
                    held.run_id
                    for held in await pick_up_runs(session, held_by=name, limit=at_once, lease=LEASE, floor=floor)
                ]
        except TransientError:  # the same again, as a worker does
            lost += 1
            continue
        runs += taken
        # Those that were seen may all have been taken by others meanwhile.
        if not taken and not await _looked(database):
            break
    ended_s = time.monotonic()
    await database.dispose()
    return Claimed(runs=runs, locks_lost=lost, began_s=began_s, ended_s=ended_s)


async def _looked(database: Database) -> bool:
    async with database.session() as session:
        return bool((await session.scalars(waiting_runs(limit=1))).all())
