"""The floor of pick-ups: moments below which a worker need not look, so that it does not step over dead rows.

Each run that passes leaves dead entries at the front of three indexes: that of unfinished runs, that of claims, and that of deadlines.
Vacuum removes them, but not while any old transaction is open, and a pick-up would read them all. Each index begins with a moment that
is hardly ever past when its row is written, so what is written from now on lies at the end: the floor goes to the oldest live row, or to
a little before now.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.models import WorkflowRun, WorkflowRunClaim
from flowforge_schema.queries import overdue_runs, waiting_runs
from flowforge_schema.queries.runs import EARLIEST

# A pick-up steps over the dead entries of about this long, and one short query is what it costs to move the floor.
ADVANCE_EVERY_S: Final = 0.5
# `created_at` is when the transaction began: what commits later than this after that is not seen until the floor starts over.
OVERLAP: Final = timedelta(seconds=30)
# What lies below the floor nevertheless (a long transaction, a `created_at` of the client's own) is late until then, and never lost.
START_OVER_EVERY_S: Final = 300.0


class RunFloor:
    """Where a worker's pick-ups begin: with runs created, claims available, and deadlines, from these moments on.

    One for each worker, in memory, for the life of the process.
    """

    def __init__(
        self,
        *,
        overlap: timedelta = OVERLAP,
        advance_every_s: float = ADVANCE_EVERY_S,
        start_over_every_s: float = START_OVER_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.created_from = EARLIEST
        self.available_from = EARLIEST
        self.deadline_from = EARLIEST
        self._overlap = overlap
        self._advance_every_s = advance_every_s
        self._start_over_every_s = start_over_every_s
        self._clock = clock
        self._advanced_at = self._started_at = clock()

    async def advance_if_due(self, session: AsyncSession) -> None:
        """Move the floor when it is time, by one short query."""
        now = self._clock()
        if now - self._started_at >= self._start_over_every_s:
            self.created_from = self.available_from = self.deadline_from = EARLIEST
            self._started_at = self._advanced_at = now
        elif now - self._advanced_at >= self._advance_every_s:
            await self.advance(session)
            self._advanced_at = now

    async def advance(self, session: AsyncSession) -> None:
        """Move the floor to the oldest run that waits, claim and deadline, where they are older than `overlap`."""
        oldest_run = (
            select(WorkflowRun.created_at)
            .where(WorkflowRun.id == waiting_runs(created_from=self.created_from, limit=1).scalar_subquery())
            .scalar_subquery()
        )
        oldest_claim = (
            select(func.min(WorkflowRunClaim.available_at))
            .where(WorkflowRunClaim.available_at >= self.available_from)
            .scalar_subquery()
        )
        oldest_deadline = (
            select(WorkflowRun.deadline_at)
            .where(
                WorkflowRun.id
                == overdue_runs(deadline_from=self.deadline_from, limit=1)
                .with_only_columns(WorkflowRun.id)
                .scalar_subquery()
            )
            .scalar_subquery()
        )
        settled = func.statement_timestamp() - literal(self._overlap)
        statement = select(*(func.least(settled, oldest) for oldest in (oldest_run, oldest_claim, oldest_deadline)))
        created_from, available_from, deadline_from = (await session.execute(statement)).one()
        self.created_from = max(self.created_from, created_from)
        self.available_from = max(self.available_from, available_from)
        self.deadline_from = max(self.deadline_from, deadline_from)
