from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from flowforge_schema.outbox import RetryPolicy, discard_parked, outbox_lag, parked_events, release_parked

if TYPE_CHECKING:
    from tests.schema.outbox.outboxes import Outbox


@pytest.fixture
async def parked(outbox: Outbox) -> int:
    """Return the id of a parked event of aggregate "a", behind which another one waits."""
    first, _ = await outbox.write("a", "a")
    (event,) = await outbox.claim(limit=1)
    await outbox.fail(event, "no such topic", park=True)
    return first


async def test_parked_events_are_shown_with_what_went_wrong(outbox: Outbox, parked: int) -> None:
    async with outbox.sessions() as session:
        events = await parked_events(session)

    assert [(event.id, event.last_error) for event in events] == [(parked, "no such topic")]


async def test_what_tells_a_parked_event_is_the_same_in_every_release(outbox: Outbox, parked: int) -> None:
    async with outbox.sessions() as session:
        stored = text("SELECT id FROM outbox_events WHERE available_at = '9999-12-31 00:00:00+00'")

        assert (await session.scalars(stored)).all() == [parked]


async def test_an_event_on_its_last_lease_is_not_parked_under_the_relay_that_sends_it(outbox: Outbox) -> None:
    expired, leased = await outbox.write("a", "b")
    async with outbox.sessions.begin() as session:
        put = text("UPDATE outbox_events SET attempts = 2, available_at = now() + :by WHERE id = :id")
        await session.execute(put, {"id": expired, "by": timedelta(seconds=-1)})
        await session.execute(put, {"id": leased, "by": timedelta(minutes=1)})
    await outbox.claim(policy=RetryPolicy(max_attempts=1))
    async with outbox.sessions() as session:
        parked = await parked_events(session)

    assert [event.id for event in parked] == [expired]


async def test_parked_events_are_shown_page_by_page(outbox: Outbox, parked: int) -> None:
    async with outbox.sessions() as session:
        assert await parked_events(session, after_id=parked) == []


async def test_a_released_event_is_tried_from_its_first_attempt_with_those_behind_it(
    outbox: Outbox, parked: int
) -> None:
    async with outbox.sessions.begin() as session:
        assert await release_parked(session, [parked]) == 1

    assert (await outbox.stored(parked)).failures == 0
    assert [(event.id, event.attempt) for event in await outbox.claim()] == [(parked, 1), (parked + 1, 1)]


async def test_only_parked_events_are_released(outbox: Outbox) -> None:
    (leased_id,) = await outbox.write("b")
    (leased,) = await outbox.claim()
    async with outbox.sessions.begin() as session:
        assert await release_parked(session, [leased_id]) == 0

    assert (await outbox.stored(leased_id)).available_at == leased.leased_until


async def test_those_behind_a_discarded_event_go_on(outbox: Outbox, parked: int) -> None:
    async with outbox.sessions.begin() as session:
        (discarded,) = await discard_parked(session, [parked])

    assert (discarded.id, discarded.payload) == (parked, {"letter": "a"})
    assert await outbox.claimed_ids() == [parked + 1]


@pytest.mark.parametrize("act", [release_parked, discard_parked])
async def test_parked_events_of_any_number_are_found_by_one_statement_and_through_an_index(
    outbox: Outbox, engine: AsyncEngine, parked: int, act: Callable[[AsyncSession, Sequence[int]], Awaitable[object]]
) -> None:
    async with outbox.sessions.begin() as session:
        await session.execute(
            text(
                "INSERT INTO outbox_events (aggregate_type, aggregate_id, event_type, payload, published_at)"
                " SELECT 'letter', uuidv7(), 'letter.written', '{}', now() FROM generate_series(1, 20000)"
            )
        )
        await session.execute(text("ANALYZE outbox_events"))
        scanned = text("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'outbox_events'")
        before = await session.scalar(scanned)
        sent: set[str] = set()
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: sent.add(call[2]))
        for count in (1, 10, 70_000) * 3:  # from the sixth time on the server may keep one plan for all
            await act(session, range(parked + 1, parked + 1 + count))

        assert len(sent) == 1
        assert await session.scalar(scanned) == before


async def test_only_parked_events_are_discarded(outbox: Outbox, parked: int) -> None:
    async with outbox.sessions.begin() as session:
        assert await discard_parked(session, [parked + 1]) == []


@pytest.mark.usefixtures("parked")
async def test_a_parked_event_can_be_read_in_every_time_zone(outbox: Outbox) -> None:
    async with outbox.sessions() as session:
        await session.execute(text("SET LOCAL TimeZone = 'Pacific/Kiritimati'"))

        assert len(await parked_events(session)) == 1


async def test_an_empty_outbox_has_no_lag(outbox: Outbox) -> None:
    async with outbox.sessions() as session:
        lag = await outbox_lag(session)

    assert (lag.unpublished, lag.oldest_age_s, lag.parked, lag.blocked) == (0, None, 0, 0)


async def test_the_lag_counts_what_is_not_delivered(outbox: Outbox) -> None:
    await outbox.write("a", "b", "c")
    await outbox.publish(await outbox.claim(limit=1))
    async with outbox.sessions() as session:
        lag = await outbox_lag(session)

    assert (lag.unpublished, lag.parked, lag.blocked) == (2, 0, 0)


@pytest.mark.usefixtures("parked")
async def test_the_lag_tells_parked_events_from_those_that_wait_behind_them(outbox: Outbox) -> None:
    await outbox.write("b", "a")
    async with outbox.sessions() as session:
        lag = await outbox_lag(session)

    assert (lag.unpublished, lag.parked, lag.blocked) == (4, 1, 2)


@pytest.mark.usefixtures("parked")
async def test_the_age_of_the_lag_is_that_of_the_oldest_event_that_can_be_delivered(
    outbox: Outbox,
) -> None:
    (event_id,) = await outbox.write("b")
    async with outbox.sessions.begin() as session:
        await session.execute(text("UPDATE outbox_events SET created_at = created_at - interval '1 day'"))
        await session.execute(
            text("UPDATE outbox_events SET created_at = now() - interval '1 minute' WHERE id = :id"), {"id": event_id}
        )
        lag = await outbox_lag(session)

    assert lag.oldest_age_s == pytest.approx(60, abs=5)
