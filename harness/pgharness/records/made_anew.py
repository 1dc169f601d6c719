"""Tells rows that a revision makes each time with other ids, times or tokens from rows that are others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from pgharness.catalog.facts import Snapshot
from pgharness.records.contents import StoredColumn, TableContents, Value

# What chance or the clock gives; a text is such where it is as long as a token, and has no blank as words have.
_TYPES_OF_CHANCE = re.compile(r"uuid$|date$|time(?:stamp)?(?:\(\d\))? with(?:out)? time zone$")
_TYPES_OF_TOKENS = re.compile(r"text$|bytea$|citext$|character(?: varying)?\b")
_TOKEN = re.compile(r"\S{16,}")
_FOREIGN_KEY = re.compile(r"FOREIGN KEY \(([^()]+)\)")


def is_made_anew(first: TableContents, second: TableContents, numbered: Collection[str]) -> bool:
    """Whether the rows that only one of two runs has are as many, and the same but for what the clock, chance or a sequence gave them.

    `numbered` are the columns whose values follow from a sequence.
    """
    if not (first.is_whole and second.is_whole) or _names(first) != _names(second):
        return False
    rows, others = Counter(first.rows), Counter(second.rows)
    left, new = list((rows - others).elements()), list((others - rows).elements())
    if len(left) != len(new):
        return False
    fixed = [
        place
        for place, column in enumerate(first.columns)
        if not is_of_chance(
            column, [row[place] for row in left], [row[place] for row in new], is_numbered=column.name in numbered
        )
    ]
    return _only(fixed, left) == _only(fixed, new)


def _names(table: TableContents) -> list[tuple[str, str]]:
    return [(one.name, one.type_name) for one in table.columns]


def _only(places: Sequence[int], rows: Sequence[tuple[Value, ...]]) -> Counter[tuple[Value, ...]]:
    return Counter(tuple(row[place] for place in places) for row in rows)


def is_of_chance(column: StoredColumn, first: Sequence[Value], second: Sequence[Value], *, is_numbered: bool) -> bool:
    """Whether two runs gave a column values of which none is in the other, and that look as if nobody had chosen them."""
    values = [one for one in (*first, *second) if one is not None]
    if set(first) & set(second) - {None} or not values:
        return False
    is_token = _TYPES_OF_TOKENS.match(column.type_name) is not None and all(_TOKEN.fullmatch(one) for one in values)
    return is_numbered or is_token or _TYPES_OF_CHANCE.match(column.type_name) is not None


def numbered_columns(snapshot: Snapshot | None, table: str) -> frozenset[str]:
    """Return the columns of a table that a sequence gives, and those that refer to another table's."""
    if snapshot is None:
        return frozenset()
    columns = [one for one in snapshot.objects("column") if one.object.rpartition(".")[0] == table]
    given = [
        one.object.rpartition(".")[2]
        for one in columns
        if snapshot.value(*one, "identity") or "nextval(" in (snapshot.value(*one, "default") or "")
    ]
    keys = [
        match[1].split(", ")
        for one in snapshot.objects("constraint")
        if one.object.rpartition(".")[0] == table
        and (match := _FOREIGN_KEY.match(snapshot.value(*one, "definition") or "")) is not None
    ]
    return frozenset((*given, *(name for key in keys for name in key)))
