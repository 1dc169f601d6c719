from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from flowforge_schema import Database
from flowforge_schema.outbox import RelayLock, RelayShare

WHO_HOLDS = text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = :database")
DATABASE = text("SELECT oid FROM pg_database WHERE datname = current_database()")


@pytest.fixture
async def first(engine: AsyncEngine) -> AsyncIterator[RelayLock]:
    """Yield a lock that is held."""
    async with RelayLock(engine) as lock:
        assert await lock.is_held()
        yield lock


async def test_one_relay_holds_the_lock_at_a_time(engine: AsyncEngine, first: RelayLock) -> None:
    async with RelayLock(engine) as second:
        assert not await second.is_held()
        assert await first.is_held()


async def test_another_relay_takes_over_when_the_first_one_ends(engine: AsyncEngine) -> None:
    async with RelayLock(engine) as second:
        async with RelayLock(engine) as first:
            await first.is_held()

        assert await _becomes_held(second)


async def test_shares_are_locked_apart(engine: AsyncEngine) -> None:
    async with RelayLock(engine, RelayShare(0, 2)) as first, RelayLock(engine, RelayShare(1, 2)) as second:
        assert await first.is_held()
        assert await second.is_held()


async def test_the_lock_is_lost_with_its_session_and_the_relay_notices(engine: AsyncEngine, first: RelayLock) -> None:
    async with RelayLock(engine) as second, engine.connect() as connection:
        await _end_holder(engine)

        assert await _becomes_held(second)
        assert not await first.is_held()
        assert await connection.scalar(text("SELECT 1")) == 1


async def test_a_relay_takes_its_lock_anew_when_nobody_else_has(engine: AsyncEngine, first: RelayLock) -> None:
    await _end_holder(engine)

    assert await _becomes_held(first)


async def test_holding_the_lock_keeps_no_transaction_open(engine: AsyncEngine, first: RelayLock) -> None:
    await first.is_held()
    async with engine.connect() as connection:
        idle = await connection.execute(
            text("SELECT state FROM pg_stat_activity WHERE pid = ANY (:holders)"),
            {"holders": await _holders(engine)},
        )

        assert idle.scalars().all() == ["idle"]


async def test_nothing_stays_checked_out(database: Database) -> None:
    async with RelayLock(database.engine) as first, RelayLock(database.engine) as second:
        await first.is_held()
        await second.is_held()

    assert database.pool_state().checked_out == 0


async def _holders(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        database = await connection.scalar(DATABASE)
        return list((await connection.execute(WHO_HOLDS, {"database": database})).scalars())


async def _end_holder(engine: AsyncEngine) -> None:
    (holder,) = await _holders(engine)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": holder})


async def _becomes_held(lock: RelayLock) -> bool:
    """Ask until the server has ended the session that held the lock, at most a few hundred times."""
    for _ in range(500):
        if await lock.is_held():
            return True
    return False


async def test_a_lock_that_was_given_back_is_free_for_another_process(database_with: Callable[..., Database]) -> None:
    one, other = database_with(), database_with()
    async with RelayLock(one.engine) as lock:
        assert await lock.is_held()

    async with RelayLock(other.engine) as lock:
        assert await _becomes_held(lock)
