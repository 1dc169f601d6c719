"""The transactional outbox: events written in the transaction that they tell of, and what a relay needs to deliver them.

Delivery is at least once, and in order within one aggregate. The relay itself is a process of its own, not part of this package.
"""

from __future__ import annotations

from flowforge_schema.outbox.claimed import ClaimedEvent
from flowforge_schema.outbox.claiming import claim_events
from flowforge_schema.outbox.documents import UnreadableJson
from flowforge_schema.outbox.failing import PARKED_UNTIL
from flowforge_schema.outbox.floor import TrailingFloor
from flowforge_schema.outbox.lag import OutboxLag, outbox_lag
from flowforge_schema.outbox.marking import mark_failed, mark_published, release_events
from flowforge_schema.outbox.parking import ParkedEvent, discard_parked, parked_events, release_parked
from flowforge_schema.outbox.recording import NewEvent, lock_aggregates, record_event, record_events
from flowforge_schema.outbox.relays import RelayLock, RelayShare
from flowforge_schema.outbox.retrying import RetryPolicy

__all__ = [
    "PARKED_UNTIL",
    "ClaimedEvent",
    "NewEvent",
    "OutboxLag",
    "ParkedEvent",
    "RelayLock",
    "RelayShare",
    "RetryPolicy",
    "TrailingFloor",
    "UnreadableJson",
    "claim_events",
    "discard_parked",
    "lock_aggregates",
    "mark_failed",
    "mark_published",
    "outbox_lag",
    "parked_events",
    "record_event",
    "record_events",
    "release_events",
    "release_parked",
]
