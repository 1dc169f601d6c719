"""Parked events: those that relays have given up on, until a person decides. The later events of their aggregates wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Result, Text, any_, cast, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.models import OutboxEvent
from flowforge_schema.outbox.documents import UnreadableJson, read_json
from flowforge_schema.outbox.failing import PARKED_UNTIL

# The documents as texts: one that Python cannot read is why some events are parked.
_COLUMNS = (
    OutboxEvent.id,
    OutboxEvent.event_id,
    OutboxEvent.aggregate_type,
    OutboxEvent.aggregate_id,
    OutboxEvent.event_type,
    OutboxEvent.schema_version,
    OutboxEvent.attempts,
    OutboxEvent.failures,
    OutboxEvent.last_error,
    OutboxEvent.created_at,
    cast(OutboxEvent.payload, Text).label("payload"),
    cast(OutboxEvent.headers, Text).label("headers"),
)
_IS_PARKED = (OutboxEvent.published_at.is_(None), OutboxEvent.available_at == PARKED_UNTIL)


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """A parked event, with what went wrong in `last_error`; a document that Python cannot read is an `UnreadableJson`, its text.

    Of `attempts` claims `failures` were reported as failed; on the others no relay lived to report.
    """

    id: int
    event_id: UUID
    aggregate_type: str
    aggregate_id: UUID
    event_type: str
    schema_version: int
    attempts: int
    failures: int
    last_error: str | None
    created_at: datetime
    payload: dict[str, Any] | UnreadableJson
    headers: dict[str, Any] | UnreadableJson


async def parked_events(session: AsyncSession, *, after_id: int = 0, limit: int = 100) -> Sequence[ParkedEvent]:
    """Return parked events by their ids."""
    found = select(*_COLUMNS).where(*_IS_PARKED, OutboxEvent.id > after_id).order_by(OutboxEvent.id).limit(limit)
    return _read(await session.execute(found))


async def release_parked(session: AsyncSession, ids: Sequence[int]) -> int:
    """Let parked events be tried again from their first attempt, and give how many there were; the cause has been mended."""
    result = await session.execute(
        update(OutboxEvent)
        .where(*_IS_PARKED, _is_among(ids))
        .values(attempts=0, failures=0, available_at=func.statement_timestamp())
        .returning(OutboxEvent.id)
    )
    return len(result.all())


async def discard_parked(session: AsyncSession, ids: Sequence[int]) -> Sequence[ParkedEvent]:
    """Delete parked events that nobody will ever deliver, and return them, to be kept elsewhere.

    Their aggregates go on with the next event: consumers see a gap. They are not marked as published, because they never
    were.
    """
    discarded = (
        delete(OutboxEvent)
        .where(*_IS_PARKED, _is_among(ids))
        .returning(*_COLUMNS)
        .execution_options(synchronize_session=False)
    )
    return _read(await session.execute(discarded))


def _read(result: Result[*tuple[Any, ...]]) -> list[ParkedEvent]:
    rows = [row._asdict() for row in result]
    return [ParkedEvent(**{**row, **{name: read_json(row[name]) for name in ("payload", "headers")}}) for row in rows]


def _is_among(ids: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition with one parameter, for any number of ids."""
    return OutboxEvent.id == any_(literal(list(ids), ARRAY(BigInteger)))
