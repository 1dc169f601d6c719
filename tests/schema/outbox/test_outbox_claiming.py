from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from flowforge_schema.limits import EVENT_LAST_ERROR_LENGTH_MAX
from flowforge_schema.outbox import RelayShare, RetryPolicy, claim_events

if TYPE_CHECKING:
    from tests.schema.outbox.outboxes import Outbox

BRIEF = timedelta(milliseconds=1)


async def test_events_are_claimed_in_the_order_of_their_ids(outbox: Outbox) -> None:
    written = await outbox.write("a", "b", "a", "c", "b")

    assert await outbox.claimed_ids() == written


async def test_a_claim_gives_what_was_written(outbox: Outbox) -> None:
    (event_id,) = await outbox.write("a")
    stored = await outbox.stored(event_id)

    (event,) = await outbox.claim()

    assert (event.event_id, event.aggregate_type, event.aggregate_id, event.event_type, event.schema_version) == (
        stored.event_id,
        "letter",
        stored.aggregate_id,
        "letter.written",
        1,
    )
    assert (event.payload, event.headers, event.created_at) == ({"letter": "a"}, {}, stored.created_at)


async def test_no_more_than_the_limit_is_claimed(outbox: Outbox) -> None:
    written = await outbox.write("a", "b", "c")

    assert await outbox.claimed_ids(limit=2) == written[:2]


async def test_what_is_leased_is_not_claimed_again(outbox: Outbox) -> None:
    await outbox.write("a", "b")
    await outbox.claim()

    assert await outbox.claim() == []


async def test_what_is_published_is_not_claimed_again(outbox: Outbox) -> None:
    await outbox.write("a")
    await outbox.publish(await outbox.claim(lease=BRIEF))
    await asyncio.sleep(0.01)

    assert await outbox.claim() == []


async def test_an_event_is_claimed_again_when_its_lease_is_over(outbox: Outbox) -> None:
    await outbox.write("a")
    (first,) = await outbox.claim(lease=BRIEF)
    await asyncio.sleep(0.01)
    (second,) = await outbox.claim()

    assert (first.attempt, second.attempt) == (1, 2)
    assert second.event_id == first.event_id


async def test_a_lease_runs_by_the_servers_clock(outbox: Outbox) -> None:
    await outbox.write("a")
    (event,) = await outbox.claim(lease=timedelta(minutes=10))

    assert timedelta(minutes=9) < event.leased_until - datetime.now(UTC) <= timedelta(minutes=10)


async def test_a_lease_begins_with_the_claim_however_old_the_transaction_is(outbox: Outbox) -> None:
    await outbox.write("a")
    async with outbox.sessions.begin() as session:
        begun_at = (await session.execute(text("SELECT now()"))).scalar_one()
        await asyncio.sleep(0.05)
        (event,) = await claim_events(session, lease=timedelta(seconds=10))

    assert event.leased_until >= begun_at + timedelta(seconds=10.05)


async def test_later_events_wait_while_an_earlier_one_of_their_aggregate_is_leased(outbox: Outbox) -> None:
    await outbox.write("a")
    await outbox.claim()
    _, other = await outbox.write("a", "b")

    assert await outbox.claimed_ids() == [other]


async def test_later_events_wait_while_an_earlier_one_of_their_aggregate_waits_to_be_tried_again(
    outbox: Outbox,
) -> None:
    await outbox.write("a")
    (event,) = await outbox.claim()
    await outbox.fail(event)
    _, other = await outbox.write("a", "b")

    assert await outbox.claimed_ids() == [other]


async def test_later_events_wait_while_an_earlier_one_of_their_aggregate_is_parked(outbox: Outbox) -> None:
    await outbox.write("a")
    (event,) = await outbox.claim()
    await outbox.fail(event, park=True)
    _, other = await outbox.write("a", "b")

    assert await outbox.claimed_ids() == [other]


async def test_later_events_wait_while_an_earlier_one_of_their_aggregate_is_locked(outbox: Outbox) -> None:
    first, _, other = await outbox.write("a", "a", "b")
    async with outbox.sessions() as session:
        await session.execute(text("SELECT FROM outbox_events WHERE id = :id FOR UPDATE"), {"id": first})

        assert await outbox.claimed_ids() == [other]


async def test_relays_that_claim_at_the_same_moment_do_not_get_the_same_event(outbox: Outbox) -> None:
    written = await outbox.write(*(str(number) for number in range(150)))

    async def claim_all() -> list[int]:
        claimed: list[int] = []
        while ids := await outbox.claimed_ids(limit=3):
            claimed += ids
        return claimed

    claims = await asyncio.gather(*(claim_all() for _ in range(6)))

    assert sorted(chain(*claims)) == written


