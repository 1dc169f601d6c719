"""Production's sizes, and how long a unit of each kind of work takes on the server at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pgharness.profile import Profile

Kind = Literal["builds a number", "builds a text", "rewrites", "verifies", "validates", "writes", "writes an index"]
"""What is measured: an index built of a whole number, and of a text of 32 characters, a table written anew, all rows looked through, a foreign key validated, all rows updated, and what
each index adds to that."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one kind of work costs: seconds and bytes of WAL, for each row and for each byte of the table."""

    seconds_per_row: float
    seconds_per_byte: float
    wal_per_row: float
    wal_per_byte: float

    def of(self, rows: float, size_bytes: float) -> tuple[float, float]:
        """Return the seconds, and the bytes of WAL, of so many rows that are so many bytes."""
        return (
            rows * self.seconds_per_row + size_bytes * self.seconds_per_byte,
            rows * self.wal_per_row + size_bytes * self.wal_per_byte,
        )


@dataclass(frozen=True, slots=True)
class SizesRecord:
    """What is known of production, and what work costs here.

    `costs` were measured on tables of `measured_rows`; tables of fewer than `small_table_rows` are of no concern.
    """

    profile: Profile
    costs: Mapping[Kind, Cost]
    measured_rows: int
    small_table_rows: int
