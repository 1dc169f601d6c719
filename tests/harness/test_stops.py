"""Where a step is stopped follows from its commits, and rows are other ones only where a run by itself does not give them either."""

from __future__ import annotations

from pgharness.records.held_rows import OtherRows, other_rows
from pgharness.records.statements import Statement
from pgharness.records.steps import Step
from pgharness.records.stops import places_in

FILE = "r.py"
VERSION = Statement("UPDATE alembic_version SET version_num = 'r'")


def sent(sql: str, line: int) -> Statement:
    return Statement(sql, file=FILE, line=line)


def step(*statements: Statement, commits: tuple[int, ...]) -> Step:
    return Step((*statements, VERSION), 0.0, None, commits=commits)


def test_a_step_without_commits_is_stopped_nowhere() -> None:
    assert places_in(step(sent("CREATE TABLE a ()", 1), commits=()), FILE) == ()


def test_the_place_behind_the_last_statement_is_before_the_number_is_written() -> None:
    (place,) = places_in(step(sent("CREATE TABLE a ()", 1), commits=(0,)), FILE)

    assert (place.number, place.statement, place.park) == (1, VERSION, "")


def test_of_a_loop_the_first_and_the_last_commit_count() -> None:
    loop = [sent(f"UPDATE a SET n = 1 WHERE id = {number}", 3) for number in range(9)]

    assert [place.number for place in places_in(step(*loop, commits=tuple(range(9))), FILE)] == [1, 9]


def test_what_postgresql_does_in_pieces_is_stopped_within_and_not_before() -> None:
    drop, build = sent("DROP INDEX CONCURRENTLY IF EXISTS i", 1), sent("CREATE INDEX CONCURRENTLY i ON a (b)", 2)

    places = places_in(step(drop, build, commits=(0, 1)), FILE)

    assert [(place.number, place.park) for place in places] == [(0, "writer"), (1, "writer"), (2, "")]


def test_an_index_is_rebuilt_in_two_states_that_differ() -> None:
    places = places_in(step(sent("REINDEX TABLE CONCURRENTLY a", 1), commits=(0,)), FILE)

    assert [(place.number, place.park) for place in places] == [(0, "reader"), (0, "writer"), (1, "")]


def test_rows_in_another_order_are_the_same() -> None:
    one, two = {"id": "1"}, {"id": "2"}

    assert other_rows({"t": (one, two)}, {"t": (two, one)}) == ()


def test_a_value_that_a_run_by_itself_gives_otherwise_too_is_no_difference() -> None:
    expected, found, control = ({"t": ({"id": id_, "n": "1"},)} for id_ in ("7", "8", "104"))

    assert other_rows(expected, found, control) == ()
    assert other_rows(expected, {"t": ({"id": "8", "n": "2"},)}, control) == (OtherRows("t", 1, 1, "n", "1", "2"),)


def test_rows_that_are_there_twice_are_told_by_their_number() -> None:
    assert other_rows({"t": ({"n": "1"},)}, {"t": ({"n": "1"}, {"n": "1"})}) == (OtherRows("t", 1, 2),)
