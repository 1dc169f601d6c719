"""What Kiln & Clay's other systems are told: events that are delivered, on their way, refused for now, and parked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from flowforge_schema.outbox.failing import PARKED_UNTIL
from flowforge_schema.seed.story.rows import Kind, Row, before, seed_id
from flowforge_schema.seed.story.workflows import STOCK_SYNC

DELIVERED_AFTER = timedelta(milliseconds=400)


class Delivery(Enum):
    """How far an event has come."""

    DELIVERED = auto()
    WAITING = auto()
    REFUSED = auto()
    """It has been tried, and will be tried again in five minutes."""
    PARKED = auto()
    """It has been tried too often, and waits for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event, told so many days or minutes before now."""

    number: int
    about: Kind
    of: int
    event_type: str
    delivery: Delivery = Delivery.DELIVERED
    days: float = 0
    minutes: float = 0


EVENTS = (
    Event(number=1, about=Kind.WORKFLOW, of=STOCK_SYNC, event_type="workflow.published", days=50),
    # The consumer of this one is gone since, and the later event of the same run waits behind it.
    Event(number=2, about=Kind.RUN, of=14, event_type="workflow_run.started", delivery=Delivery.PARKED, days=101),
    Event(number=3, about=Kind.RUN, of=14, event_type="workflow_run.failed", delivery=Delivery.WAITING, days=100.9),
    Event(number=4, about=Kind.RUN, of=7, event_type="workflow_run.completed", days=5),
    Event(number=5, about=Kind.RUN, of=4, event_type="workflow_run.failed", days=3),
    Event(number=6, about=Kind.RUN, of=2, event_type="workflow_run.completed", days=1),
    Event(number=7, about=Kind.RUN, of=13, event_type="workflow_run.started", delivery=Delivery.REFUSED, minutes=2),
    Event(number=8, about=Kind.RUN, of=5, event_type="workflow_run.started", delivery=Delivery.WAITING, minutes=1.5),
    Event(number=9, about=Kind.RUN, of=6, event_type="workflow_run.created", delivery=Delivery.WAITING, minutes=0.2),
)

ATTEMPTS = {Delivery.DELIVERED: 1, Delivery.WAITING: 0, Delivery.REFUSED: 3, Delivery.PARKED: 10}
LAST_ERROR = {Delivery.REFUSED: "503 from the mail service", Delivery.PARKED: "404 from the supplier's web hook"}


def event_rows(now: datetime) -> list[Row]:
    """Return the rows of `outbox_events` in the order in which they were told; the server numbers them."""
    return [_event_row(event, before(now, days=event.days, minutes=event.minutes), now) for event in EVENTS]


def _event_row(event: Event, told_at: datetime, now: datetime) -> Row:
    delivered_at = told_at + DELIVERED_AFTER if event.delivery is Delivery.DELIVERED else None
    available_at = {Delivery.REFUSED: now + timedelta(minutes=5), Delivery.PARKED: PARKED_UNTIL}
    about = seed_id(event.about, event.of)
    return {
        "event_id": seed_id(Kind.EVENT, event.number),
        "aggregate_type": event.event_type.split(".")[0],
        "aggregate_id": about,
        "event_type": event.event_type,
        "schema_version": 1,
        "payload": {"id": str(about), "told": event.event_type},
        "headers": {"source": "seed"},
        "attempts": ATTEMPTS[event.delivery],
        "failures": 0 if event.delivery is Delivery.DELIVERED else ATTEMPTS[event.delivery],
        "available_at": available_at.get(event.delivery, told_at),
        "last_error": LAST_ERROR.get(event.delivery),
        "published_at": delivered_at,
        "created_at": told_at,
        "updated_at": delivered_at or told_at,
    }
