"""A statement that a revision sent, and the line from which it came."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `parameters` as text, empty where there are none.

    `file` and `line` are of the frame in the revision's file that sent it, empty and 0 where none did. Two statements are equal
    where they say the same, however long they took. `rows` is the number that it met, -1 where the driver does not say.
    """

    sql: str
    parameters: str = ""
    file: str = ""
    line: int = 0
    rows: int = field(default=-1, compare=False)
    failed: str = field(default="", compare=False)
    """The SQLSTATE and the first line of why the server refused it, empty where it has passed."""

    @property
    def said(self) -> tuple[str, str]:
        """What the server was told."""
        return self.sql, self.parameters
