from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.outbox import (
    PARKED_UNTIL,
    RetryPolicy,
    TrailingFloor,
    claim_events,
    discard_parked,
    mark_published,
    release_parked,
)
from flowforge_schema.outbox import floor as floor_module

if TYPE_CHECKING:
    from tests.schema.outbox.outboxes import Outbox


class Clock:
    """A clock that stands where the test puts it."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


async def test_the_floor_moves_to_what_the_look_before_saw(outbox: Outbox) -> None:
    floor = TrailingFloor()
    _, last = await outbox.write("a", "b")
    await outbox.publish(await outbox.claim())
    await outbox.advance(floor)
    before = floor.id
    await outbox.write("c")
    await outbox.advance(floor)

    assert (before, floor.id, floor.behind) == (0, last, ())


async def test_the_floor_remembers_what_is_unpublished_below_it(outbox: Outbox) -> None:
    floor = TrailingFloor()
    _, second = await outbox.write("a", "b")
    await outbox.publish(await outbox.claim(limit=1))
    await outbox.advance(floor)
    await outbox.advance(floor)

    assert (floor.id, floor.behind) == (second, (second,))


async def test_what_is_below_the_floor_is_claimed(outbox: Outbox) -> None:
    floor = TrailingFloor()
    written = await outbox.write("a", "b")
    await outbox.advance(floor)
    await outbox.advance(floor)

    assert await outbox.claimed_ids(floor=floor) == written


async def test_what_is_below_the_floor_still_holds_up_its_aggregate(outbox: Outbox) -> None:
    floor = TrailingFloor()
    await outbox.write("a")
    (event,) = await outbox.claim()
    await outbox.fail(event, park=True)
    await outbox.advance(floor)
    await outbox.advance(floor)
    await outbox.write("a")

    assert await outbox.claim(floor=floor) == []


async def test_what_was_published_below_the_floor_is_forgotten(outbox: Outbox) -> None:
    floor = TrailingFloor()
    await outbox.write("a")
    await outbox.advance(floor)
    await outbox.advance(floor)
    await outbox.publish(await outbox.claim(floor=floor))
    (last,) = await outbox.write("b")
    await outbox.advance(floor)
    await outbox.advance(floor)

    assert (floor.id, floor.behind) == (last, (last,))


async def test_a_late_commit_is_not_lost(outbox: Outbox) -> None:
    floor = TrailingFloor()
    async with outbox.sessions() as late:
        late_id = (await late.execute(outbox.insertion("late"))).scalar_one()
        await outbox.write("a")
        await outbox.publish(await outbox.claim(floor=floor))
        for _ in range(3):
            await outbox.advance(floor)
        await late.commit()

    assert floor.id < late_id
    assert await outbox.claimed_ids(floor=floor) == [late_id]


async def test_a_late_commit_is_not_lost_by_a_transaction_that_has_no_transaction_id_yet(outbox: Outbox) -> None:
    floor = TrailingFloor()
    async with outbox.sessions() as late:
        # What an INSERT does first: it locks the table, and draws an id. A transaction id comes with the row.
        await late.execute(text("LOCK TABLE outbox_events IN ROW EXCLUSIVE MODE"))
        await outbox.write("a")
        late_id = await late.scalar(text("SELECT nextval(pg_get_serial_sequence('outbox_events', 'id'))"))
        late_event = text(
            "INSERT INTO outbox_events (id, aggregate_type, aggregate_id, event_type, payload)"
            " OVERRIDING SYSTEM VALUE VALUES (:id, 'letter', uuidv7(), 'letter.written', '{}')"
        )
        await outbox.write("b")
        await outbox.publish(await outbox.claim(floor=floor))
        for _ in range(3):
            await outbox.advance(floor)
        await late.execute(late_event, {"id": late_id})
        await late.commit()

    assert await outbox.claimed_ids(floor=floor) == [late_id]


async def test_a_prepared_transaction_holds_the_floor(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    # PREPARE TRANSACTION, which is off by default, gives a transaction another name in pg_locks: this one.
    floor = TrailingFloor()
    await outbox.write("a")
    await outbox.advance(floor)
    monkeypatch.setattr(floor_module, "_WRITERS", text("SELECT '-1/742'"))
    await outbox.advance(floor)

    assert floor.id == 0


async def test_a_long_transaction_that_records_nothing_does_not_hold_the_floor(outbox: Outbox) -> None:
    floor = TrailingFloor()
    async with outbox.sessions() as long:
        await long.execute(text("CREATE TEMPORARY TABLE long (n integer)"))
        await long.execute(text("SELECT count(*) FROM outbox_events"))
        (last,) = await outbox.write("a")
        await outbox.publish(await outbox.claim())
        await outbox.advance(floor)
        await outbox.advance(floor)

    assert floor.id == last


async def test_the_floor_moves_again_when_the_late_transaction_is_over(outbox: Outbox) -> None:
    floor = TrailingFloor()
    async with outbox.sessions() as late:
        await late.execute(outbox.insertion("late"))
        (last,) = await outbox.write("a")
        await outbox.advance(floor)
        await late.rollback()
    await outbox.advance(floor)

    assert floor.id == last


async def test_the_floor_does_not_move_by_what_its_own_transaction_may_roll_back(outbox: Outbox) -> None:
    floor = TrailingFloor()
    (event_id,) = await outbox.write("a")
    events = await outbox.claim()
    async with outbox.sessions() as session:
        await mark_published(session, events)
        for _ in range(3):
            await floor.advance(session)
        await session.rollback()
    await outbox.release(events)

    assert await outbox.claimed_ids(floor=floor) == [event_id]


async def test_the_floor_does_not_move_by_an_old_snapshot(outbox: Outbox) -> None:
    floor = TrailingFloor()
    await outbox.write("a")
    await outbox.advance(floor)
    async with outbox.sessions() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        await floor.advance(session)

    assert floor.id == 0


async def test_the_floor_stays_behind_more_than_it_remembers(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor_module, "BEHIND_MAX", 2)
    floor = TrailingFloor()
    first, second, third, fourth = await outbox.write("a", "b", "c", "d")
    await outbox.advance(floor)
    await outbox.advance(floor)

    assert (floor.id, floor.behind) == (second, (first, second))
    assert await outbox.claimed_ids(floor=floor) == [first, second, third, fourth]


async def _parked_with_others_behind(outbox: Outbox, floor: TrailingFloor, behind: int = 3) -> list[int]:
    """Park an event of `a`, write others behind it, and let the floor pass them all."""
    written = await outbox.write("a")
    (event,) = await outbox.claim()
    await outbox.fail(event, park=True)
    written += await outbox.write(*["a"] * behind)
    await outbox.advance(floor)
    await outbox.advance(floor)
    return written


async def test_of_those_that_wait_behind_a_parked_event_the_floor_remembers_the_parked_one_alone(
    outbox: Outbox,
) -> None:
    floor = TrailingFloor(clock=Clock())
    parked, *_, last = await _parked_with_others_behind(outbox, floor)

    assert (floor.id, floor.behind, floor.stuck) == (last, (parked,), (parked,))


async def test_what_comes_later_waits_behind_a_parked_event_below_the_floor_too(outbox: Outbox) -> None:
    floor = TrailingFloor(clock=Clock())
    parked, *_ = await _parked_with_others_behind(outbox, floor)
    *_, other = await outbox.write("a", "b")

    assert await outbox.claimed_ids(floor=floor) == [other]
    await outbox.advance(floor)
    await outbox.advance(floor)
    assert (floor.behind, floor.stuck) == ((parked, other), (parked,))


@pytest.mark.parametrize("ending", ["released", "discarded"])
@pytest.mark.parametrize("looks", [0, 2], ids=["by the claim", "by the floor"])
async def test_an_event_that_is_parked_no_more_lets_those_behind_it_go_in_their_order(
    outbox: Outbox, ending: str, looks: int
) -> None:
    floor = TrailingFloor(clock=Clock())
    parked, *others = await _parked_with_others_behind(outbox, floor)
    others += await outbox.write("a")
    async with outbox.sessions.begin() as session:
        await (release_parked if ending == "released" else discard_parked)(session, [parked])
    for _ in range(looks):
        await outbox.advance(floor)

    expected = [parked, *others] if ending == "released" else others
    assert await outbox.claimed_ids(floor=floor) == expected


async def test_of_two_parked_events_the_one_that_is_still_parked_keeps_its_followers(outbox: Outbox) -> None:
    floor = TrailingFloor(clock=Clock())
    first, *waiting = await _parked_with_others_behind(outbox, floor, 2)
    (second,) = await outbox.write("b")
    (event,) = await outbox.claim()
    await outbox.fail(event, park=True)
    await outbox.write("b", "a")
    await outbox.advance(floor)
    await outbox.advance(floor)
    async with outbox.sessions.begin() as session:
        await discard_parked(session, [first])
    *_, last = await outbox.write("a")

    claimed = await outbox.claimed_ids(floor=floor)
    assert claimed[:2] == waiting
    assert claimed[-1] == last
    assert len(claimed) == 4
    await outbox.advance(floor)
    assert (floor.behind, floor.stuck) == ((), ())
    await outbox.advance(floor)
    assert floor.stuck == (second,)


async def test_a_crowd_behind_an_event_that_is_put_off_is_left_out_until_it_is_due(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floor_module, "CROWD", 2)
    floor = TrailingFloor(clock=Clock())
    small, crowded = await outbox.write("a", "b")
    for event in await outbox.claim(policy=RetryPolicy(first_delay=timedelta(seconds=0.3))):
        await outbox.fail(event)
    waiting = await outbox.write("a", "b", "b", "b")
    await outbox.advance(floor)
    await outbox.advance(floor)
    remembered = (floor.behind, floor.stuck)
    await asyncio.sleep(0.4)

    assert remembered == ((small, crowded, waiting[0]), (crowded,))
    assert await outbox.claimed_ids(floor=floor) == [small, crowded, *waiting]


async def test_the_floor_moves_in_steps_past_more_than_it_looks_through_at_once(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floor_module, "READ_MAX", 2)
    floor = TrailingFloor(clock=Clock())
    parked, *waiting = await _parked_with_others_behind(outbox, floor, 4)
    seen = [floor.id]
    for _ in range(2):
        await outbox.advance(floor)
        seen.append(floor.id)

    assert seen == [waiting[0], waiting[2], waiting[3]]
    assert (floor.behind, floor.stuck) == ((parked,), (parked,))


async def test_the_floor_is_moved_by_claims_when_it_is_due(outbox: Outbox) -> None:
    clock = Clock()
    floor = TrailingFloor(advance_every_s=1, clock=clock)
    (last,) = await outbox.write("a")
    seen = []
    for clock.now in (0.5, 1.0, 1.5, 2.0):
        await outbox.claim(floor=floor)
        seen.append(floor.id)

    assert seen == [0, 0, 0, last]


async def test_the_floor_starts_over_from_time_to_time(outbox: Outbox) -> None:
    clock = Clock()
    floor = TrailingFloor(start_over_every_s=60, clock=clock)
    await outbox.write("a")
    await outbox.advance(floor)
    await outbox.advance(floor)
    clock.now = 60
    await outbox.claim(floor=floor)

    assert (floor.id, floor.behind) == (0, ())


async def test_the_floor_moves_again_after_it_has_started_over(outbox: Outbox) -> None:
    clock = Clock()
    floor = TrailingFloor(advance_every_s=1, start_over_every_s=60, clock=clock)
    (last,) = await outbox.write("a")
    for clock.now in (60, 61, 62):
        await outbox.claim(floor=floor)

    assert floor.id == last


async def test_a_writer_that_came_after_the_look_does_not_hold_the_floor(outbox: Outbox) -> None:
    floor = TrailingFloor()
    (last,) = await outbox.write("a")
    await outbox.advance(floor)
    async with outbox.sessions() as newcomer:
        await newcomer.execute(outbox.insertion("b"))
        await outbox.advance(floor)

    assert floor.id == last


class Interrupted:
    """A session in which something happens after its first statement."""

    def __init__(self, session: AsyncSession, happens: Callable[[], Awaitable[None]]) -> None:
        self._session = session
        self._happens = happens
        self._statements = 0

    async def execute(self, *statement: Any) -> Any:
        """Run a statement."""
        self._statements += 1
        if self._statements == 2:
            await self._happens()
        return await self._session.execute(*statement)


async def test_an_id_that_is_drawn_between_the_two_looks_is_not_lost(outbox: Outbox) -> None:
    floor = TrailingFloor()
    written = await outbox.write("a")
    async with outbox.sessions() as late:

        async def draw_an_id_and_let_a_later_one_be_committed() -> None:
            written.append((await late.execute(outbox.insertion("late"))).scalar_one())
            written.extend(await outbox.write("b"))

        async with outbox.sessions.begin() as session:
            interrupted: Any = Interrupted(session, draw_an_id_and_let_a_later_one_be_committed)
            await floor.advance(interrupted)
        await outbox.advance(floor)
        await outbox.advance(floor)
        await late.commit()

    assert await outbox.claimed_ids(floor=floor) == written


async def test_an_event_at_the_floor_is_seen_once(outbox: Outbox) -> None:
    floor = TrailingFloor(clock=Clock())
    policy = RetryPolicy(max_attempts=1)
    (event_id,) = await outbox.write("a")
    await outbox.claim(lease=timedelta(milliseconds=1))
    await outbox.advance(floor)
    await outbox.advance(floor)
    await asyncio.sleep(0.01)

    # On its last try an event waits for the earlier ones of its aggregate; seen twice, it would wait for itself.
    assert (floor.id, floor.behind) == (event_id, (event_id,))
    assert await outbox.claimed_ids(floor=floor, policy=policy) == [event_id]


async def test_a_claim_reads_no_more_while_a_long_transaction_keeps_dead_rows_alive(outbox: Outbox) -> None:
    floor = TrailingFloor()
    async with outbox.sessions() as long:
        await long.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        await long.execute(text("SELECT count(*) FROM outbox_events"))
        before = await _blocks_of_a_claim(outbox, floor)
        await _let_pass(outbox, 20_000)
        await outbox.advance(floor)
        await outbox.advance(floor)
        with_floor = await _blocks_of_a_claim(outbox, floor)
        without = await _blocks_of_a_claim(outbox, None)

    assert with_floor < 2 * before
    assert without > 4 * before


async def test_a_claim_reads_what_is_behind_its_floor_and_no_dead_rows(outbox: Outbox) -> None:
    floor = TrailingFloor(clock=Clock())
    async with outbox.sessions() as long:
        await long.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        await long.execute(text("SELECT count(*) FROM outbox_events"))
        before = await _blocks_of_a_claim(outbox, floor)
        for _ in range(10):
            await _let_pass(outbox, 2_000)
            await outbox.write("parked")
            await _park(outbox)
        await outbox.advance(floor)
        await outbox.advance(floor)
        with_floor = await _blocks_of_a_claim(outbox, floor)
        without = await _blocks_of_a_claim(outbox, None)

    assert len(floor.behind) == 10
    assert with_floor < before + 5 * len(floor.behind)
    assert without > before + 10 * len(floor.behind)


async def test_a_claim_reads_no_more_while_many_events_wait_behind_a_parked_one(outbox: Outbox) -> None:
    floor = TrailingFloor(clock=Clock())
    before = await _blocks_of_a_claim(outbox, floor)
    await outbox.write("parked")
    await _park(outbox)
    async with outbox.sessions.begin() as session:
        await session.execute(
            text(
                "INSERT INTO outbox_events (aggregate_type, aggregate_id, event_type, payload)"
                " SELECT aggregate_type, aggregate_id, event_type, payload"
                " FROM outbox_events, generate_series(1, 5000) WHERE published_at IS NULL"
            )
        )
    await outbox.advance(floor)
    await outbox.advance(floor)
    with_floor = await _blocks_of_a_claim(outbox, floor)
    without = await _blocks_of_a_claim(outbox, None)

    assert with_floor < before + 10
    assert without > 10 * before


async def test_a_claim_beside_a_floor_reads_the_index_of_unpublished_events(outbox: Outbox) -> None:
    async with outbox.sessions() as session:
        await session.execute(
            text(
                "INSERT INTO outbox_events (aggregate_type, aggregate_id, event_type, payload, published_at)"
                " SELECT 'letter', uuidv7(), 'letter.written', '{}', CASE WHEN n < 19900 THEN now() END"
                " FROM generate_series(1, 20000) AS n"
            )
        )
        await session.execute(text("ANALYZE outbox_events"))
        scanned = text("SELECT idx_scan, seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'outbox_events'")
        unpublished = (
            await session.scalars(text("SELECT id FROM outbox_events WHERE published_at IS NULL ORDER BY id"))
        ).all()
        floor = TrailingFloor(clock=Clock())
        floor.id, floor.behind = unpublished[50], tuple(unpublished[:50])
        before = (await session.execute(scanned)).one()
        await claim_events(session, floor=floor)
        after = (await session.execute(scanned)).one()

    assert after.seq_scan == before.seq_scan
    assert after.idx_scan > before.idx_scan


async def _let_pass(outbox: Outbox, count: int) -> None:
    """Write and publish events."""
    async with outbox.sessions.begin() as session:
        await session.execute(
            text(
                "INSERT INTO outbox_events (aggregate_type, aggregate_id, event_type, payload)"
                " SELECT 'letter', uuidv7(), 'letter.written', '{}' FROM generate_series(1, :count)"
            ),
            {"count": count},
        )
    async with outbox.sessions.begin() as session:
        await session.execute(
            text("UPDATE outbox_events SET published_at = now() WHERE published_at IS NULL AND available_at <= now()")
        )


async def _park(outbox: Outbox) -> None:
    """Park all unpublished events."""
    async with outbox.sessions.begin() as session:
        await session.execute(
            text("UPDATE outbox_events SET available_at = :until WHERE published_at IS NULL AND available_at <= now()"),
            {"until": PARKED_UNTIL},
        )


async def _blocks_of_a_claim(outbox: Outbox, floor: TrailingFloor | None) -> int:
    """Claim one event that is written for this, and give how many blocks of the table and its index that read."""
    blocks = text(
        "SELECT pg_stat_get_xact_blocks_fetched('outbox_events'::regclass)"
        " + pg_stat_get_xact_blocks_fetched('ix_outbox_events__id_unpublished'::regclass)"
    )
    await outbox.write("a")
    async with outbox.sessions.begin() as session:
        before = await session.scalar(blocks)
        (claimed,) = await claim_events(session, floor=floor)
        after = await session.scalar(blocks)
        await mark_published(session, [claimed])
    assert before is not None
    assert after is not None
    return int(after - before)
