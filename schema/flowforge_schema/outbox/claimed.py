"""What a claim gives: events as a relay delivers them, sorted out from those that cannot be read; and the proof of a claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flowforge_schema.outbox.documents import UnreadableJson, read_json
from flowforge_schema.outbox.retrying import DEFAULT_POLICY, RetryPolicy


@dataclass(frozen=True, slots=True)
class ClaimedEvent:
    """One event as a relay delivers it; `attempt` and `leased_until` prove the claim when it is marked.

    `attempt` counts claims, also those whose relay ended before it reported. `policy` is the claim's. `event_id` goes to the consumer, who tells duplicates by it. `leased_until` is by the server's clock.
    """

    id: int
    event_id: UUID
    aggregate_type: str
    aggregate_id: UUID
    event_type: str
    schema_version: int
    payload: dict[str, Any]
    headers: dict[str, Any]
    created_at: datetime
    attempt: int
    leased_until: datetime
    policy: RetryPolicy = field(default=DEFAULT_POLICY, repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of an event that is not delivered."""

    id: int
    attempt: int
    leased_until: datetime


@dataclass(frozen=True, slots=True)
class Sorted:
    """Claimed events in their order: `readable` ones, `unreadable` ones with why, and those that `wait` behind one of these."""

    readable: list[ClaimedEvent] = field(default_factory=list)
    unreadable: list[tuple[Claim, str]] = field(default_factory=list)
    waiting: list[Claim] = field(default_factory=list)


def sort_out(rows: Iterable[Any], policy: RetryPolicy) -> Sorted:
    """Read each row by itself, so that one which cannot be read stops none but the later ones of its aggregate."""
    result = Sorted()
    blocked: set[UUID] = set()
    for row in rows:
        claim = Claim(row.id, row.attempts, row.available_at)
        if row.aggregate_id in blocked:
            result.waiting.append(claim)
            continue
        payload, headers = read_json(row.payload), read_json(row.headers)
        if isinstance(payload, UnreadableJson) or isinstance(headers, UnreadableJson):
            blocked.add(row.aggregate_id)
            result.unreadable.append((claim, _why(payload=payload, headers=headers)))
        else:
            result.readable.append(_event(row, payload, headers, policy))
    return result


def proof(claims: Sequence[Claim | ClaimedEvent]) -> dict[str, Any]:
    """Return what tells this claim from every other: the number of the attempt, and the end of the lease to the microsecond."""
    return {
        "ids": [claim.id for claim in claims],
        "attempts": [claim.attempt for claim in claims],
        "leases": [claim.leased_until for claim in claims],
    }


def _event(row: Any, payload: dict[str, Any], headers: dict[str, Any], policy: RetryPolicy) -> ClaimedEvent:
    return ClaimedEvent(
        id=row.id,
        event_id=row.event_id,
        aggregate_type=row.aggregate_type,
        aggregate_id=row.aggregate_id,
        event_type=row.event_type,
        schema_version=row.schema_version,
        payload=payload,
        headers=headers,
        created_at=row.created_at,
        attempt=row.attempts,
        leased_until=row.available_at,
        policy=policy,
    )


def _why(**documents: object) -> str:
    unreadable = [(name, document.why) for name, document in documents.items() if isinstance(document, UnreadableJson)]
    return "; ".join(f"its {name} cannot be read as JSON: {why}" for name, why in unreadable)
