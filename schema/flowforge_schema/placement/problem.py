"""What stands in the way of distribution, or is not as distribution left it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What was seen, and what to type."""

    seen: str
    mend: str

    def __str__(self) -> str:
        """Return it as a line of `flowforge-schema check`."""
        return f"{self.seen}; fix: {self.mend}"
