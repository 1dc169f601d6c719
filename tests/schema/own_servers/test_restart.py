"""Under fire, on a server that goes away: the right error, and everything works again when it is back."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Protocol

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import URL

from flowforge_schema import AppError, CommitUnknownError, Database, DatabaseUnavailableError, User, retry_transient


class Server(Protocol):
    """What these tests need of the server of their own."""

    url: URL

    def start(self) -> None:
        """Start it."""

    def stop(self) -> None:
        """Stop it."""


@pytest.fixture
async def database(own_server: Server) -> AsyncIterator[Database]:
    database = Database(own_server.url)
    yield database
    await database.dispose()


async def count_users(database: Database) -> int:
    async with database.session() as session:
        return await session.scalar(select(func.count()).select_from(User)) or 0


async def fill_the_pool(database: Database) -> None:
    barrier = asyncio.Barrier(database.settings.pool_size)

    async def hold() -> None:
        async with database.session() as session:
            await session.execute(text("SELECT 1"))
            await barrier.wait()

    await asyncio.gather(*[hold() for _ in range(database.settings.pool_size)])


async def test_a_pool_that_was_idle_over_a_restart_serves_on_without_an_error(
    own_server: Server, database: Database
) -> None:
    await fill_the_pool(database)
    own_server.stop()
    own_server.start()

    await fill_the_pool(database)
    assert database.pool_state().checked_out == 0


async def test_while_the_server_is_away_every_request_is_told_so_and_afterwards_none(
    own_server: Server, database: Database
) -> None:
    await fill_the_pool(database)
    own_server.stop()
    outcomes = await asyncio.gather(*[count_users(database) for _ in range(20)], return_exceptions=True)
    own_server.start()

    assert {type(outcome) for outcome in outcomes} == {DatabaseUnavailableError}
    assert await count_users(database) == 0
    assert database.pool_state().checked_out == 0


async def sleep_in_the_database(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text("SELECT pg_sleep(30)"))


async def test_requests_that_a_restart_interrupts_are_told_so(own_server: Server, database: Database) -> None:
    sleeping = [asyncio.create_task(sleep_in_the_database(database)) for _ in range(10)]
    await asyncio.sleep(0.5)
    await asyncio.to_thread(own_server.stop)
    outcomes = await asyncio.gather(*sleeping, return_exceptions=True)
    own_server.start()

    assert {type(outcome) for outcome in outcomes} == {DatabaseUnavailableError}
    assert await count_users(database) == 0
    assert database.pool_state().checked_out == 0


async def crash_the_server(database: Database) -> None:
    """Kill the session's own backend, whereupon the server ends all others and recovers."""
    async with database.session() as session:
        backend = await session.scalar(text("SELECT pg_backend_pid()")) or 0
        os.kill(backend, signal.SIGKILL)
        await session.execute(text("SELECT 1"))


async def test_a_backend_that_crashes_makes_the_database_unavailable_until_it_has_recovered(database: Database) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await crash_the_server(database)

    patient = retry_transient(attempts=50, first_wait_s=0.05, longest_wait_s=0.2)(count_users)
    assert await patient(database) == 0
    assert database.pool_state().checked_out == 0


async def test_an_outage_of_some_seconds_is_bridged_by_who_asks_for_it(own_server: Server, database: Database) -> None:
    await count_users(database)
    own_server.stop()
    counting = asyncio.ensure_future(retry_transient(give_up_after_s=30)(count_users)(database))
    await asyncio.sleep(3)
    assert not counting.done()
    await asyncio.to_thread(own_server.start)

    assert await counting == 0


async def test_of_many_writers_over_a_restart_each_knows_what_was_stored(
    own_server: Server, database: Database
) -> None:
    stored: set[str] = set()
    unknown: set[str] = set()
    over = asyncio.Event()

    async def write(writer: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            email = f"{writer}.{number}@example.org"
            try:
                async with database.session() as session:
                    session.add(User(email=email))
            except CommitUnknownError:
                unknown.add(email)
            except AppError:
                await asyncio.sleep(0.01)
            else:
                stored.add(email)

    writers = [asyncio.create_task(write(writer)) for writer in range(8)]
    for _ in range(2):
        await asyncio.sleep(0.5)
        await asyncio.to_thread(own_server.stop)
        await asyncio.to_thread(own_server.start)
    await asyncio.sleep(0.5)
    over.set()
    await asyncio.gather(*writers)

    async with database.session() as session:
        found = set(await session.scalars(select(User.email)))
    assert stored <= found <= stored | unknown
    assert len(stored) > 10
    assert database.pool_state().checked_out == 0
