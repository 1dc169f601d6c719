"""Puts values and rows that were lost or changed into words, and where they must not be told, only which ones."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from itertools import takewhile

from pgharness.records.changes import ValueChange
from pgharness.records.contents import Value

MOST_TOLD = 5
LONGEST = 60
BEFORE_THE_FIRST = 20
"""So much of a long value is told before the first character that differs."""


def count_of(found: Sized, noun: str) -> str:
    """Return `1 row`, `3 rows`."""
    return f"{len(found)} {noun}{'' if len(found) == 1 else 's'}"


def values_in_words(found: Sequence[ValueChange], *, redacts: bool) -> str:
    """Return a line for each of the first values: its row, what it was, what it is."""
    if redacts:
        return ""
    return _lines([f"{one.row}: {_became(one)}" for one in found])


def rows_in_words(found: Sequence[str], *, redacts: bool) -> str:
    """Return a line for each of the first rows."""
    return "" if redacts else _lines(found)


def in_one_line(statement: str, limit: int = 120) -> str:
    """Return the beginning of a statement in one line."""
    text = " ".join(statement.split())
    return text if len(text) <= limit else f"{text[:limit]}…"


def _lines(told: Sequence[str]) -> str:
    rest = [f"… and {len(told) - MOST_TOLD} more"] if len(told) > MOST_TOLD else []
    return "\n".join([*told[:MOST_TOLD], *rest])


def _became(change: ValueChange) -> str:
    """Return both values, shortened such that what parts them is told."""
    before, after = change.before or "", change.after or ""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    start = max(0, same - BEFORE_THE_FIRST) if max(len(before), len(after)) > LONGEST and same >= LONGEST else 0
    return f"{_quoted(change.before, start)} became {_quoted(change.after, start)}"


def _quoted(value: Value, start: int = 0) -> str:
    if value is None:
        return "NULL"
    text = value[start : start + LONGEST]
    return f"'{'…' if start else ''}{text}{'…' if start + LONGEST < len(value) else ''}'"
