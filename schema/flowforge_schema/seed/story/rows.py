"""What the chapters of the story share: ids that are the same in every database, and times that lead up to a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any
from uuid import UUID

# The values of one row by column; all rows of a table name the same columns.
Row = dict[str, Any]


class Kind(IntEnum):
    """What an id is of; the number is part of the id."""

    USER = 1
    API_KEY = 2
    WORKFLOW = 3
    STEP = 4
    RUN = 5
    EVENT = 6


# As SQL LIKE: no real UUIDv7 is of the first millisecond of 1970.
SEED_ID_PATTERN = "00000000-0000-7%"


def seed_id(kind: Kind, number: int) -> UUID:
    """Return the id of the story's thing of that number: a UUIDv7 of 1 January 1970, to be known at sight."""
    return UUID(f"00000000-0000-7{kind:03x}-8000-{number:012d}")


def before(now: datetime, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
    """Return the moment that lies so long before `now`."""
    return now - timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
