from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from flowforge_schema.limits import EVENT_LAST_ERROR_LENGTH_MAX
from flowforge_schema.outbox import PARKED_UNTIL, RetryPolicy

if TYPE_CHECKING:
    from tests.schema.outbox.outboxes import Outbox

BRIEF = timedelta(milliseconds=1)
AT_ONCE = RetryPolicy(first_delay=timedelta(0), longest_delay=timedelta(0))


async def test_a_delivered_event_has_the_time_of_its_delivery(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    before = datetime.now(UTC)
    await outbox.publish(await outbox.claim())

    published_at = (await outbox.stored(event_id)).published_at
    assert published_at is not None
    assert before <= published_at <= datetime.now(UTC)


async def test_a_batch_is_marked_in_one_call_and_nothing_is_lost(outbox: Outbox) -> None:
    written = await outbox.write("a", "b", "a")

    assert await outbox.publish(await outbox.claim()) == []
    assert all([(await outbox.stored(event_id)).published_at for event_id in written])


async def test_marking_nothing_does_nothing(outbox: Outbox) -> None:
    assert await outbox.publish([]) == []


async def test_an_event_that_another_relay_has_claimed_meanwhile_is_not_marked(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    (lost,) = await outbox.claim(lease=BRIEF)
    await asyncio.sleep(0.01)
    await outbox.claim()

    assert await outbox.publish([lost]) == [lost]
    assert (await outbox.stored(event_id)).published_at is None


async def test_the_others_of_the_batch_are_marked_when_one_claim_is_lost(outbox: Outbox) -> None:
    await outbox.write("a", "b")
    first, second = await outbox.claim(lease=BRIEF)
    await asyncio.sleep(0.01)
    await outbox.claim(limit=1)

    assert await outbox.publish([first, second]) == [first]
    assert (await outbox.stored(second.id)).published_at is not None


async def test_a_lease_that_merely_ran_out_does_not_keep_a_delivered_event_from_being_marked(outbox: Outbox) -> None:
    await outbox.write("a")
    events = await outbox.claim(lease=BRIEF)
    await asyncio.sleep(0.01)

    assert await outbox.publish(events) == []


async def test_an_event_is_marked_once(outbox: Outbox) -> None:
    await outbox.write("a")
    events = await outbox.claim()
    await outbox.publish(events)

    assert await outbox.publish(events) == events


async def test_a_claim_is_not_mistaken_for_an_earlier_one_of_the_same_number(outbox: Outbox) -> None:
    await outbox.write("a")
    (old,) = await outbox.claim(lease=BRIEF)
    await outbox.release([old])
    (new,) = await outbox.claim()

    assert new.attempt == old.attempt
    assert await outbox.publish([old]) == [old]


async def test_a_claim_is_not_mistaken_for_a_later_one_whose_lease_ends_at_the_same_moment(outbox: Outbox) -> None:
    await outbox.write("a")
    (old,) = await outbox.claim()
    async with outbox.sessions.begin() as session:
        await session.execute(text("UPDATE outbox_events SET attempts = attempts + 1"))

    assert await outbox.publish([old]) == [old]


async def test_a_failed_event_is_tried_again_after_a_delay(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    (event,) = await outbox.claim(policy=RetryPolicy(first_delay=timedelta(seconds=7)))
    before = datetime.now(UTC)

    assert await outbox.fail(event)
    delay = (await outbox.stored(event_id)).available_at - before
    assert timedelta(seconds=7) <= delay < timedelta(seconds=8)


async def test_a_failed_event_keeps_its_number_of_attempts(outbox: Outbox) -> None:
    await outbox.write("a")
    (event,) = await outbox.claim(policy=AT_ONCE)
    await outbox.fail(event)
    (again,) = await outbox.claim()

    assert again.attempt == 2


async def test_only_a_claim_that_was_reported_as_failed_counts_as_a_failure(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    (event,) = await outbox.claim(policy=AT_ONCE)
    await outbox.fail(event)
    await outbox.claim(lease=timedelta(microseconds=1))
    (again,) = await outbox.claim()
    await outbox.release([again])

    stored = await outbox.stored(event_id)
    assert (stored.attempts, stored.failures) == (2, 1)


async def test_a_failed_event_keeps_what_went_wrong(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    (event,) = await outbox.claim()
    await outbox.fail(event, ConnectionError("the broker is down"))

    assert (await outbox.stored(event_id)).last_error == "ConnectionError: the broker is down"


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        pytest.param("x" * 20_000, "x" * EVENT_LAST_ERROR_LENGTH_MAX, id="a long one is cut"),
        pytest.param("a\0b", "ab", id="without NUL"),
        pytest.param("a\ud800b", "a?b", id="without lone surrogates"),
        pytest.param("", "", id="an empty one"),
    ],
)
async def test_every_error_can_be_kept(outbox: Outbox, error: str, kept: str) -> None:
    (event_id,) = await outbox.write("a")
    (event,) = await outbox.claim()
    await outbox.fail(event, error)

    assert (await outbox.stored(event_id)).last_error == kept


async def test_the_failure_of_the_last_attempt_parks_the_event(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    policy = RetryPolicy(max_attempts=2, first_delay=timedelta(0), longest_delay=timedelta(0))
    for _ in range(2):
        (event,) = await outbox.claim(policy=policy)
        await outbox.fail(event)

    assert (await outbox.stored(event_id)).available_at == PARKED_UNTIL


async def test_the_failure_of_an_earlier_attempt_does_not_park_the_event(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    (event,) = await outbox.claim(policy=RetryPolicy(max_attempts=2))
    await outbox.fail(event)

    assert (await outbox.stored(event_id)).available_at < PARKED_UNTIL


async def test_a_relay_can_park_an_event_at_once(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    (event,) = await outbox.claim()
    await outbox.fail(event, park=True)

    assert (await outbox.stored(event_id)).available_at == PARKED_UNTIL


async def test_a_failure_changes_nothing_when_another_relay_has_claimed_the_event(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    (lost,) = await outbox.claim(lease=BRIEF)
    await asyncio.sleep(0.01)
    (held,) = await outbox.claim()

    assert not await outbox.fail(lost)
    assert (await outbox.stored(event_id)).available_at == held.leased_until


async def test_a_failure_changes_nothing_when_the_event_has_been_delivered(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    (event,) = await outbox.claim()
    await outbox.publish([event])

    assert not await outbox.fail(event)
    assert (await outbox.stored(event_id)).last_error is None


async def test_a_later_claim_whose_lease_ends_at_the_same_moment_is_not_released(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    (event,) = await outbox.claim()
    await outbox.release([replace(event, attempt=event.attempt + 1)])

    stored = await outbox.stored(event_id)
    assert (stored.attempts, stored.available_at) == (event.attempt, event.leased_until)


async def test_released_events_can_be_claimed_at_once_and_the_claim_is_not_counted(outbox: Outbox) -> None:
    await outbox.write("a", "b")
    first = await outbox.claim()
    await outbox.release(first)
    second = await outbox.claim()

    assert [event.id for event in second] == [event.id for event in first]
    assert {event.attempt for event in second} == {1}


async def test_events_that_another_relay_has_claimed_are_not_released(outbox: Outbox) -> None:
    await outbox.write("a")
    lost = await outbox.claim(lease=BRIEF)
    await asyncio.sleep(0.01)
    await outbox.claim()
    await outbox.release(lost)

    assert await outbox.claim() == []


def test_delays_double_up_to_the_longest() -> None:
    policy = RetryPolicy(first_delay=timedelta(seconds=1), longest_delay=timedelta(seconds=5))

    assert [policy.delay_after(attempt).total_seconds() for attempt in (1, 2, 3, 4, 1000)] == [1, 2, 4, 5, 5]


@pytest.mark.parametrize("max_attempts", [0, 32_767])
def test_a_policy_that_the_column_cannot_count_is_refused(max_attempts: int) -> None:
    with pytest.raises(ValueError, match="give 1 to 32766"):
        RetryPolicy(max_attempts=max_attempts)


def test_a_policy_whose_first_delay_is_the_longest_is_refused() -> None:
    with pytest.raises(ValueError, match="first_delay"):
        RetryPolicy(first_delay=timedelta(hours=1))
