"""The outbox under fire: writers, relays that are killed, a server that is restarted; and a judgement on what was delivered.

Every writer counts up a number on the aggregate's row in the transaction that records the event, so that the numbers tell the true
order whatever the outbox does. The relay is the one that docs/guides/outbox-relay.md prints; what it delivers is appended to one file.
Run by `python benchmarks/outbox.py --soak`, and with fewer events by the tests.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from types import ModuleType
from uuid import UUID

from outbox_verdict import Committed, Delivery, Verdict, judge
from restarting import control_server, make_database, restartable
from sqlalchemy import Integer, Text, cast, create_engine, insert, select, update

from flowforge_schema import AppError, ClaimedEvent, Database, RelayLock, RelayShare, User, record_event
from pgharness.databases import Database as OwnDatabase
from pgharness.servers import Server, open_server

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "guides" / "outbox-relay.md"

# Longer than a starved machine lets a relay wait, so that a second delivery has no other cause than a kill.
LEASE = timedelta(seconds=4)
BATCH = 25
ROLLBACK_CHANCE = 0.1
LATE_COMMIT_CHANCE = 0.05
REFUSAL_CHANCE = 0.003
GIVE_UP_AFTER_S = 900

# All relays at the same events; one active at a time; each with its own aggregates.
WAYS = ("racing", "lock", "shares")

_processes = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is written, by how many, and how often a relay is killed; `way` is one of WAYS."""

    events: int
    writers: int = 8
    relays: int = 3
    aggregates: int = 400
    kill_every_s: float = 2.0
    way: str = WAYS[0]
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Report:
    """What happened, and the verdict on it."""

    committed: int
    refused: int
    kills: int
    restarts: int
    duration_s: float
    verdict: Verdict


@dataclass(slots=True)
class _Run:
    """The processes of one run."""

    plan: Plan
    url: str
    folder: Path
    random: Random
    relays: dict[int, BaseProcess] = field(default_factory=dict)
    writers: list[BaseProcess] = field(default_factory=list)
    killed: set[int] = field(default_factory=set)
    restarts: int = 0


def soak(plan: Plan) -> Report:
    """Write, deliver, kill and restart until everything is published; then judge."""
    # A process starts with these imported, so that a killed relay is replaced at once.
    _processes.set_forkserver_preload(["flowforge_schema", "pgharness.databases", "pgharness.servers"])
    with (
        tempfile.TemporaryDirectory() as folder,
        open_server("embedded") as server,
        restartable(server),
    ):
        database = _prepare(server, plan)
        run = _Run(plan, database.url.render_as_string(hide_password=False), Path(folder), Random(plan.seed))  # noqa: S311 - no secret
        started = time.monotonic()
        try:
            _start(run)
            _watch(run, database, server)
        finally:
            _stop(run)
        return _report(run, database, round(time.monotonic() - started, 1))


def _prepare(server: Server, plan: Plan) -> OwnDatabase:
    database = make_database(server, "soak")
    engine = create_engine(database.url)
    with engine.begin() as connection:
        connection.execute(
            insert(User),
            [{"email": f"user{number}@example.org", "display_name": "0"} for number in range(plan.aggregates)],
        )
    engine.dispose()
    return database


def _start(run: _Run) -> None:
    for number in range(run.plan.relays):
        _start_relay(run, number)
    for number in range(run.plan.writers):
        process = _processes.Process(target=_writer, args=(run.plan, run.url, run.folder, number), daemon=True)
        process.start()
        run.writers.append(process)


def _start_relay(run: _Run, number: int) -> None:
    process = _processes.Process(target=_relay, args=(run.plan, run.url, run.folder, number), daemon=True)
    process.start()
    run.relays[number] = process


def _watch(run: _Run, database: OwnDatabase, server: Server) -> None:
    """Kill relays as long as there is work, restart the server when half of it is done; return when all is published."""
    give_up_at = time.monotonic() + GIVE_UP_AFTER_S
    kill_at = time.monotonic() + run.plan.kill_every_s
    while time.monotonic() < give_up_at:
        time.sleep(0.1)
        if time.monotonic() >= kill_at:
            _kill_one(run)
            kill_at = time.monotonic() + run.plan.kill_every_s * (0.5 + run.random.random())
        written, unpublished = _progress(database)
        if not run.restarts and written >= run.plan.events // 2:
            control_server(server, "restart")
            run.restarts += 1
        if not unpublished and not any(writer.is_alive() for writer in run.writers):
            return
    raise TimeoutError(f"{unpublished} events are still unpublished after {GIVE_UP_AFTER_S} s")


