"""Parked events: those that relays have given up on, until a person decides. The later events of their aggregates wait."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.models import OutboxEvent
from flowforge_schema.outbox.failing import PARKED_UNTIL

_IS_PARKED = (OutboxEvent.published_at.is_(None), OutboxEvent.available_at == PARKED_UNTIL)


async def parked_events(session: AsyncSession, *, after_id: int = 0, limit: int = 100) -> Sequence[OutboxEvent]:
    """Give parked events by their ids, with what went wrong in `last_error`."""
    result = await session.scalars(
        select(OutboxEvent).where(*_IS_PARKED, OutboxEvent.id > after_id).order_by(OutboxEvent.id).limit(limit)
    )
    return result.all()


async def release_parked(session: AsyncSession, ids: Sequence[int]) -> int:
    """Let parked events be tried again from their first attempt, and give how many there were; the cause has been mended."""
    result = await session.execute(
        update(OutboxEvent)
        .where(*_IS_PARKED, _is_among(ids))
        .values(attempts=0, available_at=func.statement_timestamp())
        .returning(OutboxEvent.id)
    )
    return len(result.all())


async def discard_parked(session: AsyncSession, ids: Sequence[int]) -> Sequence[OutboxEvent]:
    """Delete parked events that nobody will ever deliver, and give them, to be kept elsewhere.

    Their aggregates go on with the next event: consumers see a gap. They are not marked as published, because they never
    were.
    """
    result = await session.scalars(
        delete(OutboxEvent)
        .where(*_IS_PARKED, _is_among(ids))
        .returning(OutboxEvent)
        .execution_options(synchronize_session=False)
    )
    return result.all()


def _is_among(ids: Sequence[int]) -> ColumnElement[bool]:
    """Give the condition with one parameter, for any number of ids."""
    return OutboxEvent.id == any_(literal(list(ids), ARRAY(BigInteger)))
