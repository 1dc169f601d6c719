"""The relay of docs/guides/outbox-relay.md, run as it is printed there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from flowforge_schema import ClaimedEvent, Database, User

if TYPE_CHECKING:
    from tests.schema.outbox.outboxes import Outbox

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "outbox-relay.md"
CODE = "\n\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL))
LAST_YEAR = datetime.now(UTC) - timedelta(days=365)
ADD_EVENTS = """\
INSERT INTO outbox_events (aggregate_type, aggregate_id, event_type, payload, published_at)
SELECT 'letter', uuidv7(), 'letter.written', '{}', :published_at FROM generate_series(1, :events)"""
END = '\n\nif __name__ == "__main__":\n    asyncio.run(main())\n'


@pytest.fixture(scope="module")
def guide() -> ModuleType:
    """Return the guide's code as a module."""
    module = ModuleType("relay")
    exec(compile(CODE, str(GUIDE), "exec"), module.__dict__)  # noqa: S102 - it is our own page
    module.POLL_S = 0.05  # type: ignore[attr-defined]  # a name of the module that was just made
    return module


class Broker:
    """What the relay sends to: keeps what it was given, and refuses what it is told to."""

    def __init__(self, *refused: int, expected: int = 0) -> None:
        self.refused = set(refused)
        self.received: list[int] = []
        self.expected = expected
        self.has_all = asyncio.Event()

    async def send(self, event: ClaimedEvent) -> None:
        """Take an event, or refuse it once."""
        if event.id in self.refused:
            self.refused.remove(event.id)
            raise ConnectionError("refused")
        self.received.append(event.id)
        if len(self.received) == self.expected:
            self.has_all.set()


async def test_the_relay_delivers_all_events_in_order(guide: ModuleType, database: Database, outbox: Outbox) -> None:
    written = await outbox.write("a", "b", "a")
    broker = Broker()
    await guide.Relay(database, broker.send).deliver_batch()

    assert broker.received == written
    assert await outbox.claim() == []


async def test_the_relay_sends_nothing_behind_a_failed_event_of_its_aggregate(
    guide: ModuleType, database: Database, outbox: Outbox
) -> None:
    refused, _, other = await outbox.write("a", "a", "b")
    broker = Broker(refused)
    await guide.Relay(database, broker.send).deliver_batch()

    assert broker.received == [other]


async def test_the_relay_sends_a_failed_event_again_and_then_those_behind_it(
    guide: ModuleType, database: Database, outbox: Outbox
) -> None:
    first, second = await outbox.write("a", "a")
    broker = Broker(first, expected=2)
    relay = guide.Relay(database, broker.send)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(relay.run())
        await broker.has_all.wait()
        relay.stopping.set()

    assert broker.received == [first, second]


async def test_what_waited_behind_a_failed_event_was_not_counted_as_tried(
    guide: ModuleType, database: Database, outbox: Outbox
) -> None:
    refused, waiting = await outbox.write("a", "a")
    await guide.Relay(database, Broker(refused).send).deliver_batch()

    assert (await outbox.stored(waiting)).attempts == 0


async def test_a_relay_that_is_told_to_stop_gives_back_what_it_has_not_sent(
    guide: ModuleType, database: Database, outbox: Outbox
) -> None:
    first, *others = await outbox.write("a", "b", "c")
    relay = guide.Relay(database, Broker().send)

    async def send(_event: ClaimedEvent) -> None:
        relay.stopping.set()

    relay.send = send
    await relay.run()

    assert (await outbox.stored(first)).published_at is not None
    assert await outbox.claimed_ids() == others


async def test_a_relay_that_has_no_time_left_sends_nothing(
    guide: ModuleType, database: Database, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = await outbox.write("a")
    broker = Broker()
    monkeypatch.setattr(guide, "SEND_TIMEOUT_S", guide.LEASE.total_seconds() + 1)
    await guide.Relay(database, broker.send).deliver_batch()

    assert broker.received == []
    assert await outbox.claimed_ids() == written


async def test_events_are_recorded_as_the_guide_does_it(guide: ModuleType, database: Database, outbox: Outbox) -> None:
    async with database.session() as session:
        user = User(email="ada@example.org")
        session.add(user)
    await guide.rename(database, user.id, "Ada")

    (event,) = await outbox.claim()
    assert event.payload == {"user_id": str(user.id), "name": "Ada"}


async def test_the_purge_of_the_guide_goes_on_past_a_thousand_parked_events(
    guide: ModuleType, database: Database
) -> None:
    async with database.session() as session:
        await session.execute(text(ADD_EVENTS), {"events": 1000, "published_at": None})
        await session.execute(text(ADD_EVENTS), {"events": 1500, "published_at": LAST_YEAR})

    assert await guide.purge(database, keep=timedelta(days=30)) == 1500


async def test_the_whole_program_runs_until_it_is_told_to_stop(
    database_url: str, outbox: Outbox, tmp_path: Path
) -> None:
    await outbox.write("a")
    program = tmp_path / "relay.py"
    program.write_text(CODE + END)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        stdout=subprocess.PIPE,
        env={**os.environ, "FLOWFORGE_DB_URL": database_url},
    )
    assert process.stdout is not None
    line = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
    process.terminate()

    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert line["type"] == "letter.written"
