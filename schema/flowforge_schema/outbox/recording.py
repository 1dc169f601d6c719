"""Recording an event: the row of its aggregate is locked first, then the event is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.base import Identified, snake_case
from flowforge_schema.errors import NotFoundError
from flowforge_schema.models import OutboxEvent


async def record_event(
    session: AsyncSession,
    aggregate: type[Identified],
    aggregate_id: UUID,
    event_type: str,
    payload: Mapping[str, Any],
    *,
    headers: Mapping[str, Any] | None = None,
    schema_version: int = 1,
) -> OutboxEvent:
    """Write an event about a row of `aggregate`, and give it; it goes out when the session's transaction commits.

    The row is locked until then, so that no other transaction records an event of the same aggregate in between: that is
    what makes the order of ids the order of commits. New rows (foreign keys to it) are not blocked, changes are. What the
    session holds unsent is sent first. With several aggregates in one transaction, take them in the order of their ids,
    or two transactions may wait for each other.

    `aggregate_type` is the class's name in SQL's manner (`workflow_run`). `payload` and `headers` are JSON objects without
    NUL characters, NaN or infinity, up to 256 and 16 KiB as PostgreSQL stores them; what goes beyond is refused here and not
    at the commit. `headers` is for what a consumer needs before it reads the payload: correlation, trace.
    Raises NotFoundError if the row is not there: record a deletion before you delete.
    """
    await lock_aggregate(session, aggregate, aggregate_id)
    event = OutboxEvent(
        aggregate_type=snake_case(aggregate.__name__),
        aggregate_id=aggregate_id,
        event_type=event_type,
        schema_version=schema_version,
        payload=dict(payload),
        headers=dict(headers or {}),
    )
    session.add(event)
    await session.flush()
    return event


async def lock_aggregate(session: AsyncSession, aggregate: type[Identified], aggregate_id: UUID) -> None:
    """Lock a row against changes until the transaction ends; rows that refer to it may still be added.

    For those who insert into outbox_events by other means than `record_event`. Raises NotFoundError.
    """
    # One flush could send the event before the change of its aggregate, and so before the lock that the change takes.
    await session.flush()
    # FOR NO KEY UPDATE: FOR UPDATE would block the foreign key checks of new rows.
    locked = await session.execute(
        select(aggregate.id).where(aggregate.id == aggregate_id).with_for_update(key_share=True)
    )
    if locked.first() is None:
        raise NotFoundError(f"There is no {snake_case(aggregate.__name__)} with this id, so no event about it.")
