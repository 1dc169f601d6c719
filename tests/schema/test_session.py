from __future__ import annotations

import pytest
from sqlalchemy import func, select

from flowforge_schema import ConflictError, Database, User


async def count_users(database: Database) -> int:
    async with database.read_session() as session:
        return await session.scalar(select(func.count()).select_from(User)) or 0


async def add_a_user_and_stop(database: Database) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))
        await session.flush()
        raise KeyboardInterrupt


async def test_a_unit_of_work_is_committed_when_its_block_ends(database: Database) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))

    assert await count_users(database) == 1


async def test_a_unit_of_work_is_rolled_back_when_anything_leaves_its_block(database: Database) -> None:
    with pytest.raises(KeyboardInterrupt):
        await add_a_user_and_stop(database)

    assert await count_users(database) == 0


async def test_a_violated_constraint_is_told_by_name_and_field(database: Database) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))

    with pytest.raises(ConflictError) as raised:
        async with database.session() as session:
            session.add(User(email="ADA@example.org"))

    assert (raised.value.constraint, raised.value.field) == ("uq_users__lower_email", "email")
