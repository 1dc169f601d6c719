"""The judge of the outbox under fire: it finds each fault, and none where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

import pytest
from outbox_verdict import Committed, Delivery, judge

ALIVE, KILLED = 10, 20
ADA, BOB = UUID(int=1), UUID(int=2)
COMMITTED = {UUID(int=100 + number): Committed(ADA, number) for number in (1, 2, 3)}
COMMITTED |= {UUID(int=200 + number): Committed(BOB, number) for number in (1, 2)}


def verdict(deliveries: Sequence[tuple[int, int]], acknowledged: int = 101) -> dict[str, int]:
    """Judge deliveries, each by its process and the number of its event; leave out what was not counted."""
    sent = [Delivery(pid, UUID(int=event)) for pid, event in deliveries]
    told = judge(COMMITTED, {UUID(int=acknowledged)}, sent, {KILLED})
    counted = {name: number for name, number in asdict(told).items() if number}
    assert told.is_sound == (counted.keys() <= {"delivered", "duplicates"})
    return counted


SOUND = [(ALIVE, event) for event in (101, 201, 102, 202, 103)]


def test_events_that_go_out_once_and_in_their_order_are_sound() -> None:
    assert verdict(SOUND) == {"delivered": 5}


def test_an_event_that_a_killed_relay_had_sent_may_go_out_again() -> None:
    assert verdict([(KILLED, 101), (KILLED, 101), *SOUND]) == {"delivered": 7, "duplicates": 2}


@pytest.mark.parametrize(
    ("deliveries", "fault"),
    [
        pytest.param(SOUND[:-1], {"lost": 1}, id="committed, and never sent"),
        pytest.param([*SOUND, (ALIVE, 999)], {"phantoms": 1}, id="sent, and never committed"),
        pytest.param([SOUND[0], SOUND[2], SOUND[1], SOUND[4], SOUND[3]], {}, id="another order among aggregates"),
        pytest.param([SOUND[2], SOUND[0], SOUND[1], SOUND[3], SOUND[4]], {"disordered": 1}, id="out of order"),
        pytest.param([*SOUND, (ALIVE, 103)], {"unexplained": 1, "duplicates": 1}, id="sent twice without a kill"),
        pytest.param(
            [*SOUND, (KILLED, 103)], {"unexplained": 1, "duplicates": 1}, id="sent again by who was killed later"
        ),
        pytest.param(
            [event for event in SOUND if event[1] != 102], {"lost": 1, "disordered": 1}, id="overtaken by the next"
        ),
    ],
)
def test_a_fault_is_counted(deliveries: list[tuple[int, int]], fault: dict[str, int]) -> None:
    assert verdict(deliveries) == {"delivered": len(deliveries), **fault}


def test_an_event_whose_writer_was_told_that_it_is_stored_is_lost_when_it_is_nowhere() -> None:
    assert verdict(SOUND, acknowledged=777) == {"delivered": 5, "lost": 1}