def _kill_one(run: _Run) -> None:
    number, process = run.random.choice(sorted(run.relays.items()))
    assert process.pid is not None
    process.kill()
    process.join()
    if process.exitcode == -signal.SIGKILL:
        run.killed.add(process.pid)
    _start_relay(run, number)


def _progress(database: OwnDatabase) -> tuple[int, int]:
    with database.connect() as connection:
        row = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE published_at IS NULL) FROM outbox_events"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def _stop(run: _Run) -> None:
    for process in (*run.writers, *run.relays.values()):
        process.terminate()
    for process in (*run.writers, *run.relays.values()):
        process.join(20)
        process.kill()
        process.join()


def _report(run: _Run, database: OwnDatabase, duration_s: float) -> Report:
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT event_id, aggregate_id, (payload ->> 'number')::integer, last_error FROM outbox_events"
        ).fetchall()
    sent = (line.split() for line in (run.folder / "delivered").read_text().splitlines())
    verdict = judge(
        committed={event_id: Committed(aggregate_id, number) for event_id, aggregate_id, number, _ in rows},
        acknowledged={UUID(line) for path in run.folder.glob("written-*") for line in path.read_text().split()},
        deliveries=[Delivery(int(pid), UUID(event_id)) for pid, event_id in sent],
        killed=run.killed,
    )
    refused = sum(error is not None for *_, error in rows)
    return Report(len(rows), refused, len(run.killed), run.restarts, duration_s, verdict)


def _writer(plan: Plan, url: str, folder: Path, number: int) -> None:
    asyncio.run(_write(plan, url, folder / f"written-{number}", Random(f"{plan.seed} {number}")))  # noqa: S311 - no secret


async def _write(plan: Plan, url: str, log: Path, random: Random) -> None:
    database = Database(url)
    async with database.session() as session:
        users = (await session.scalars(select(User.id).order_by(User.id))).all()
    recorded = 0
    with log.open("a", buffering=1) as written:
        while recorded < plan.events / plan.writers:
            try:
                events = await _record(database, random.choice(users), random)
            except AppError:  # the restart
                await asyncio.sleep(0.1)
            except _RolledBack:
                pass
            else:
                written.writelines(f"{event_id}\n" for event_id in events)
                recorded += len(events)
    await database.dispose()


class _RolledBack(Exception):  # noqa: N818 - no error, but what the writer wants
    """A transaction that its writer has given up."""


async def _record(database: Database, user_id: UUID, random: Random) -> Sequence[UUID]:
    """Record one to three events in one transaction, which may be rolled back, or commit late."""
    events = []
    async with database.session() as session:
        for _ in range(random.randint(1, 3)):
            next_number = cast(cast(User.display_name, Integer) + 1, Text)
            number = await session.scalar(
                update(User).where(User.id == user_id).values(display_name=next_number).returning(User.display_name)
            )
            assert number is not None
            event = await record_event(session, User, user_id, "user.changed", {"number": int(number)})
            events.append(event.event_id)
        if random.random() < LATE_COMMIT_CHANCE:
            await asyncio.sleep(random.random() / 2)
        if random.random() < ROLLBACK_CHANCE:
            raise _RolledBack
    return events


def _relay(plan: Plan, url: str, folder: Path, number: int) -> None:
    asyncio.run(_deliver(plan, url, folder / "delivered", number))


async def _deliver(plan: Plan, url: str, delivered: Path, number: int) -> None:
    guide = relay_of_the_guide()
    guide.__dict__.update(LEASE=LEASE, BATCH=BATCH, POLL_S=0.05, SEND_TIMEOUT_S=0.5)
    random = Random(os.getpid())  # noqa: S311 - no secret
    log = os.open(delivered, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def send(event: ClaimedEvent) -> None:
        if random.random() < REFUSAL_CHANCE:
            raise ConnectionError("refused")
        os.write(log, f"{os.getpid()} {event.event_id}\n".encode())
        await asyncio.sleep(0)

    database = Database(url)
    share = RelayShare(number, plan.relays) if plan.way == "shares" else RelayShare()
    async with RelayLock(database.engine, share) as lock:
        relay = guide.Relay(database, send, share=share, lock=lock if plan.way == "lock" else None)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, relay.stopping.set)
        await relay.run()
    await database.dispose()


def relay_of_the_guide() -> ModuleType:
    """Return the code of the guide as a module."""
    module = ModuleType("relay")
    code = "\n\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL))
    exec(compile(code, str(GUIDE), "exec"), module.__dict__)  # noqa: S102 - it is our own page
    return module
