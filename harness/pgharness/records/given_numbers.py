"""Numbers that a sequence would give though a row has them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GivenNumber:
    """The first number that the `sequence` of a table's column would give though a row has it; names as PostgreSQL prints them.

    `oid` is the sequence's, which stays the same when it is renamed. One that is no column's own is only what its default names.
    """

    table: str
    column: str
    number: int
    sequence: str = ""
    oid: int = 0
    is_own: bool = True
