"""What a row is that one schema admits and another one refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NewerRow:
    """What is to stand in a table, in so many rows, and in words what the other schema refuses of it."""

    table: str
    wanted: Mapping[str, str | None]
    why: str
    count: int = 1
