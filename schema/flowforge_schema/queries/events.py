"""What others are told: events that wait, and the purge of those that were delivered.

The relay's claim is no list: it is in `flowforge_schema.outbox`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Select, any_, case, delete, func, select

from flowforge_schema.models import OutboxEvent
from flowforge_schema.queries.pages import PAGE_LENGTH, without

PURGE_LENGTH = 1000


def unpublished_events(*, after_id: int = 0, limit: int = PAGE_LENGTH) -> Select[OutboxEvent]:
    """Return the events that have not been delivered, by id, to be looked at and not to be sent: it locks nothing.

    They come without `payload` and `headers`.
    """
    return (
        select(OutboxEvent)
        .where(OutboxEvent.published_at.is_(None), OutboxEvent.id > after_id)
        .order_by(OutboxEvent.id)
        .limit(limit)
        .options(*without(OutboxEvent.payload, OutboxEvent.headers))
    )


def purge_published_events(
    published_before: datetime, *, after_id: int = 0, limit: int = PURGE_LENGTH
) -> Select[int | None, int]:
    """Delete, among the next `limit` events by id, those delivered before a moment; give the id to go on after and how many.

    Commit, and go on after that id until it is None, as it is once fewer than `limit` events were left to look at. That none
    was deleted ends nothing: parked events and late deliveries lie between. Looking at a fixed number of rows bounds the
    statement also where there is nothing to delete, and needs no index on `published_at`.
    """
    seen = (
        select(OutboxEvent.id, OutboxEvent.published_at)
        .where(OutboxEvent.id > after_id)
        .order_by(OutboxEvent.id)
        .limit(limit)
        .cte("seen")
    )
    # An array and not a join: for a join the planner may read the whole table, as it does not know how few rows are seen.
    delivered = select(seen.c.id).where(seen.c.published_at < published_before).scalar_subquery()
    purged = (
        delete(OutboxEvent)
        .where(OutboxEvent.id == any_(func.array(delivered, type_=ARRAY(BigInteger))))
        .returning(OutboxEvent.id)
        .cte("purged")
    )
    count = select(func.count()).select_from(purged).scalar_subquery()
    return select(case((func.count() == limit, func.max(seen.c.id))), count).select_from(seen)
