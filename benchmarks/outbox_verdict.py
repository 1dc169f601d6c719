"""Holds what relays delivered against what writers committed: events lost, invented, out of order, or delivered twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Committed:
    """What the database says of an event: its aggregate, and its place among that one's events, from 1."""

    aggregate_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event that went out, and the process that sent it."""

    pid: int
    event_id: UUID


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was counted. All but `delivered` and `duplicates` are 0 when all is well.

    `lost`: events that were committed, or whose commit a writer was told of, and that never went out. `phantoms`: events that
    went out and were never committed. `disordered`: aggregates whose events did not go out first in their order, without a
    gap. `unexplained`: deliveries that were repeated although their relay was not killed.
    """

    delivered: int
    lost: int
    phantoms: int
    disordered: int
    duplicates: int
    unexplained: int

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost, invented, out of order, or delivered twice without a kill."""
        return not (self.lost or self.phantoms or self.disordered or self.unexplained)


def judge(
    committed: Mapping[UUID, Committed],
    acknowledged: AbstractSet[UUID],
    deliveries: Sequence[Delivery],
    killed: AbstractSet[int],
) -> Verdict:
    """Judge deliveries in the order in which they went out; `killed` are the processes that were killed."""
    senders: dict[UUID, list[int]] = defaultdict(list)
    first_received: dict[UUID, list[int]] = defaultdict(list)
    for delivery in deliveries:
        event = committed.get(delivery.event_id)
        if event is not None and delivery.event_id not in senders:
            first_received[event.aggregate_id].append(event.number)
        senders[delivery.event_id].append(delivery.pid)
    return Verdict(
        delivered=len(deliveries),
        lost=len((committed.keys() | acknowledged) - senders.keys()),
        phantoms=len(senders.keys() - committed.keys()),
        disordered=sum(numbers != list(range(1, len(numbers) + 1)) for numbers in first_received.values()),
        duplicates=len(deliveries) - len(senders),
        unexplained=sum(pid not in killed for pids in senders.values() for pid in pids[:-1]),
    )
