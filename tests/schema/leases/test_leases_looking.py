"""A look in vain is repeated after a rest: nothing is asked meanwhile, and what is there is found after it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from flowforge_schema import Database, HeldRun, RunFloor
from flowforge_schema.leases.looking import REST_MAX_S, Looks
from pgharness.databases import Database as OwnDatabase
from tests.schema.leases.leaseholders import Runs

NONE, ONE = text("SELECT 1 WHERE false"), text("SELECT 1")


class Clock:
    """Seconds that go on by `step` each time they are asked for."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        """Return the next moment."""
        self.now += self.step
        return self.now


async def test_a_look_in_vain_is_repeated_after_nine_times_as_long_as_it_took(database: Database) -> None:
    clock = Clock(0.01)
    looks = Looks(clock)
    async with database.session() as session:
        assert not await looks.read(session, NONE)
        ended = clock.now
        while not (found := await looks.read(session, ONE)):
            assert clock.now < ended + 9 * 0.01
    assert len(found) == 1
    assert clock.now >= ended + 9 * 0.01


async def test_a_look_that_found_something_is_repeated_at_once(database: Database) -> None:
    looks = Looks(Clock(0.01))
    async with database.session() as session:
        assert [len(await looks.read(session, ONE)) for _ in range(3)] == [1, 1, 1]


async def test_after_a_slow_look_no_worker_rests_for_longer_than_half_a_second(database: Database) -> None:
    clock = Clock(60.0)
    looks = Looks(clock)
    async with database.session() as session:
        await looks.read(session, NONE)
        clock.step = 0.0
        clock.now += REST_MAX_S - 0.01
        assert not await looks.read(session, ONE)
        clock.now += 0.01
        assert await looks.read(session, ONE)


async def test_candidates_that_were_read_are_tried_before_any_are_read_again(runs: Runs) -> None:
    await runs.add(5)
    floor = RunFloor()
    taken = [await runs.pick_up("a", limit=1, floor=floor) for _ in range(5)]
    assert [len(one) for one in taken] == [1] * 5
    assert not floor.waiting


async def test_a_candidate_that_others_took_costs_nobody_a_run(runs: Runs) -> None:
    await runs.add(4)
    mine, other = RunFloor(), RunFloor()
    first = await runs.pick_up("a", limit=1, floor=mine)
    others = await runs.pick_up("b", limit=3, floor=other)
    (later,) = await runs.add()
    assert len(first) == 1
    assert len(others) == 3
    assert [held.run_id for held in await runs.pick_up("a", limit=1, floor=mine)] == [later]


async def test_a_claim_that_runs_out_is_taken_by_a_floor_that_looked_in_vain_just_before(runs: Runs) -> None:
    await runs.add()
    floor = RunFloor()
    await runs.pick_up("a", lease=timedelta(milliseconds=20))
    taken: list[HeldRun] = []
    while not taken:
        taken = await runs.pick_up("b", floor=floor)
    assert taken[0].attempt == 2


async def test_a_run_that_somebody_has_locked_is_passed_over_and_taken_later(
    runs: Runs, migrated_database: OwnDatabase
) -> None:
    locked, *others = await runs.add(3)
    with migrated_database.connect() as connection:
        connection.autocommit = False
        connection.execute("SELECT FROM workflow_runs WHERE id = %s FOR UPDATE", [locked])
        taken = await runs.pick_up("a", limit=3)

    assert {held.run_id for held in taken} == set(others)
    assert [held.run_id for held in await runs.pick_up("a", limit=3)] == [locked]


async def test_a_run_to_which_a_log_is_being_added_is_taken(runs: Runs, migrated_database: OwnDatabase) -> None:
    (run_id,) = await runs.add()
    with migrated_database.connect() as connection:
        connection.autocommit = False
        connection.execute("SELECT FROM workflow_runs WHERE id = %s FOR KEY SHARE", [run_id])
        assert [held.run_id for held in await runs.pick_up("a")] == [run_id]


async def test_free_runs_are_taken_though_somebody_has_locked_all_that_were_read_first(
    runs: Runs, migrated_database: OwnDatabase
) -> None:
    added = await runs.add(70)
    with migrated_database.connect() as connection:
        connection.autocommit = False
        connection.execute("SELECT FROM workflow_runs WHERE id = ANY(%s) FOR UPDATE", [added[:64]])
        found = [await runs.pick_up("a", floor=floor) for floor in (None, RunFloor())]

    assert [len(one) for one in found] == [1, 1]
    assert {held.run_id for one in found for held in one} <= set(added[64:])
