"""An outbox that the outbox's tests write to and claim from, each call in a transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Insert, insert, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from flowforge_schema.models import OutboxEvent
from flowforge_schema.outbox import (
    ClaimedEvent,
    TrailingFloor,
    claim_events,
    mark_failed,
    mark_published,
    release_events,
)

NAMESPACE = UUID("018f0000-0000-7000-8000-000000000000")


@dataclass
class Outbox:
    """The test's outbox. Aggregates are named by letters."""

    sessions: async_sessionmaker[AsyncSession]

    async def write(self, *aggregates: str) -> list[int]:
        """Commit an event for each aggregate named, in this order, and give their ids."""
        async with self.sessions.begin() as session:
            return [(await session.execute(self.insertion(name))).scalar_one() for name in aggregates]

    def insertion(self, aggregate: str) -> Insert:
        """Return the INSERT of an event that returns its id."""
        return (
            insert(OutboxEvent)
            .values(
                aggregate_type="letter",
                aggregate_id=uuid5(NAMESPACE, aggregate),
                event_type="letter.written",
                payload={"letter": aggregate},
            )
            .returning(OutboxEvent.id)
        )

    async def claim(self, **options: Any) -> list[ClaimedEvent]:
        """Claim and commit."""
        async with self.sessions.begin() as session:
            return await claim_events(session, **options)

    async def claimed_ids(self, **options: Any) -> list[int]:
        """Claim and commit, and give the ids."""
        return [event.id for event in await self.claim(**options)]

    async def publish(self, events: Sequence[ClaimedEvent]) -> list[ClaimedEvent]:
        """Mark as published and commit; give those whose claim was lost."""
        async with self.sessions.begin() as session:
            return await mark_published(session, events)

    async def fail(self, event: ClaimedEvent, error: BaseException | str = "refused", **options: Any) -> bool:
        """Mark as failed and commit."""
        async with self.sessions.begin() as session:
            return await mark_failed(session, event, error, **options)

    async def release(self, events: Sequence[ClaimedEvent]) -> None:
        """Return and commit."""
        async with self.sessions.begin() as session:
            await release_events(session, events)

    async def advance(self, floor: TrailingFloor) -> None:
        """Move the floor once."""
        async with self.sessions.begin() as session:
            await floor.advance(session)

    async def stored(self, event_id: int) -> OutboxEvent:
        """Read one event."""
        async with self.sessions() as session:
            return (await session.scalars(select(OutboxEvent).where(OutboxEvent.id == event_id))).one()
