"""Record, claim and publish: the data layer beside pgbench, which sends the same statements.

The statements are the ones that the data layer was seen to send. Only the claim's last SELECT differs: pgbench can carry values on from
a single row alone, so it gets ids, leases and payloads as arrays.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import event, select

from flowforge_schema import (
    Database,
    NewEvent,
    TrailingFloor,
    User,
    claim_events,
    mark_published,
    record_event,
    record_events,
)
from flowforge_schema.models import metadata
from pgharness.servers import Connection, Server, open_server
from pgharness.servers.embedded.account import server_account
from pgharness.servers.embedded.binaries import find_binaries, reachable_binaries

BATCH = 100
USERS = 10
PAYLOAD = {"run_id": "0199c3c4-6f1a-7000-8000-000000000000", "status": "completed", "duration_s": 12.5, "attempt": 1}

# How many events one transaction records.
WORKLOADS = (BATCH, 1)

CLAIM_ENDS_WITH = "\nSELECT\n    glance.seen"
CARRY_ON = """
SELECT array_agg(id) AS ids, array_agg(attempts) AS attempts, array_agg(available_at) AS leases, array_agg(payload) AS payloads
FROM claimed \\gset
"""

Statement = tuple[str, dict[str, Any]]


async def compare(rounds: int, cycles: int) -> None:
    """Print events per second of both, for each workload."""
    with open_server("embedded") as server, server.connect() as connection, TemporaryDirectory() as folder:
        database = Database(server.url.render("psycopg"))
        users = await _prepare(database)
        for per_transaction in WORKLOADS:
            script = Path(folder) / f"{per_transaction}.sql"
            text, options = await _script(database, users, per_transaction)
            script.write_text(text)
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(await _run_ours(database, users, per_transaction, cycles))
                _tidy(connection)
                theirs.append(_run_pgbench(server, script, options, cycles))
                _tidy(connection)
            ratio = statistics.median(ours) / statistics.median(theirs)
            print(
                f"{per_transaction:>3} events a transaction: data layer {statistics.median(ours):6.0f} events/s,"
                f" pgbench {statistics.median(theirs):6.0f} events/s, ratio {ratio:.2f}"
            )
        await database.dispose()


async def _prepare(database: Database) -> list[UUID]:
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    async with database.session() as session:
        session.add_all(User(email=f"user{number}@example.org") for number in range(USERS))
    async with database.session() as session:
        return list((await session.scalars(select(User.id).order_by(User.id))).all())


def _tidy(connection: Connection) -> None:
    connection.execute("VACUUM (ANALYZE) outbox_events")


async def _run_ours(database: Database, users: list[UUID], per_transaction: int, cycles: int) -> float:
    floor = TrailingFloor()
    started = time.perf_counter()
    for _ in range(cycles):
        await _cycle(database, users, per_transaction, floor)
    return cycles * BATCH / (time.perf_counter() - started)


async def _cycle(database: Database, users: list[UUID], per_transaction: int, floor: TrailingFloor | None) -> None:
    for number in range(BATCH // per_transaction):
        async with database.session() as session:
            if per_transaction == 1:
                await record_event(session, User, users[number % USERS], "user.changed", PAYLOAD)
            else:
                await record_events(
                    session, User, [NewEvent(users[n % USERS], "user.changed", PAYLOAD) for n in range(per_transaction)]
                )
    async with database.session() as session:
        claimed = await claim_events(session, limit=BATCH, floor=floor)
    async with database.session() as session:
        lost = await mark_published(session, claimed)
    assert len(claimed) == BATCH
    assert not lost


async def _script(database: Database, users: list[UUID], per_transaction: int) -> tuple[str, list[str]]:
    """Return what one cycle sends as a pgbench script, and the options that set its variables."""
    with _listening(database) as sent:
        await _cycle(database, users, per_transaction, None)
    *recorded, claim, mark = sent
    options: list[str] = []
    blocks = []
    for start in range(0, len(recorded), 2):
        block = []
        for place, (statement, values) in enumerate(recorded[start : start + 2], start):
            block.append(_for_pgbench(statement, values, f"_{place}") + ";\n")
            options += _variables(values, f"_{place}")
        blocks.append("BEGIN;\n" + "".join(block) + "END;\n")
    options += _variables(claim[1], "")
    head, _, _ = _for_pgbench(*claim, "").partition(CLAIM_ENDS_WITH)
    blocks.append(f"BEGIN;\n{head}{CARRY_ON}END;\n")
    blocks.append(f"BEGIN;\n{_for_pgbench(*mark, '')};\nEND;\n")
    return "".join(blocks), options


@contextmanager
def _listening(database: Database) -> Iterator[list[Statement]]:
    sent: list[Statement] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: dict[str, Any], *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)


def _for_pgbench(statement: str, values: dict[str, Any], suffix: str) -> str:
    def variable(match: re.Match[str]) -> str:
        return "NULL" if values[match[1]] is None else f":{match[1]}{suffix}"

    without_comments = re.sub(r"^\s*--.*\n", "", statement, flags=re.MULTILINE)
    return re.sub(r"%\((\w+)\)s", variable, without_comments).rstrip()


def _variables(values: dict[str, Any], suffix: str) -> list[str]:
    given = {name: value for name, value in values.items() if value is not None}
    return [part for name, value in given.items() for part in ("-D", f"{name}{suffix}={_as_text(value)}")]


def _as_text(value: Any) -> str:
    """Return a value as PostgreSQL's input."""
    if isinstance(value, Jsonb):
        return json.dumps(value.obj)
    if isinstance(value, list):
        quoted = (_as_text(element).replace("\\", "\\\\").replace('"', '\\"') for element in value)
        return "{" + ",".join(f'"{element}"' for element in quoted) + "}"
    return str(value)


def _run_pgbench(server: Server, script: Path, options: list[str], cycles: int) -> float:
    pgbench = reachable_binaries(find_binaries(), server_account()).program("pgbench")
    done = subprocess.run(
        [pgbench, "-n", "-M", "prepared", "-t", str(cycles), "-f", str(script), *options, server.url.conninfo()],
        check=False,
        capture_output=True,
        text=True,
    )
    tps = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or not tps:
        raise RuntimeError(f"pgbench failed: {done.stderr[-1000:]}")
    return float(tps[1]) * BATCH
