"""A failover: the pool leaves the node that was the primary, writes go on within two seconds, and none that was acknowledged is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol, Self

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.engine import URL

from flowforge_schema import (
    AppError,
    CommitUnknownError,
    Database,
    DatabaseSettings,
    ReadOnlyError,
    User,
    check_readiness,
    retry_transient,
)

WRITERS = 8
BACK_WITHIN_S = 2.0


class Server(Protocol):
    """What these tests need of a server of their own."""

    url: URL

    def stop(self) -> None:
        """Stop it."""


class Proxy(Protocol):
    """What these tests need of the proxy."""

    leads_to: Server
    url: URL


ProxyOf = Callable[[Server], Awaitable[Proxy]]
MakeDatabase = Callable[..., Database]


def run_on(server: Server, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements as an operator does, and return the rows of the last one."""
    with psycopg.connect(
        f"host={server.url.query['host']} user={server.url.username} dbname=postgres", autocommit=True
    ) as connection:
        for statement in statements[:-1]:
            connection.execute(statement)
        cursor = connection.execute(statements[-1])
        return cursor.fetchall() if cursor.description else []


def demote(server: Server) -> None:
    """Let a server refuse writes from here on, sessions that are open included, as the first step of a planned switch."""
    run_on(server, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    wait_for(server, "SHOW default_transaction_read_only", [("on",)])
    time.sleep(0.1)  # sessions that are open hear of it a moment after the server does


def wait_for(server: Server, question: str, answer: list[tuple[Any, ...]]) -> None:
    give_up_at = time.monotonic() + 30
    while run_on(server, question) != answer:
        assert time.monotonic() < give_up_at, f"{question} does not give {answer}"
        time.sleep(0.01)


def promote(server: Server) -> None:
    run_on(server, "SELECT pg_promote(true, 30)")


def replicate_synchronously(primary: Server) -> None:
    """Let a commit wait for the standby, so that what is acknowledged is there too."""
    run_on(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    wait_for(primary, "SELECT sync_state FROM pg_stat_replication", [("sync",)])


@pytest.fixture
def standby(own_server: Server, standby_of: Callable[[Server], Server]) -> Server:
    standby = standby_of(own_server)
    replicate_synchronously(own_server)
    return standby


@pytest.fixture
async def proxy(own_server: Server, proxy_of: ProxyOf) -> Proxy:
    return await proxy_of(own_server)


@pytest.fixture
async def database_on() -> AsyncIterator[MakeDatabase]:
    """Yield what makes a Database on a URL."""
    made: list[Database] = []

    def make(url: URL, **settings: Any) -> Database:
        secret = SecretStr(url.render_as_string(hide_password=False))
        made.append(Database(DatabaseSettings(url=secret, **settings)))
        return made[-1]

    yield make
    for database in made:
        await database.dispose()


class Writers:
    """Those who write all the time, and what each knows of it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.stored: dict[str, float] = {}
        """When what was written was acknowledged."""
        self.unknown: set[str] = set()
        self._over = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._write(writer)) for writer in range(WRITERS)]
        await self.write_after(time.monotonic())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._over.set()
        _, pending = await asyncio.wait(self._tasks, timeout=10)
        for task in pending:  # one that waits for a standby that is none any more
            task.cancel()

    async def write_after(self, moment: float) -> float:
        """Wait until each writer has written since the moment; return how many seconds that took."""
        async with asyncio.timeout(20):
            while len({email.split(".")[0] for email, at in self.stored.items() if at > moment}) < WRITERS:  # noqa: ASYNC110 - many make it so
                await asyncio.sleep(0.01)
        return time.monotonic() - moment

    async def _write(self, writer: int) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            email = f"{writer}.{number}@example.org"
            try:
                async with self.database.session() as session:
                    session.add(User(email=email))
            except CommitUnknownError:
                self.unknown.add(email)
            except AppError:
                await asyncio.sleep(0.05)
            else:
                self.stored[email] = time.monotonic()
            await asyncio.sleep(0.005)


async def emails(database: Database) -> set[str]:
    async with database.session() as session:
        return set(await session.scalars(select(User.email)))


async def test_writes_go_on_when_the_address_leads_to_the_promoted_standby(
    own_server: Server, standby: Server, proxy: Proxy, database_on: MakeDatabase
) -> None:
    database = database_on(proxy.url, pool_size=WRITERS)
    async with Writers(database) as writers:
        await asyncio.to_thread(demote, own_server)  # which goes on to hold the connections of the pool
        proxy.leads_to = standby
        await asyncio.to_thread(promote, standby)
        took_s = await writers.write_after(time.monotonic())

    assert took_s < BACK_WITHIN_S
    found = await emails(database)
    assert set(writers.stored) <= found <= set(writers.stored) | writers.unknown


async def test_writes_go_on_when_the_url_names_both_hosts_and_the_primary_crashes(
    own_server: Server, standby: Server, database_on: MakeDatabase
) -> None:
    hosts = [str(server.url.query["host"]) for server in (own_server, standby)]
    database = database_on(own_server.url.set(query={"host": hosts}), pool_size=WRITERS)
    async with Writers(database) as writers:
        await asyncio.to_thread(own_server.stop)
        await asyncio.to_thread(promote, standby)
        took_s = await writers.write_after(time.monotonic())

    assert took_s < BACK_WITHIN_S
    found = await emails(database)
    assert set(writers.stored) <= found <= set(writers.stored) | writers.unknown


async def test_of_several_hosts_the_one_that_takes_writes_is_found(
    own_server: Server, standby: Server, database_on: MakeDatabase
) -> None:
    hosts = [str(server.url.query["host"]) for server in (standby, own_server)]
    database = database_on(own_server.url.set(query={"host": hosts}))

    async with database.session() as session:
        session.add(User(email="ada@example.org"))


async def write(database: Database, email: str) -> None:
    async with database.session() as session:
        session.add(User(email=email))


async def test_a_write_that_is_tried_again_does_not_notice_the_switch(
    own_server: Server, standby: Server, proxy: Proxy, database_on: MakeDatabase
) -> None:
    database = database_on(proxy.url)
    await write(database, "before@example.org")
    demote(own_server)
    proxy.leads_to = standby
    promote(standby)

    await retry_transient()(write)(database, "after@example.org")

    assert await emails(database) == {"before@example.org", "after@example.org"}


async def backend_of(database: Database) -> int:
    async with database.session() as session:
        return await session.scalar(text("SELECT pg_backend_pid()")) or 0


async def test_a_write_in_a_read_session_costs_no_connection(own_server: Server, database_on: MakeDatabase) -> None:
    database = database_on(own_server.url)
    before = await backend_of(database)

    with pytest.raises(ReadOnlyError) as raised:
        async with database.read_session() as session:
            await session.execute(text("DELETE FROM users"))

    assert await backend_of(database) == before
    assert (raised.value.code, raised.value.retryable) == ("read_only", False)


async def test_a_standby_in_the_place_of_the_primary_is_not_ready(standby: Server, database_on: MakeDatabase) -> None:
    readiness = await check_readiness(database_on(standby.url))

    assert (readiness.is_ready, readiness.code) == (False, "primary_read_only")


async def test_a_pool_on_a_demoted_node_is_ready_at_the_second_look_when_the_address_leads_elsewhere(
    own_server: Server, standby: Server, proxy: Proxy, database_on: MakeDatabase
) -> None:
    run_on(
        own_server, "CREATE TABLE alembic_version (version_num text)", "INSERT INTO alembic_version VALUES ('9999_')"
    )
    database = database_on(proxy.url)
    await backend_of(database)
    demote(own_server)
    proxy.leads_to = standby
    promote(standby)

    looks = [(await check_readiness(database)).is_ready for _ in range(2)]

    assert looks == [False, True]


async def test_a_standby_that_takes_no_write_yet_is_told_as_a_reason_to_come_back(
    standby: Server, database_on: MakeDatabase
) -> None:
    database = database_on(standby.url)

    with pytest.raises(ReadOnlyError) as raised:
        await write(database, "ada@example.org")

    assert (raised.value.code, raised.value.retryable) == ("primary_read_only", True)
    with suppress(AppError):
        await write(database, "ada@example.org")
    assert database.pool_state().checked_out == 0
