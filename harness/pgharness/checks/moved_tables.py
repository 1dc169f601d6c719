"""Finds tables that the models have in another schema than the chain, and says how such a one is moved with its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.named import columns_of
from pgharness.catalog.names import qualifier, unqualified
from pgharness.catalog.proposing.python_words import operation
from pgharness.describing.differences import Told

_GONE = 'after_deploy = "<why no release that finds it where it was runs any more>"'


def moves(left: Snapshot, right: Snapshot, told: Iterable[Told]) -> dict[ObjectKey, str]:
    """Return, for each table that one side has in a schema and the other in another one, what moves it; else it would be dropped and made.

    The one that is missing has the code; the one that is there says so.
    """
    tables = [one for one in told if one.kind == "table"]
    there = [one.key for one in tables if one.only_in == "left"]
    missing = [one.key for one in tables if one.only_in == "right"]
    found = {}
    for old, new in _pairs(left, there, right, missing):
        moved, back = (
            operation(f"ALTER TABLE {one.object} SET SCHEMA {qualifier(other.object)}")
            for one, other in ((old, new), (new, old))
        )
        found[new] = (
            f"move table {old.object}, which keeps its rows, its indexes and its sequence: {moved}; and in its downgrade(): {back}; and beside "
            f"upgrade(): {_GONE}; or where it is another table, "
        )
        found[old] = (
            f"nothing by itself, where it is table {new.object}: what moves it there mends it too; or where it is another table, "
        )
    return found


def _pairs(
    left: Snapshot, there: list[ObjectKey], right: Snapshot, missing: list[ObjectKey]
) -> Iterator[tuple[ObjectKey, ObjectKey]]:
    """Yield what has one table of its name and columns on the other side."""
    for new in missing:
        olds = [one for one in there if _same(left, one, right, new)]
        if len(olds) == 1 and [one for one in missing if _same(left, olds[0], right, one)] == [new]:
            yield olds[0], new


def _same(left: Snapshot, old: ObjectKey, right: Snapshot, new: ObjectKey) -> bool:
    return unqualified(old.object) == unqualified(new.object) and _columns(left, old) == _columns(right, new)


def _columns(snapshot: Snapshot, table: ObjectKey) -> set[str]:
    return {unqualified(one.object) for one in columns_of(snapshot, table)}
