"""A server or a network that answers no more: each caller is told so within the configured time, and the pool recovers."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import URL

from flowforge_schema import (
    AppError,
    CommitUnknownError,
    Database,
    DatabaseSettings,
    DatabaseUnavailableError,
    UnavailableReason,
    User,
    check_readiness,
)

CALLERS = 10
# How long a caller may wait at most: for the answer to a statement, or for a ping and then a new connection.
SETTINGS: dict[str, Any] = {
    "statement_timeout_ms": 1_000,
    "lock_timeout_ms": 500,
    "answer_grace_ms": 500,
    "connect_timeout_s": 2,
    "pool_size": CALLERS,
}
LIMIT_S = 2 * 2 + 1.0  # a ping and a new connection, and what a busy machine adds


class Server(Protocol):
    """What these tests need of a server of their own."""

    url: URL


class Proxy(Protocol):
    """What these tests need of the proxy."""

    answers: asyncio.Event
    delay_s: float
    url: URL


@pytest.fixture
async def proxy(own_server: Server, proxy_of: Callable[[Server], Awaitable[Proxy]]) -> Proxy:
    return await proxy_of(own_server)


@pytest.fixture
async def database(proxy: Proxy) -> AsyncIterator[Database]:
    url = SecretStr(proxy.url.render_as_string(hide_password=False))
    database = Database(DatabaseSettings(url=url, **SETTINGS))
    yield database
    await database.dispose()


async def ask(database: Database, question: str = "SELECT 1") -> object:
    async with database.session() as session:
        return await session.scalar(text(question))


async def ask_at_once(database: Database) -> list[object]:
    return await asyncio.gather(*[ask(database) for _ in range(CALLERS)], return_exceptions=True)


async def fill_the_pool(database: Database) -> list[int]:
    """Open a connection for each caller, and return their backends."""
    barrier = asyncio.Barrier(CALLERS)

    async def hold() -> int:
        async with database.session() as session:
            backend = await session.scalar(text("SELECT pg_backend_pid()"))
            await barrier.wait()
        return backend or 0

    return await asyncio.gather(*[hold() for _ in range(CALLERS)])


def told(outcomes: list[object]) -> set[tuple[type, str | None]]:
    return {(type(outcome), getattr(outcome, "reason", None)) for outcome in outcomes}


NO_ANSWER = (DatabaseUnavailableError, UnavailableReason.NO_ANSWER)


async def test_a_network_that_drops_everything_is_told_to_each_caller_in_time(database: Database, proxy: Proxy) -> None:
    await fill_the_pool(database)
    proxy.answers.clear()
    started = time.monotonic()
    outcomes = await asyncio.wait_for(ask_at_once(database), 45)
    took_s = time.monotonic() - started

    assert told(outcomes) == {NO_ANSWER}
    assert took_s < LIMIT_S


async def test_the_pool_recovers_when_the_network_does(database: Database, proxy: Proxy) -> None:
    await fill_the_pool(database)
    proxy.answers.clear()
    await asyncio.wait_for(ask_at_once(database), 45)
    proxy.answers.set()

    assert await ask_at_once(database) == [1] * CALLERS
    assert database.pool_state().checked_out == 0


@contextmanager
def stopped(processes: list[int]) -> Iterator[None]:
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


async def test_a_server_that_is_stopped_is_told_to_each_caller_in_time_and_works_again_afterwards(
    own_server: Server, database: Database
) -> None:
    backends = await fill_the_pool(database)
    folder = Path(str(own_server.url.query["host"])) / "data"
    postmaster = int((folder / "postmaster.pid").read_text().splitlines()[0])
    with stopped([postmaster, *backends]):
        started = time.monotonic()
        outcomes = await asyncio.wait_for(ask_at_once(database), 45)
        took_s = time.monotonic() - started

    assert told(outcomes) == {NO_ANSWER}
    assert took_s < LIMIT_S
    assert await ask_at_once(database) == [1] * CALLERS


async def test_a_statement_whose_answer_does_not_come_ends_after_its_timeout_and_the_grace(
    database: Database, proxy: Proxy
) -> None:
    asking = asyncio.create_task(ask(database, "SELECT 1 FROM pg_sleep(0.5)"))
    await asyncio.sleep(0.3)
    started = time.monotonic()
    proxy.answers.clear()
    [outcome] = await asyncio.gather(asking, return_exceptions=True)

    assert told([outcome]) == {NO_ANSWER}
    assert time.monotonic() - started < 2.5


async def write_into_silence(database: Database, proxy: Proxy) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))
        await session.flush()
        proxy.answers.clear()


async def test_a_commit_that_is_not_answered_leaves_the_outcome_unknown(database: Database, proxy: Proxy) -> None:
    with pytest.raises(CommitUnknownError) as raised:
        await asyncio.wait_for(write_into_silence(database, proxy), 20)

    assert raised.value.reason == UnavailableReason.NO_ANSWER


async def test_a_statement_that_takes_its_time_is_not_cut_off(database: Database) -> None:
    assert await ask(database, "SELECT 1 FROM pg_sleep(0.9)") == 1


async def test_silence_is_a_reason_not_to_be_ready(database: Database, proxy: Proxy) -> None:
    proxy.answers.clear()

    readiness = await check_readiness(database, limit_s=0.3)

    assert (readiness.is_ready, readiness.code) == (False, "no_answer")


def sleepers(server: Server) -> int:
    with psycopg.connect(f"host={server.url.query['host']} user={server.url.username} dbname=postgres") as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active'"
            " AND pid <> pg_backend_pid()"
        ).fetchone()
    return row[0] if row else 0


async def send_and_cancel(database: Database, proxy: Proxy) -> None:
    """Cancel a statement that is still on its way, so that the server hears of the cancellation first."""
    async with database.session() as session:
        await session.execute(text("SELECT 1"))
        proxy.delay_s = 1
        asking = asyncio.create_task(session.execute(text("SELECT pg_sleep(30)")))
        await asyncio.sleep(0.3)
        asking.cancel()
        await asking


async def test_a_statement_that_its_cancellation_overtakes_does_not_outlive_its_client(
    own_server: Server, proxy: Proxy
) -> None:
    # Without TLS the request to cancel is one packet.
    url = proxy.url.update_query_dict({"sslmode": "disable", "gssencmode": "disable"})
    database = Database(DatabaseSettings(url=SecretStr(url.render_as_string(hide_password=False))))
    await asyncio.wait({asyncio.create_task(send_and_cancel(database, proxy))}, timeout=30)
    async with asyncio.timeout(10):  # psycopg has waited for 5 s, the statement would go on for 20 more
        while sleepers(own_server):  # noqa: ASYNC110 - a server tells nobody
            await asyncio.sleep(0.1)
    await database.dispose()


async def test_a_caller_that_is_told_so_can_try_again(database: Database, proxy: Proxy) -> None:
    proxy.answers.clear()
    with pytest.raises(AppError) as raised:
        await asyncio.wait_for(ask(database), 20)
    proxy.answers.set()

    assert raised.value.retryable
    assert await ask(database) == 1
