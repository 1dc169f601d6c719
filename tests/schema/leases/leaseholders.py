"""Runs that the leases' tests work on, each call in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from flowforge_schema import (
    Database,
    HeldRun,
    RunStatus,
    User,
    Workflow,
    WorkflowRun,
    WorkflowRunClaim,
    finish_run,
    heartbeat,
    pick_up_runs,
    request_cancel,
    retry_run,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass
class Runs:
    """The runs of the test's database. Workers are named by letters."""

    database: Database

    async def add(self, number: int = 1, **values: Any) -> list[UUID]:
        """Commit runs that wait, a minute apart in their creation; give their ids, the oldest first."""
        async with self.database.session() as session:
            workflow_id = await session.scalar(select(Workflow.id))
            if workflow_id is None:
                user = User(email="ada@example.org")
                workflow = Workflow(owner_id=user.id, name="nightly")
                session.add(user)
                await session.flush()
                session.add(workflow)
                await session.flush()
                workflow_id = workflow.id
            runs = [
                WorkflowRun(
                    workflow_id=workflow_id,
                    workflow_version=1,
                    created_at=NOON + timedelta(minutes=minute),
                    **values,
                )
                for minute in range(number)
            ]
            session.add_all(runs)
            await session.flush()
            return [run.id for run in runs]

    async def pick_up(self, held_by: str = "a", **options: Any) -> list[HeldRun]:
        """Pick up and commit."""
        async with self.database.session() as session:
            return await pick_up_runs(session, held_by=held_by, **options)

    async def pick_up_one(self, held_by: str = "a", **options: Any) -> HeldRun:
        """Pick up the one run that there is."""
        (held,) = await self.pick_up(held_by, **options)
        return held

    async def heartbeat(self, held: HeldRun, **options: Any) -> HeldRun:
        """Prolong the lease and commit."""
        async with self.database.session() as session:
            return await heartbeat(session, held, **options)

    async def finish(self, held: HeldRun, status: RunStatus = RunStatus.COMPLETED, **options: Any) -> None:
        """End and commit."""
        async with self.database.session() as session:
            await finish_run(session, held, status, **options)

    async def retry(self, held: HeldRun, **options: Any) -> datetime | None:
        """Give back with an error and commit."""
        async with self.database.session() as session:
            return await retry_run(session, held, {"code": "refused"}, **options)

    async def cancel(self, run_id: UUID) -> Any:
        """Ask to stop and commit."""
        async with self.database.session() as session:
            return await request_cancel(session, run_id)

    async def expire(self, held: HeldRun) -> None:
        """Let the lease be over, as if its time had passed."""
        async with self.database.session() as session:
            await session.execute(
                update(WorkflowRunClaim)
                .where(WorkflowRunClaim.run_id == held.run_id)
                .values(leased_until=NOON, available_at=NOON)
            )

    async def stored(self, run_id: UUID) -> WorkflowRun:
        """Read one run."""
        async with self.database.session() as session:
            return await session.get_one(WorkflowRun, run_id)

    async def claim(self, run_id: UUID) -> WorkflowRunClaim | None:
        """Read the claim on a run."""
        async with self.database.session() as session:
            return await session.get(WorkflowRunClaim, run_id)

    async def change(self, run_id: UUID, change: Callable[[WorkflowRun], None]) -> None:
        """Change a run through the model, as somebody without a lease does."""
        async with self.database.session() as session:
            change(await session.get_one(WorkflowRun, run_id))
