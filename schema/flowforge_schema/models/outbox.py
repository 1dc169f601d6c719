"""What others are told: events, written in the transaction that they tell of and delivered afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from flowforge_schema import limits
from flowforge_schema.base import Base, length_check, new_id, object_checks


class OutboxEvent(Base):
    """An event on its way out; `published_at` is null until it has been delivered.

    `event_id` is what a consumer tells duplicates by. `id` gives the order within one aggregate, if the writer locks the
    aggregate's row first; it is no cursor: transactions do not commit in its order. The table has no foreign keys, so
    that an event outlives what it tells of.
    """

    __tablename__ = "outbox_events"
    __table_args__ = (
        Index("ix_outbox_events__id_unpublished", "id", postgresql_where=text("published_at IS NULL")),
        length_check("aggregate_type", longest=limits.EVENT_AGGREGATE_TYPE_LENGTH_MAX),
        length_check("event_type", longest=limits.EVENT_TYPE_LENGTH_MAX),
        CheckConstraint("schema_version >= 1", name="schema_version_positive"),
        *object_checks("payload", size_bytes=limits.EVENT_PAYLOAD_SIZE_BYTES_MAX),
        *object_checks("headers", size_bytes=limits.EVENT_HEADERS_SIZE_BYTES_MAX),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        # Not compared with the attempts: a release that does not know the column sets these back to 0 alone.
        CheckConstraint("failures >= 0", name="failures_not_negative"),
        length_check("last_error", shortest=0, longest=limits.EVENT_LAST_ERROR_LENGTH_MAX),
        {
            # Every event is updated once and none of those updates is HOT, because published_at is in the predicate of
            # the index: dead rows come as fast as events, and the default of 20 % would let millions gather.
            "postgresql_with": {
                "autovacuum_vacuum_scale_factor": "0.01",
                "autovacuum_vacuum_threshold": "1000",
                "autovacuum_vacuum_cost_delay": "0",
                "autovacuum_analyze_scale_factor": "0.02",
            }
        },
    )

    # CACHE 1: with a larger one each session would take numbers ahead, and order within an aggregate would be lost.
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True, cache=1), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(default=new_id, server_default=text("uuidv7()"))
    aggregate_type: Mapped[str]
    aggregate_id: Mapped[UUID]
    event_type: Mapped[str]
    schema_version: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    payload: Mapped[dict[str, Any]]
    headers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_error: Mapped[str | None]
    published_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"), sort_order=1002)

    def __init__(self, **values: Any) -> None:
        """Take values by column, and an `event_id` of the event's own unless one is given."""
        super().__init__(**{"event_id": new_id(), **values})
