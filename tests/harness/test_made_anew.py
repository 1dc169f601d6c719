"""`is_made_anew`: which rows of two runs are the same but for chance, the clock and sequences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgharness.records.contents import StoredColumn, TableContents
from pgharness.records.made_anew import is_made_anew

ONE = "0b9d5c1e-0000-4000-8000-000000000001", "2026-01-01 00:00:00+00", "7", "6f1ed002ab5595859014ebf0951522d9", "admin"
OTHER = (
    "0b9d5c1e-0000-4000-8000-000000000002",
    "2026-01-02 00:00:00+00",
    "8",
    "75d58d41cf2d2d6d2c5e7a8c1f2b3a4d",
    "admin",
)
TYPES = {"id": "uuid", "at": "timestamp(6) with time zone", "number": "integer", "token": "text", "name": "text"}


def table(*rows: tuple[str | None, ...], is_whole: bool = True) -> TableContents:
    """Return a table of these rows."""
    columns = tuple(StoredColumn(name, place, type_name) for place, (name, type_name) in enumerate(TYPES.items(), 1))
    return TableContents(1, "public.account", columns, ("id",), rows, is_whole)


def with_other(place: int, value: str | None) -> tuple[str | None, ...]:
    """Return the row of the other run with another value in one place."""
    return (*OTHER[:place], value, *OTHER[place + 1 :])


def test_other_ids_times_numbers_and_tokens_make_no_other_rows() -> None:
    assert is_made_anew(table(ONE), table(OTHER), {"number"})


def test_a_column_that_was_dropped_and_made_again_is_the_same_column() -> None:
    second = table(OTHER)
    moved = replace(second, columns=(replace(second.columns[0], number=9), *second.columns[1:]))

    assert is_made_anew(table(ONE), moved, {"number"})


@pytest.mark.parametrize(
    ("second", "numbered"),
    [
        pytest.param(table(OTHER), frozenset(), id="a number that no sequence gives"),
        pytest.param(table(with_other(4, "root")), {"number"}, id="another name"),
        pytest.param(table(with_other(3, "secret")), {"number"}, id="a text that is too short for a token"),
        pytest.param(table(OTHER, with_other(2, "9")), {"number"}, id="a row more"),
        pytest.param(table(OTHER, is_whole=False), {"number"}, id="rows of which not all were read"),
    ],
)
def test_whatever_else_is_otherwise_makes_other_rows(second: TableContents, numbered: frozenset[str]) -> None:
    assert not is_made_anew(table(ONE), second, numbered)
