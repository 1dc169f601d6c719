"""The way between two places of a chain, where it branches and merges too; no database is needed."""

from __future__ import annotations

import pytest

from pgharness.chain.course import applied_at, applied_before, deployed_at, find_revision, tips, way_down, way_up
from pgharness.findings import CannotRun
from pgharness.records.revisions import Chain, Revision


def revision(number: str, *before: str, depends_on: tuple[str, ...] = ()) -> Revision:
    """Make a revision whose file is named after it."""
    return Revision(number, f"{number}_step", f"{number}_step.py", before, depends_on)


STRAIGHT = Chain((revision("0001"), revision("0002", "0001"), revision("0003", "0002")), ("0003",), ("0001",))
# 0002 and 0003 stand side by side, 0004 stands on 0002 and needs 0003, 0005 stands apart.
BRANCHED = Chain(
    (
        revision("0001"),
        revision("0002", "0001"),
        revision("0003", "0001"),
        revision("0004", "0002", depends_on=("0003",)),
        revision("0005", "0001"),
    ),
    ("0004", "0005"),
    ("0001",),
)
ALL = frozenset({"0001", "0002", "0003"})


def ids(way: tuple[Revision, ...]) -> list[str]:
    """Return the ids in order."""
    return [item.revision for item in way]


@pytest.mark.parametrize(
    ("place", "applied"),
    [
        ("base", ""),
        ("0002", "0001 0002"),
        ("0002_step", "0001 0002"),
        ("head", "0001 0002 0003"),
        ("heads", "0001 0002 0003"),
    ],
)
def test_a_place_says_what_is_applied_there(place: str, applied: str) -> None:
    assert applied_at(STRAIGHT, place) == frozenset(applied.split())


@pytest.mark.parametrize(
    ("chain", "place", "applied"),
    [
        (STRAIGHT, "0001", ""),
        (STRAIGHT, "0003", "0001 0002"),
        (BRANCHED, "0004", "0001 0002 0003"),
        (BRANCHED, "0005", "0001"),
    ],
)
def test_before_a_revision_all_is_applied_that_it_needs_and_nothing_else(
    chain: Chain, place: str, applied: str
) -> None:
    assert applied_before(chain, place) == frozenset(applied.split())


@pytest.mark.parametrize(
    "name", ["0002", "0002_step", "0002_s", "0002_s…", "0002_step.py", "migrations/versions/0002_step.py"]
)
def test_a_revision_is_found_by_its_id_its_file_and_their_beginnings(name: str) -> None:
    assert find_revision(STRAIGHT, name).revision == "0002"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("0002_stop", "There is no revision '0002_stop'"),
        ("000", "More than one revision begins with '000'"),
        ("", "no revision ''"),
    ],
)
def test_a_name_that_is_none_is_told_with_those_there_are(name: str, what: str) -> None:
    with pytest.raises(CannotRun, match=what) as caught:
        find_revision(STRAIGHT, name)

    assert "0001_step, 0002_step, 0003_step" in caught.value.seen


def test_an_id_comes_before_a_file_of_that_name_and_a_whole_name_before_a_beginning() -> None:
    chain = Chain(
        tuple(Revision(number, label, f"{label}.py", ()) for number, label in (("a", "b"), ("b", "c"), ("bc", "d"))),
        ("bc",),
        ("a",),
    )

    assert [find_revision(chain, name).revision for name in ("b", "bc", "c")] == ["b", "bc", "b"]


def test_of_many_revisions_some_are_named_and_the_nearest_are_offered_by_slug_too() -> None:
    numbers = [f"{at:04}" for at in range(40)]
    chain = Chain(
        tuple(Revision(one, f"{one}_add_{chr(97 + int(one) % 26)}_to_shop", "", ()) for one in numbers),
        ("0039",),
        ("0000",),
    )
    with pytest.raises(CannotRun) as caught:
        find_revision(chain, "add_k_to_shop")

    assert caught.value.seen.endswith("0007_add_h_to_shop and 32 more")
    assert "did you mean '0010_add_k_to_shop' or '0036_add_k_to_shop' or" in caught.value.mend


def test_since_takes_the_one_head_by_its_name() -> None:
    assert [deployed_at(STRAIGHT, name) for name in ("HEAD", "head", "heads", "0002_step")] == ["0003"] * 3 + ["0002"]
    with pytest.raises(CannotRun, match="'head' is no one revision"):
        deployed_at(BRANCHED, "head")


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(CannotRun, match="did you mean '0002_step'"):
        find_revision(STRAIGHT, "0002_stop")


def test_a_database_stands_where_nothing_builds_upon() -> None:
    assert ids(tips(STRAIGHT, ALL)) == ["0003"]
    assert ids(tips(BRANCHED, applied_at(BRANCHED, "heads"))) == ["0004", "0005"]
    assert tips(STRAIGHT, frozenset()) == ()


@pytest.mark.parametrize(
    ("chain", "start", "to", "way"),
    [
        (STRAIGHT, "base", None, ["0001"]),
        (STRAIGHT, "0001", "0003", ["0002", "0003"]),
        (STRAIGHT, "base", "head", ["0001", "0002", "0003"]),
        (BRANCHED, "0001", "0004", ["0002", "0003", "0004"]),
        (BRANCHED, "0003", None, ["0002"]),
    ],
)
def test_the_way_up_runs_what_is_missing_in_order(chain: Chain, start: str, to: str | None, way: list[str]) -> None:
    assert ids(way_up(chain, applied_at(chain, start), to)) == way


@pytest.mark.parametrize(
    ("chain", "start", "to", "way"),
    [
        (STRAIGHT, "head", None, ["0003"]),
        (STRAIGHT, "head", "0001", ["0003", "0002"]),
        (STRAIGHT, "0002", "base", ["0002", "0001"]),
        (BRANCHED, "heads", "0003", ["0004"]),
        (BRANCHED, "heads", "0001", ["0005", "0004", "0003", "0002"]),
    ],
)
def test_the_way_down_undoes_what_builds_upon_the_place_last_first(
    chain: Chain, start: str, to: str | None, way: list[str]
) -> None:
    assert ids(way_down(chain, applied_at(chain, start), to)) == way


@pytest.mark.parametrize("to", [None, "head", "0001"])
def test_where_nothing_is_to_be_run_that_is_told_with_where_the_database_is(to: str | None) -> None:
    with pytest.raises(CannotRun, match="There is nothing to upgrade") as caught:
        way_up(STRAIGHT, ALL, to)

    assert caught.value.seen == "the database is at 0003_step"


@pytest.mark.parametrize(("start", "to"), [("base", None), ("base", "base"), ("0001", "0001"), ("0001", "0002")])
def test_where_nothing_is_to_be_undone_that_is_told_too(start: str, to: str | None) -> None:
    with pytest.raises(CannotRun, match="There is nothing to downgrade"):
        way_down(STRAIGHT, applied_at(STRAIGHT, start), to)