async def test_later_events_go_on_when_the_earlier_one_is_published(outbox: Outbox) -> None:
    _, second = await outbox.write("a", "a")
    await outbox.publish(await outbox.claim(limit=1))

    assert await outbox.claimed_ids() == [second]


async def test_events_are_found_behind_many_that_wait(outbox: Outbox) -> None:
    await outbox.write("a")
    await outbox.claim()
    *_, other = await outbox.write(*["a"] * 100, "b")

    assert await outbox.claimed_ids(limit=1) == [other]


async def test_shares_divide_the_aggregates_among_them(outbox: Outbox) -> None:
    written = await outbox.write(*"abcdefghijklmnop")
    claimed = [await outbox.claimed_ids(share=RelayShare(number, 3)) for number in range(3)]

    assert sorted(chain(*claimed)) == written
    assert all(claimed)


async def test_a_share_holds_whole_aggregates(outbox: Outbox) -> None:
    await outbox.write(*"abcdefgh" * 3)
    claimed = [await outbox.claim(share=RelayShare(number, 3)) for number in range(3)]

    owners = [{event.aggregate_id for event in events} for events in claimed]
    assert sum(len(owner) for owner in owners) == len(set.union(*owners)) == 8


async def test_an_event_on_which_relays_never_report_is_tried_alone_at_last(outbox: Outbox) -> None:
    first, *_ = await outbox.write("a", "b", "c")
    policy = RetryPolicy(max_attempts=2)
    for _ in range(policy.max_attempts):
        await outbox.claim(lease=BRIEF, policy=policy)
        await asyncio.sleep(0.01)

    assert await outbox.claimed_ids(policy=policy) == [first]


async def test_an_event_on_which_relays_never_report_is_parked_after_it_was_tried_alone(outbox: Outbox) -> None:
    first, second = await outbox.write("a", "b")
    policy = RetryPolicy(max_attempts=2)
    for _ in range(policy.max_attempts + 1):
        await outbox.claim(lease=BRIEF, policy=policy)
        await asyncio.sleep(0.01)

    assert await outbox.claimed_ids(policy=policy) == [second]
    assert (await outbox.stored(first)).last_error == (
        "Claimed 3 times: 0 failed, and on 3, the last time alone, no relay lived to report."
    )


async def test_a_claim_does_not_wait_for_who_has_locked_an_event_that_is_to_be_parked(outbox: Outbox) -> None:
    (exhausted,) = await outbox.write("a")
    async with outbox.sessions.begin() as session:
        await session.execute(text("UPDATE outbox_events SET attempts = 3"))
    (ready,) = await outbox.write("b")
    async with outbox.sessions() as other, asyncio.timeout(4):  # a lock is waited for at most 5 s
        await other.execute(text("SELECT FROM outbox_events WHERE id = :id FOR UPDATE"), {"id": exhausted})

        assert await outbox.claimed_ids(policy=RetryPolicy(max_attempts=2)) == [ready]


async def test_failures_are_counted_apart_from_claims_that_no_relay_lived_to_report_on(
    outbox: Outbox,
) -> None:
    (event_id,) = await outbox.write("a")
    policy = RetryPolicy(max_attempts=2, first_delay=timedelta(0), longest_delay=timedelta(0))
    (event,) = await outbox.claim(policy=policy)
    await outbox.fail(event, ConnectionError("x" * EVENT_LAST_ERROR_LENGTH_MAX))
    for _ in range(2):
        await outbox.claim(lease=BRIEF, policy=policy)
        await asyncio.sleep(0.01)
    await outbox.claim(policy=policy)

    error = (await outbox.stored(event_id)).last_error or ""
    assert error.startswith(
        "Claimed 3 times: 1 failed, and on 2, the last time alone, no relay lived to report."
        " The last failure: ConnectionError: xxx"
    )
    assert len(error) == EVENT_LAST_ERROR_LENGTH_MAX


async def test_an_event_on_its_last_try_waits_for_the_earlier_ones_of_its_aggregate(outbox: Outbox) -> None:
    first, second = await outbox.write("a", "a")
    async with outbox.sessions.begin() as session:
        await session.execute(text("UPDATE outbox_events SET attempts = 2 WHERE id = :id"), {"id": second})

    assert await outbox.claimed_ids(policy=RetryPolicy(max_attempts=2)) == [first]


@pytest.mark.parametrize("options", [{"limit": 0}, {"lease": timedelta(0)}])
async def test_a_claim_of_nothing_is_refused(outbox: Outbox, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a limit of at least 1 and a positive lease"):
        await outbox.claim(**options)


@pytest.mark.parametrize(("number", "of"), [(3, 3), (-1, 3), (0, 0)])
def test_a_share_that_holds_nothing_is_refused(number: int, of: int) -> None:
    with pytest.raises(ValueError, match="shares are numbered from 0"):
        RelayShare(number, of)
