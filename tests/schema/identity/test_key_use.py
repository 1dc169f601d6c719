"""API keys in use: which are usable, and that the note of a use neither queues nor is written twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from flowforge_schema import ApiKey, Database, User, touch_api_key, usable_api_key

NOW = datetime.now(UTC)
AT_ONCE = 10
UNUSABLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "it is revoked": ({"revoked_at": NOW}, {}),
    "it has expired": ({"expires_at": NOW - timedelta(seconds=1)}, {}),
    "its user is not active": ({}, {"is_active": False}),
}
USABLE = {
    "it never expires": {"expires_at": None},
    "it expires later": {"expires_at": NOW + timedelta(hours=1)},
}


@pytest.fixture
async def key(database: Database) -> ApiKey:
    """Give a key that was never used."""
    return await add_key(database, {}, {})


async def add_key(database: Database, of_key: dict[str, Any], of_user: dict[str, Any]) -> ApiKey:
    user = User(email="ada@example.org", **of_user)
    key = ApiKey(user_id=user.id, name="deploy", prefix="ff_live_abc", key_hash=bytes(32), **of_key)
    async with database.session() as session:
        session.add_all([user, key])
    return key


async def last_used_at(database: Database, key_id: UUID) -> datetime | None:
    async with database.session() as session:
        return await session.scalar(select(ApiKey.last_used_at).where(ApiKey.id == key_id))


async def set_used(database: Database, key_id: UUID, moment: datetime) -> None:
    async with database.session() as session:
        await session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=moment))


@pytest.mark.parametrize(("of_key", "of_user"), UNUSABLE.values(), ids=UNUSABLE)
async def test_a_key_cannot_be_used_when(database: Database, of_key: dict[str, Any], of_user: dict[str, Any]) -> None:
    await add_key(database, of_key, of_user)

    async with database.read_session() as session:
        assert await session.scalar(usable_api_key("ff_live_abc")) is None


@pytest.mark.parametrize("of_key", USABLE.values(), ids=USABLE)
async def test_a_key_can_be_used_and_comes_with_its_user_when(database: Database, of_key: dict[str, Any]) -> None:
    added = await add_key(database, of_key, {})

    async with database.read_session() as session:
        key = (await session.scalars(usable_api_key("ff_live_abc"))).one()
        assert (key.id, key.user.email) == (added.id, "ada@example.org")


async def test_the_first_use_is_noted(database: Database, key: ApiKey) -> None:
    async with database.session() as session:
        assert await session.scalar(touch_api_key(key.id)) == key.id

    noted = await last_used_at(database, key.id)
    assert noted is not None
    assert abs(datetime.now(UTC) - noted) < timedelta(minutes=1)


async def test_a_use_within_the_interval_is_not_noted(database: Database, key: ApiKey) -> None:
    before = datetime.now(UTC) - timedelta(seconds=50)
    await set_used(database, key.id, before)
    async with database.session() as session:
        assert await session.scalar(touch_api_key(key.id)) is None

    assert await last_used_at(database, key.id) == before


async def test_a_use_after_the_interval_is_noted(database: Database, key: ApiKey) -> None:
    await set_used(database, key.id, datetime.now(UTC) - timedelta(seconds=50))
    async with database.session() as session:
        assert await session.scalar(touch_api_key(key.id, interval=timedelta(seconds=40))) == key.id


async def test_a_key_that_is_not_there_is_not_touched(database: Database) -> None:
    async with database.session() as session:
        assert await session.scalar(touch_api_key(UUID(int=0))) is None


async def test_a_touch_passes_by_a_key_that_another_request_has_locked(database: Database, key: ApiKey) -> None:
    async with database.session() as first, database.session() as second:
        assert await first.scalar(touch_api_key(key.id)) == key.id
        await second.execute(text("SET LOCAL lock_timeout = '1ms'"))

        assert await second.scalar(touch_api_key(key.id)) is None


async def test_a_touch_that_came_second_sees_what_the_first_has_committed(database: Database, key: ApiKey) -> None:
    async with database.session() as second:
        await second.execute(text("SELECT"))  # its transaction has begun before the other one
        async with database.session() as first:
            await first.scalar(touch_api_key(key.id))

        assert await second.scalar(touch_api_key(key.id)) is None


async def test_many_requests_with_one_key_are_under_way_at_once_and_write_once(
    database_with: Callable[..., Database], key: ApiKey
) -> None:
    database = database_with(pool_size=AT_ONCE, max_overflow=0)
    all_touched = asyncio.Barrier(AT_ONCE)

    async def request() -> UUID | None:
        async with database.session() as session:
            written = await session.scalar(touch_api_key(key.id))
            await all_touched.wait()  # nobody gets here who waits for the transaction of another
            return written

    async with asyncio.timeout(30):
        written = await asyncio.gather(*(request() for _ in range(4 * AT_ONCE)))

    assert [key_id for key_id in written if key_id] == [key.id]
