"""Recording an event: the row of its aggregate is locked first, then the event is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, Uuid, any_, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from flowforge_schema.base import Identified, new_id, snake_case
from flowforge_schema.errors import InvalidDataError, NotFoundError
from flowforge_schema.models import OutboxEvent
from flowforge_schema.outbox.spread import is_spread
from flowforge_schema.outbox.statements import read_statement
from flowforge_schema.storable import NotStorableError, check_document, write_json

# One JSON document and not an array for each column: psycopg escapes each element of those by itself.
_RECORD = read_statement("record").bindparams(bindparam("events", type_=Text))

_EVENTS = OutboxEvent.metadata.tables[OutboxEvent.__tablename__]
_GIVEN = ("event_id", "aggregate_type", "aggregate_id", "event_type", "schema_version", "payload", "headers")
_INSERT = (
    insert(_EVENTS)
    .values({name: bindparam(name) for name in _GIVEN})
    .returning(*(column for column in _EVENTS.c if column.name not in _GIVEN))
)


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
    NUL characters, NaN or infinity, nested at most 100 deep, up to 256 and 16 KiB as PostgreSQL stores them; what goes beyond is refused here and not
    at the commit. `headers` is for what a consumer needs before it reads the payload: correlation, trace.
    Raises NotFoundError if the row is not there: record a deletion before you delete.
    """
    event = OutboxEvent(
        aggregate_type=snake_case(aggregate.__name__),
        aggregate_id=aggregate_id,
        event_type=event_type,
        schema_version=schema_version,
        payload=dict(payload),
        headers=dict(headers or {}),
    )
    return await session.run_sync(_record, aggregate, event)


def _record(session: Session, aggregate: type[Identified], event: OutboxEvent) -> OutboxEvent:
    """Lock, write, and let the session hold the event as one of its own.

    Without the ORM's flush of one object, and without a change of greenlets for each statement, which together took about a third.
    """
    _lock(session, aggregate, [event.aggregate_id])
    stored = session.execute(_INSERT, {name: getattr(event, name) for name in _GIVEN}).one()
    for name, value in stored._mapping.items():  # noqa: SLF001 - public in spite of its name
        set_committed_value(event, name, value)
    make_transient_to_detached(event)
    session.add(event)
    return event


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One of many events that are recorded together; as the arguments of `record_event`."""

    aggregate_id: UUID
    event_type: str
    payload: Mapping[str, Any]
    headers: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = 1


async def record_events(session: AsyncSession, aggregate: type[Identified], events: Sequence[NewEvent]) -> list[UUID]:
    """Write many events about rows of `aggregate` together, and give their `event_id`s.

    What `record_event` says holds here too; the rows are locked in the order of their ids, on a distributed database one by one, each by a
    statement. Raises NotFoundError.
    """
    if not events:
        return []
    await lock_aggregates(session, aggregate, {event.aggregate_id for event in events})
    event_ids = [new_id() for _ in events]
    new = [
        {
            "place": place,
            "event_id": str(event_id),
            "aggregate_id": str(event.aggregate_id),
            "event_type": event.event_type,
            "schema_version": event.schema_version,
            "payload": _checked("payload", event.payload),
            "headers": _checked("headers", event.headers),
        }
        for place, (event_id, event) in enumerate(zip(event_ids, events, strict=True))
    ]
    await session.execute(_RECORD, {"aggregate_type": snake_case(aggregate.__name__), "events": write_json(new)})
    return event_ids


def _checked(field: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document as a dict; refuse one that could not be read again, by the name of its column."""
    try:
        check_document(given := dict(document))
    except NotStorableError as error:
        raise InvalidDataError(f"A value cannot be stored: {error}.", field=field) from None
    return given


async def lock_aggregates(session: AsyncSession, aggregate: type[Identified], ids: Collection[UUID]) -> None:
    """Lock rows against changes until the transaction ends; rows that refer to them may still be added.

    For those who insert into outbox_events by other means than these functions. Raises NotFoundError.
    """
    await session.run_sync(_lock, aggregate, list(set(ids)))


def _lock(session: Session, aggregate: type[Identified], ids: list[UUID]) -> None:
    # One flush could send the event before the change of its aggregate, and so before the lock that the change takes.
    session.flush()
    lots = [[one] for one in sorted(ids)] if len(ids) > 1 and is_spread(session) else [ids]
    # A class has a hash.
    locked = [session.execute(_locking(aggregate), {"ids": lot}).all() for lot in lots]  # type: ignore[arg-type]
    if sum(map(len, locked)) < len(ids):
        raise NotFoundError(f"There is no {snake_case(aggregate.__name__)} with this id, so no event about it.")


@cache
def _locking(aggregate: type[Any]) -> Select[Any]:
    return (
        select(aggregate.id)
        .where(aggregate.id == any_(bindparam("ids", type_=ARRAY(Uuid))))  # one parameter, for any number
        .order_by(aggregate.id)  # the same order for all, so that no two transactions wait for each other
        .with_for_update(key_share=True)  # FOR UPDATE would block the foreign key checks of new rows
    )
