"""What a revision sends to change or find rows, as far as its text tells: literals that it compares, and literals that it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Literal = str | None
"""The text of a value, or None for NULL."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One statement: `act` is "update", "delete", "insert" or "select"; `table` is without its schema, and empty where it is not known.

    Each of `met` is what the columns of a row have that it finds, by literals alone. Those of `written` are what it puts there, of an
    INSERT row by row. Names have no quotes.
    """

    act: str
    table: str
    met: tuple[Mapping[str, Literal], ...] = ()
    written: Mapping[str, tuple[Literal, ...]] = field(default_factory=dict)
    rows: tuple[Mapping[str, Literal], ...] = ()
