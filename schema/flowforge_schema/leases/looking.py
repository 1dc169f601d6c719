"""How often a worker looks for what is seldom there: a look in vain is repeated after nine times as long as it took.

So about a tenth of its time goes into them, whatever a look costs: a millisecond on one server, fifty over the shards of several. No
rest is longer than half a second: a look that was slow once says little about the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncSession

REST_FACTOR: Final = 9
REST_MAX_S: Final = 0.5


def rest_s(took_s: float, most_s: float) -> float:
    """Return how long to rest, in seconds, after something that took so long."""
    return min(REST_FACTOR * took_s, most_s)


class Looks:
    """The looks of one worker for one thing; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rests_until = float("-inf")

    async def read(self, session: AsyncSession, statement: Executable) -> Sequence[Any]:
        """Return the rows of the statement; none, without asking, while the last look in vain was a short time ago."""
        began = self._clock()
        if began < self._rests_until:
            return ()
        rows: Sequence[Any] = (await session.execute(statement)).all()
        if not rows:
            ended = self._clock()
            self._rests_until = ended + rest_s(ended - began, REST_MAX_S)
        return rows
