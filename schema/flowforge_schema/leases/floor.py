"""The floor of pick-ups: moments below which a worker need not look, so that it does not step over dead rows.

Each run that passes leaves dead entries at the front of three indexes: that of unfinished runs, that of claims, and that of deadlines.
Vacuum removes them, but not while any old transaction is open, and a pick-up would read them all. Each index begins with a moment that
is hardly ever past when its row is written, so what is written from now on lies at the end: the floor goes to the oldest live row, or to
a little before now.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.leases.candidates import Candidates
from flowforge_schema.leases.looking import Looks, rest_s
from flowforge_schema.models import WorkflowRun, WorkflowRunClaim
from flowforge_schema.queries import overdue_runs, waiting_runs
from flowforge_schema.queries.runs import EARLIEST

# A pick-up steps over the dead entries of about this long, and four short queries are what it costs to move the floor.
ADVANCE_EVERY_S: Final = 0.5
# Where moving it is slow, as it is over shards, it is moved less often, but never less than once in so many times that long.
SLOWEST: Final = 10
# `created_at` is when the transaction began: what commits later than this after that is not seen until the floor starts over.
OVERLAP: Final = timedelta(seconds=30)
# What lies below the floor nevertheless (a long transaction, a `created_at` of the client's own) is late until then, and never lost.
START_OVER_EVERY_S: Final = 300.0
# For how many pick-ups of one worker candidates are read at once: over shards it costs the same to read few or many.
LOOK_AHEAD: Final = 8


class RunFloor:
    """Where a worker's pick-ups begin: with runs created, claims available, and deadlines, from these moments on.

    One for each worker, in memory, for the life of the process. It also keeps `waiting`, the runs that were read and not yet tried, and
    how long ago the worker looked in vain for claims that ran out (`due`) and for deadlines that passed (`overdue`).
    """

    def __init__(
        self,
        *,
        look_ahead: int = LOOK_AHEAD,
        overlap: timedelta = OVERLAP,
        advance_every_s: float = ADVANCE_EVERY_S,
        start_over_every_s: float = START_OVER_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.created_from = EARLIEST
        self.available_from = EARLIEST
        self.deadline_from = EARLIEST
        self.look_ahead = look_ahead
        self.waiting = Candidates()
        self.due = Looks(clock)
        self.overdue = Looks(clock)
        self._overlap = overlap
        self._advance_every_s = advance_every_s
        self._start_over_every_s = start_over_every_s
        self._clock = clock
        self._started_at = clock()
        self._advance_at = self._started_at + advance_every_s

    async def advance_if_due(self, session: AsyncSession) -> None:
        """Move the floor when it is time; where that is slow, it is time less often."""
        now = self._clock()
        if now - self._started_at >= self._start_over_every_s:
            self.created_from = self.available_from = self.deadline_from = EARLIEST
            self._started_at = now
            self._advance_at = now + self._advance_every_s
        elif now >= self._advance_at:
            await self.advance(session)
            ended = self._clock()
            rest = rest_s(ended - now, SLOWEST * self._advance_every_s)
            self._advance_at = max(now + self._advance_every_s, ended + rest)

    async def advance(self, session: AsyncSession) -> None:
        """Move the floor to the oldest run that waits, claim and deadline, where they are older than `overlap`.

        A statement for each, as each may have to ask all shards: one that joins them would carry what it found from server to server.
        """
        statement = select(func.statement_timestamp() - literal(self._overlap))
        settled: datetime = (await session.execute(statement)).scalar_one()

        async def below(oldest: Select[Any]) -> datetime:
            return min(settled, await session.scalar(oldest) or settled)

        run = waiting_runs(created_from=self.created_from, limit=1).with_only_columns(WorkflowRun.created_at)
        claim = select(func.min(WorkflowRunClaim.available_at)).where(
            WorkflowRunClaim.available_at >= self.available_from
        )
        deadline = overdue_runs(deadline_from=self.deadline_from, limit=1).with_only_columns(WorkflowRun.deadline_at)
        self.created_from = max(self.created_from, await below(run))
        self.available_from = max(self.available_from, await below(claim))
        self.deadline_from = max(self.deadline_from, await below(deadline))
