"""How long a connection waits for each of its answers, however many share one alarm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from flowforge_schema.engine.punctual import PunctualConnection

LIMIT_S = 0.5
NO_LIMIT_S = 10.0


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[PunctualConnection]:
    made = await PunctualConnection.connect(database_url.replace("+psycopg", ""), autocommit=True)
    made.answer_limit_s = LIMIT_S
    yield made
    await made.close()


async def ask(connection: PunctualConnection, takes_s: float) -> None:
    await connection.execute("SELECT pg_sleep(%s)", [takes_s])


async def waited_for(connection: PunctualConnection, takes_s: float) -> float:
    """Return how long it took until the connection was hung up."""
    started = time.monotonic()
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        await ask(connection, takes_s)
    assert connection.closed
    return time.monotonic() - started


async def test_answers_that_come_in_time_are_awaited_although_together_they_take_longer(
    connection: PunctualConnection,
) -> None:
    for _ in range(3):
        await ask(connection, LIMIT_S * 2 / 3)


async def test_an_answer_has_its_whole_time_after_others_before_it(connection: PunctualConnection) -> None:
    await ask(connection, LIMIT_S / 2)

    assert LIMIT_S <= await waited_for(connection, NO_LIMIT_S) < NO_LIMIT_S


async def test_after_a_rest_a_connection_is_of_use_and_an_answer_has_its_whole_time(
    connection: PunctualConnection,
) -> None:
    await ask(connection, 0)
    await asyncio.sleep(LIMIT_S * 4 / 3)
    await ask(connection, 0)

    assert LIMIT_S <= await waited_for(connection, NO_LIMIT_S) < NO_LIMIT_S


async def test_a_shorter_limit_holds_at_once(connection: PunctualConnection) -> None:
    connection.answer_limit_s = NO_LIMIT_S
    await ask(connection, 0)
    connection.answer_limit_s = LIMIT_S

    assert LIMIT_S <= await waited_for(connection, NO_LIMIT_S) < NO_LIMIT_S


async def test_a_longer_limit_holds_at_once(connection: PunctualConnection) -> None:
    await ask(connection, 0)
    connection.answer_limit_s = NO_LIMIT_S

    await ask(connection, LIMIT_S * 4 / 3)


async def test_a_closed_connection_leaves_no_alarm_behind(connection: PunctualConnection) -> None:
    await ask(connection, 0)
    alarm = connection._alarm
    await connection.close()

    assert alarm is not None
    assert alarm.cancelled()
