"""A backend that hangs, as on a disk that no longer answers: the process is not ready, says so in time, and leaks nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Protocol

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from flowforge_schema import Database, check_readiness


class Server(Protocol):
    """What these tests need of the server of their own."""

    url: URL


@pytest.fixture
async def database(own_server: Server) -> AsyncIterator[Database]:
    database = Database(own_server.url)
    yield database
    await database.dispose()


@contextmanager
def hanging(backend: int) -> Iterator[None]:
    """Stop a backend, and let it go on in the end."""
    os.kill(backend, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(backend, signal.SIGCONT)


async def pooled_backend(database: Database) -> int:
    """Return the backend of the connection that the next session takes."""
    async with database.session() as session:
        return await session.scalar(text("SELECT pg_backend_pid()")) or 0


async def all_connections_are_given_back(database: Database) -> None:
    async with asyncio.timeout(30):
        while database.pool_state().checked_out:  # noqa: ASYNC110 - a pool tells nobody
            await asyncio.sleep(0.01)


async def test_a_backend_that_hangs_is_not_ready_within_the_limit(database: Database) -> None:
    with hanging(await pooled_backend(database)):
        started = time.monotonic()
        readiness = await check_readiness(database, limit_s=0.5)
        took_s = time.monotonic() - started

    assert (readiness.is_ready, readiness.reason) == (False, "the database did not answer within 0.5 s")
    assert took_s < 2  # psycopg alone waits 5 s for the query that it cancels
    await all_connections_are_given_back(database)


async def test_a_check_that_is_cancelled_leaves_no_connection_behind(database: Database) -> None:
    with hanging(await pooled_backend(database)):
        check = asyncio.create_task(check_readiness(database, limit_s=60))
        await asyncio.sleep(0.2)
        check.cancel()
        await asyncio.wait({check}, timeout=30)

    assert check.cancelled()
    await all_connections_are_given_back(database)
