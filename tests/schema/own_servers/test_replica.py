"""Read sessions on a streaming standby."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema import Database, DatabaseSettings, DatabaseUnavailableError, ReadOnlyError, User


class Server(Protocol):
    """What these tests need of a server of their own."""

    url: URL

    def stop(self) -> None:
        """Stop it."""


def secret(url: URL) -> SecretStr:
    return SecretStr(url.render_as_string(hide_password=False))


@pytest.fixture
def standby(own_server: Server, standby_of: Callable[[Server], Server]) -> Server:
    return standby_of(own_server)


@pytest.fixture
async def database(own_server: Server, standby: Server) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=secret(own_server.url), read_url=secret(standby.url)))
    yield database
    await database.dispose()


async def is_standby(session: AsyncSession) -> bool:
    return bool(await session.scalar(text("SELECT pg_is_in_recovery()")))


async def test_read_sessions_go_to_the_standby_and_the_others_to_the_primary(database: Database) -> None:
    async with database.session() as session, database.read_session() as read_session:
        assert (await is_standby(session), await is_standby(read_session)) == (False, True)


async def test_what_is_written_on_the_primary_is_read_on_the_standby(database: Database) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))

    for _ in range(1000):
        if await count_on_standby(database):
            break
        await asyncio.sleep(0.01)
    assert await count_on_standby(database) == 1


async def count_on_standby(database: Database) -> int:
    async with database.read_session() as session:
        return await session.scalar(select(func.count()).select_from(User)) or 0


async def test_a_write_on_the_standby_is_refused(database: Database) -> None:
    async with database.read_session() as session:
        with pytest.raises(ReadOnlyError):
            await session.execute(text("DELETE FROM users"))


async def test_without_the_standby_reads_are_told_so_and_writes_go_on(database: Database, standby: Server) -> None:
    await count_on_standby(database)
    standby.stop()

    with pytest.raises(DatabaseUnavailableError):
        await count_on_standby(database)
    async with database.session() as session:
        session.add(User(email="ada@example.org"))


async def test_the_gauges_tell_the_two_pools_apart(database: Database) -> None:
    async with database.read_session() as session:
        await is_standby(session)
        primary, replica = database.pool_state(), database.read_pool_state()

    assert (primary.checked_out, replica.checked_out) == (0, 1)


async def test_without_a_replica_read_sessions_use_the_primarys_pool(own_server: Server) -> None:
    database = Database(own_server.url)

    async with database.read_session() as session:
        assert not await is_standby(session)
        assert database.read_pool_state() == database.pool_state()
    await database.dispose()
