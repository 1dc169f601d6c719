"""Finds combinations of values for columns that are bound together; which ones fit, the server says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations, islice, product
from math import isqrt

import psycopg
from psycopg import sql

from pgharness.rows.column_values import Value, all_hold
from pgharness.rows.reading import Connection, printed
from pgharness.rows.tables import Column

# How many combinations of values the server may look through for the columns that one condition binds together.
MOST_COMBINATIONS = 20_000
# The same where there are so many columns that each combination is listed, in values.
MOST_LISTED_VALUES = 200_000
ALTERNATIVES = 60


def few_enough(candidates: Sequence[tuple[Value, ...]], named: Collection[str] = ()) -> list[tuple[Value, ...]]:
    """Return so many first values of each column that all their combinations can be looked through.

    Those that the conditions name stand behind the first half of them, so that none is cut off for one more of a series.
    """
    most = int(MOST_COMBINATIONS ** (1 / len(candidates)))
    return [_limited(_within_reach(options, most // 2, named), most) if most > 1 else options for options in candidates]


def _within_reach(options: tuple[Value, ...], place: int, named: Collection[str]) -> tuple[Value, ...]:
    moved = [value for value in options[place:] if value in named]
    return (*options[:place], *moved, *(value for value in options[place:] if value not in named))


def fitting_combinations(
    connection: Connection,
    group: tuple[Column, ...],
    conditions: Sequence[str],
    candidates: Sequence[tuple[Value, ...]],
    starts: Sequence[int],
) -> list[tuple[Value, ...]]:
    """Return combinations that fulfil all conditions together, those nearest to the starts first."""
    if len(group) == 1:
        return _diagonal(candidates, starts)
    if 2 ** len(group) > MOST_COMBINATIONS:
        listed = islice(_near(candidates, starts), MOST_LISTED_VALUES // len(group))
        arguments = [list(values) for values in zip(*listed, strict=True)]
        query = _listed_query(group, conditions)
    else:
        arguments = [list(one) for one in candidates]
        query = _combinations_query(group, conditions, starts)
    try:
        return [tuple(row) for row in connection.execute(query, arguments)]
    except psycopg.Error:  # a condition that cannot be asked outside its table is left to the INSERT
        return _diagonal(candidates, starts)


def _combinations_query(group: tuple[Column, ...], conditions: Sequence[str], starts: Sequence[int]) -> sql.Composed:
    """Ask for all combinations of some values for each column."""
    names = [sql.Identifier(f"series {index}") for index in range(len(group))]
    distance = [
        sql.SQL("abs({}.place - {})").format(name, start + 1) for name, start in zip(names, starts, strict=True)
    ]
    return _fitting_query(
        group,
        conditions,
        values=[sql.SQL("{}.value").format(name) for name in names],
        source=sql.SQL(" CROSS JOIN ").join(
            sql.SQL("unnest(%s::text[]) WITH ORDINALITY AS {}(value, place)").format(name) for name in names
        ),
        order=[sql.SQL(" + ").join(distance), *(sql.SQL("{}.place").format(name) for name in names)],
    )


def _listed_query(group: tuple[Column, ...], conditions: Sequence[str]) -> sql.Composed:
    """Ask for combinations that are listed one by one."""
    names = [sql.Identifier(f"value {index}") for index in range(len(group))]
    return _fitting_query(
        group,
        conditions,
        values=[sql.SQL("listed.{}").format(name) for name in names],
        source=sql.SQL("unnest({}) WITH ORDINALITY AS listed({}, place)").format(
            sql.SQL(", ").join([sql.SQL("%s::text[]")] * len(group)), sql.SQL(", ").join(names)
        ),
        order=[sql.SQL("listed.place")],
    )


def _fitting_query(
    group: tuple[Column, ...],
    conditions: Sequence[str],
    *,
    values: Sequence[sql.Composable],
    source: sql.Composable,
    order: Sequence[sql.Composable],
) -> sql.Composed:
    cast = [
        sql.SQL("CAST({} AS {}) AS {}").format(value, printed(column.type_name), printed(column.name))
        for value, column in zip(values, group, strict=True)
    ]
    return sql.SQL("SELECT {} FROM {} CROSS JOIN LATERAL (SELECT {}) AS given WHERE {} ORDER BY {} LIMIT {}").format(
        sql.SQL(", ").join(values),
        source,
        sql.SQL(", ").join(cast),
        all_hold(
            [
                f"(SELECT {condition} FROM (SELECT given.*) AS alone)" if "given." not in condition else condition
                for condition in conditions
            ]
        ),
        sql.SQL(", ").join(order),
        ALTERNATIVES,
    )


def _diagonal(candidates: Sequence[tuple[Value, ...]], starts: Sequence[int]) -> list[tuple[Value, ...]]:
    """Return combinations in which every column moves on at once."""
    return [
        tuple(one[(start + step) % len(one)] for one, start in zip(candidates, starts, strict=True))
        for step in range(max(map(len, candidates)))
    ]


def _near(candidates: Sequence[tuple[Value, ...]], starts: Sequence[int]) -> Iterator[tuple[Value, ...]]:
    """Yield combinations in which up to two columns differ from the start, from NULL wherever it may be, or from no NULL."""
    turned = [one[place:] + one[:place] for one, place in zip(candidates, starts, strict=True)]
    first = tuple(one[0] for one in turned)
    empty = tuple(None if None in one else one[0] for one in turned)
    full = tuple(next((value for value in one if value is not None), None) for one in turned)
    bases = dict.fromkeys((first, empty, full))
    width = len(turned)
    # A third of the room is for one change, so that every column has its turn; the rest is for two, as far as it goes.
    singly = min(ALTERNATIVES, MOST_LISTED_VALUES // (9 * width**2))
    in_pairs = isqrt(4 * MOST_LISTED_VALUES // (9 * width**3))
    for changed, most in ((0, 0), (1, singly), (2, in_pairs)):
        for places in combinations(range(width), changed):
            for base in bases:
                others = [
                    [value for value in _limited(turned[place], max(1, most) + 1) if value != base[place]]
                    for place in places
                ]
                for values in product(*others):
                    new = dict(zip(places, values, strict=True))
                    yield tuple(new.get(place, value) for place, value in enumerate(base))


def _limited(options: tuple[Value, ...], most: int) -> tuple[Value, ...]:
    """Return the first values; NULL stays, wherever it stands."""
    first = options[:most]
    return (*first[:-1], None) if None in options and None not in first else first
