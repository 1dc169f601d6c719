"""What tables hold, and how the contents of two databases that should be equal part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, str]
"""The values of one row as text, by column."""

HeldRows = Mapping[str, Sequence[Row]]
"""The rows of each table, by its name as PostgreSQL prints it."""


@dataclass(frozen=True, slots=True)
class OtherRows:
    """A table whose rows are not those that were expected: how many it should have and has, and a value of a column as an example.

    `column` is empty where only the number of rows, or their combination, is another one.
    """

    table: str
    expected_count: int
    count: int
    column: str = ""
    expected: str = ""
    found: str = ""


def other_rows(expected: HeldRows, found: HeldRows, control: HeldRows | None = None) -> tuple[OtherRows, ...]:
    """Return the tables that hold other rows, in whichever order.

    What the same act gave otherwise when it was done once more, in `control`, is no difference: moments, random values, numbers of
    sequences. Tables that only one side has are the catalog's matter.
    """
    return tuple(_others(expected, found, control))


def _others(expected: HeldRows, found: HeldRows, control: HeldRows | None) -> Iterator[OtherRows]:
    for table in sorted(expected.keys() & found.keys()):
        left, right = expected[table], found[table]
        again = control.get(table, ()) if control is not None else left
        if len(again) != len(left):
            continue
        stable = sorted(column for column in _columns(left, right) if _values(left, column) == _values(again, column))
        wanted, seen = (Counter(tuple(row.get(name) for name in stable) for row in rows) for rows in (left, right))
        if wanted != seen:
            yield _told(table, left, right, stable)


def _told(table: str, left: Sequence[Row], right: Sequence[Row], columns: Sequence[str]) -> OtherRows:
    for column in columns:
        missing, extra = (list((one - other).elements()) for one, other in _both_ways(left, right, column))
        if missing and extra:
            return OtherRows(table, len(left), len(right), column, str(missing[0]), str(extra[0]))
    return OtherRows(table, len(left), len(right))


def _both_ways(left: Sequence[Row], right: Sequence[Row], column: str) -> tuple[tuple[Counter[str | None], ...], ...]:
    wanted, seen = _values(left, column), _values(right, column)
    return (wanted, seen), (seen, wanted)


def _values(rows: Sequence[Row], column: str) -> Counter[str | None]:
    return Counter(row.get(column) for row in rows)


def _columns(*sides: Sequence[Row]) -> set[str]:
    return {column for rows in sides for row in rows for column in row}
