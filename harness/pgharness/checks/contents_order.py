"""The order in which losses of a revision are told, so that what is typed of each can be typed in that order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from pgharness.catalog.index_shapes import read_foreign_keys
from pgharness.checks.contents_seen import Seen
from pgharness.findings import Finding, Note


def in_order(seen: Seen, found: Iterable[Finding | Note]) -> list[Finding | Note]:
    """Return what is found with the rows of dropped tables first, which others refer to when they come back."""
    said = [*found]
    if not any(map(_table_gone, said)):
        return said
    return sorted(said, key=partial(_place, _parents_first(seen)))


def _table_gone(one: Finding | Note) -> str:
    """Return the dropped table whose rows are told; empty where it is another loss."""
    return one.subject.removeprefix("table ") if isinstance(one, Finding) and one.code == "PGH-V006" else ""


def _place(tables: Sequence[str], one: Finding | Note) -> int:
    name = _table_gone(one)
    return tables.index(name) if name in tables else len(tables)


def _parents_first(seen: Seen) -> list[str]:
    """Return the tables, each behind those that it refers to."""
    refers = [(one.table, one.referenced) for one in read_foreign_keys(seen.item.before) if one.table != one.referenced]
    left, placed = sorted(seen.up), list[str]()
    while left:
        free = [one for one in left if not any(child == one and parent in left for child, parent in refers)]
        placed += free or left
        left = [one for one in left if one not in placed]
    return placed
