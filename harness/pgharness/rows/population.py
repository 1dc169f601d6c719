"""Names the kinds of rows that tables may be filled with."""

from __future__ import annotations

from enum import Enum


class Population(Enum):
    """What stands in the tables that a revision meets.

    VARIED rows share values, hold NULL, and come near the ends of their types; PLAIN ones all differ and hold no NULL, for what
    fails on those; NONE leaves tables empty.
    """

    VARIED = "varied"
    PLAIN = "plain"
    NONE = "none"
