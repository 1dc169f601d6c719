from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.models import User


async def test_a_new_user_has_its_timestamps_without_another_query(session: AsyncSession) -> None:
    user = User(email="ada@example.org")
    session.add(user)
    await session.flush()

    assert user.created_at == user.updated_at
