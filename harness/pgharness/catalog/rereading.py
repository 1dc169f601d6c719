"""Lets one snapshot tell a definition in the words of another, where the server reads both as the same.

PostgreSQL prints `state IN ('x', 'y')` of a varchar as `= ANY ((ARRAY['x'::character varying, …])::text[])`. Read again, as a restored
dump or a structure file is, that print is kept and printed otherwise once more. So two prints that differ are read by a server, on an
empty database, until they stand still, before anybody calls them different.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.catalog.rendering.all_parts import parts_in_order
from pgharness.catalog.rendering.arrangement import Arrangement
from pgharness.catalog.rendering.parts import Contents
from pgharness.catalog.same_defaults import is_one_value
from pgharness.catalog.snapshot import PRINTED_EXPRESSIONS, take_snapshot

EmptyDatabase = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
"""Opens a session in autocommit mode on an empty database, which goes with it."""

# A print that is read three times has never been seen to move further.
READINGS = 3
_SAME = re.compile(
    r"""'(?:[^']|'')*' |
    (?P<now>(?<![\w."])(?:transaction_timestamp\(\)|CURRENT_TIMESTAMP\b(?!\())) |
    (?P<open>\(+)(?P<column>[\w.]+|"(?:[^"]|"")*")\ =\ (?P<truth>true|false)(?P<close>\)+) |
    "(?:[^"]|"")*" """,
    re.VERBOSE,
)


def in_the_words_of(left: Snapshot, right: Snapshot, empty_database: EmptyDatabase) -> Snapshot:
    """Return the right snapshot with the left one's print of each definition that the server reads as the same on both sides."""
    unequal = [key for key in left.facts.keys() & right.facts.keys() if _is_printed_otherwise(key, left, right)]
    same = {key for key in unequal if spelled(left.facts[key]) == spelled(right.facts[key])}
    same |= _same_constants([key for key in unequal if key not in same], left, right, empty_database)
    same |= _same_when_read_again([key for key in unequal if key not in same], left, right, empty_database)
    if not same:
        return right
    return replace(right, facts={key: left.facts[key] if key in same else value for key, value in right.facts.items()})


def spelled(printed: str) -> str:
    """Return a print with one name for the moment at which the transaction began, and with a boolean that is compared with a truth as such.

    That moment is `now()` (manual, 9.9.5 "Current Date/Time"); `is_sold = true` is `is_sold`, also where that is NULL.
    """
    return _SAME.sub(_spelled_once, printed)


def _spelled_once(match: re.Match[str]) -> str:
    if match["now"]:
        return "now()"
    if not match["truth"]:
        return match[0]
    if match["truth"] == "false":
        return f"{match['open']}NOT {match['column']}{match['close']}"
    return f"{match['open'][1:]}{match['column']}{match['close'][1:]}"


@dataclass(slots=True)
class _Side:
    """One of two snapshots, and all prints that were seen of each definition while it was read again."""

    snapshot: Snapshot
    seen: dict[FactKey, set[str]] = field(default_factory=dict)

    def note(self, keys: Iterable[FactKey]) -> bool:
        """Note the prints of now, and return whether one of them is new."""
        moved = False
        for key in keys:
            seen = self.seen.setdefault(key, set())
            printed = self.snapshot.facts.get(key)
            if printed is not None and spelled(printed) not in seen:
                seen.add(spelled(printed))
                moved = True
        return moved

    def read_again(self, keys: Iterable[FactKey], empty_database: EmptyDatabase) -> None:
        """Make the objects of these facts anew from their prints."""
        self.snapshot = _made_anew(self.snapshot, {ObjectKey(*key[:2]) for key in keys}, empty_database)


def _is_printed_otherwise(key: FactKey, left: Snapshot, right: Snapshot) -> bool:
    return key.property in PRINTED_EXPRESSIONS and left.facts[key] != right.facts[key]


def _same_constants(
    keys: list[FactKey], left: Snapshot, right: Snapshot, empty_database: EmptyDatabase
) -> set[FactKey]:
    """Return the defaults, of a column of one type, that the server reads as one expression or stores as the same value, now and ever."""
    compared = [
        (key, data_type)
        for key in keys
        if (key.kind, key.property) == ("column", "default")
        and (data_type := left.value("column", key.object, "type")) == right.value("column", key.object, "type")
    ]
    if not compared:
        return set()
    with empty_database() as connection:
        _make(connection, left, {ObjectKey(*key[:2]) for key, _ in compared})
        return {
            key
            for key, data_type in compared
            if is_one_value(connection, data_type or "text", left.facts[key], right.facts[key])
        }


def _same_when_read_again(
    keys: list[FactKey], left: Snapshot, right: Snapshot, empty_database: EmptyDatabase
) -> set[FactKey]:
    sides = _Side(left), _Side(right)
    for side in sides:
        side.note(keys)
    same: set[FactKey] = set()
    for _ in range(READINGS):
        waiting = [key for key in keys if key not in same]
        if not waiting:
            break
        for side in sides:
            side.read_again(waiting, empty_database)
        moved = [side.note(waiting) for side in sides]
        same |= {key for key in waiting if _meet(key, sides[0].seen, sides[1].seen)}
        if not any(moved):
            break
    return same


def _meet(key: FactKey, left: Mapping[FactKey, set[str]], right: Mapping[FactKey, set[str]]) -> bool:
    return not left[key].isdisjoint(right[key])


def _made_anew(snapshot: Snapshot, owners: set[ObjectKey], empty_database: EmptyDatabase) -> Snapshot:
    """Make objects and all that they need in an empty database, and read them there; what cannot be made is missing."""
    with empty_database() as connection:
        _make(connection, snapshot, owners)
        return take_snapshot(connection)


def _make(connection: psycopg.Connection[Any], snapshot: Snapshot, owners: set[ObjectKey]) -> None:
    """Make objects and all that they need, as far as that can be made."""
    parts = parts_in_order(Contents(Arrangement(snapshot)), owners)
    connection.execute("SET check_function_bodies = off")
    for statement in (statement for part in parts for statement in part.statements):
        with suppress(psycopg.Error):  # a role or an extension that this server lacks
            connection.execute(statement.encode())
