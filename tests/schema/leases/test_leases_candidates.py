"""Candidates come out place by place, shuffled, and each once."""

from __future__ import annotations

from uuid import UUID

from flowforge_schema.leases.candidates import PLACE, Candidates
from flowforge_schema.queries import waiting_runs
from flowforge_schema.session import Database
from tests.schema.leases.leaseholders import Runs


def candidates(**places: int) -> Candidates:
    """Return so many candidates of each place; the first digit of an id says of which."""
    held = Candidates()
    held.replace([(UUID(int=number), place) for place, count in places.items() for number in ids(place, count)])
    return held


def ids(place: str, count: int) -> range:
    first = 1000 * (ord(place) - ord("a") + 1)
    return range(first, first + count)


def place_of(run_id: UUID) -> int:
    return run_id.int // 1000


def test_runs_of_one_place_are_taken_together() -> None:
    held = candidates(a=20, b=20, c=20)

    taken = [held.take(10) for _ in range(6)]

    assert all(len({place_of(one) for one in lot}) == 1 for lot in taken)
    assert len({one for lot in taken for one in lot}) == 60
    assert not held


def test_never_more_are_taken_than_are_wanted_or_there() -> None:
    held = candidates(a=4, b=12)

    assert sorted(len(held.take(10)) for _ in range(4)) == [0, 2, 4, 10]


def test_workers_rarely_want_the_same() -> None:
    assert candidates(a=10, b=10).take(10) != candidates(a=10, b=10).take(10)


async def test_on_one_server_all_runs_have_one_place(runs: Runs, database: Database) -> None:
    await runs.add(3)

    async with database.session() as session:
        rows = (await session.execute(waiting_runs().add_columns(*PLACE))).all()

    assert len(rows) == 3
    assert len({tuple(row[1:]) for row in rows}) == 1
