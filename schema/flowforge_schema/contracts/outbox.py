"""Contracts of `outbox_events`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import MISSING, Field

from flowforge_schema.contracts.contract import Contract, Row
from flowforge_schema.contracts.fields import (
    AggregateType,
    Count,
    EventHeaders,
    EventPayload,
    EventType,
    Id,
    LastError,
    PositiveSmallint,
    Timestamp,
)


class OutboxEventCreate(Contract):
    """A new event. Without an `event_id` it is given one; without `available_at` it may go out at once."""

    event_id: Id | MISSING = MISSING
    aggregate_type: AggregateType
    aggregate_id: Id
    event_type: EventType
    schema_version: PositiveSmallint = 1
    payload: EventPayload
    headers: EventHeaders = Field(default={})
    attempts: Count = 0
    failures: Count = 0
    available_at: Timestamp | MISSING = MISSING
    last_error: LastError | None = None
    published_at: Timestamp | None = None


class OutboxEventUpdate(Contract):
    """A change of an event's delivery; what is left out stays. What the event says is never changed."""

    attempts: Count | MISSING = MISSING
    failures: Count | MISSING = MISSING
    available_at: Timestamp | MISSING = MISSING
    last_error: LastError | MISSING | None = MISSING
    published_at: Timestamp | MISSING | None = MISSING


class OutboxEventSummary(Row):
    """An event as lists show it: how its delivery stands, without what it says."""

    id: int
    event_id: UUID
    aggregate_type: str
    aggregate_id: UUID
    event_type: str
    schema_version: int
    attempts: int
    failures: int
    available_at: datetime
    last_error: str | None
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime


class OutboxEventRead(OutboxEventSummary):
    """An event and how its delivery stands."""

    payload: dict[str, Any]
    headers: dict[str, Any]
