"""What a revision makes of rows in a session of another time zone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OtherValue:
    """A column that holds other values: one of them under UTC, and one under another zone, as JSON; `is_clock` says that it is one of now."""

    table: str
    column: str
    under_utc: str
    elsewhere: str
    is_clock: bool


@dataclass(frozen=True, slots=True)
class ZoneRun:
    """A revision that was run under UTC and under another `zone`, and what it made otherwise."""

    revision: str
    zone: str
    others: tuple[OtherValue, ...]
