"""What rows and assertions that people wrote by hand for one revision came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Section = Literal["before", "after_upgrade", "after_downgrade"]
SECTIONS: tuple[Section, ...] = ("before", "after_upgrade", "after_downgrade")


@dataclass(frozen=True, slots=True)
class HandFailure:
    """A part of a file that failed: what was asked, and what was said or seen instead."""

    path: str
    section: Section
    asked: str
    said: str
