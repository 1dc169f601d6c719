"""Starting runs: once for each key, however often it is asked, and again when one has ended."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.errors import ConflictError
from flowforge_schema.models import WorkflowRun, WorkflowRunKey

_KEYS = cast("Table", WorkflowRunKey.__table__)


async def start_run(session: AsyncSession, run: WorkflowRun, *, idempotency_key: str | None = None) -> WorkflowRun:
    """Add the run and return it; or return the run that was started with this key of its workflow before, whatever else is given.

    The key is the client's, 1 to 200 characters, a new one for each run that is wanted; without one every call starts a run. After a CommitUnknownError call again with the same key:
    there is one run in either case. Two calls at the same moment wait for each other. The key of a run that was deleted is free
    again.
    """
    while True:
        if idempotency_key is None or await _takes_key(session, run, idempotency_key):
            session.add(run)
            await session.flush()
            return run
        run_id = await session.scalar(select(_KEYS.c.run_id).where(_is_key(run, idempotency_key)))
        if run_id is None:  # it went in this moment
            continue
        if (started := await session.get(WorkflowRun, run_id)) is not None:
            return started
        # The run was deleted, and its key is of no use to anybody.
        await session.execute(delete(_KEYS).where(_is_key(run, idempotency_key), _KEYS.c.run_id == run_id))


async def repeat_run(
    session: AsyncSession,
    run_id: UUID,
    *,
    idempotency_key: str | None = None,
    triggered_by: UUID | None = None,
    deadline_at: datetime | None = None,
) -> WorkflowRun:
    """Start a run of the same version with the same input as one that has ended, as its `retry_of`.

    By a person, unless `trigger_type` is changed before the commit. Raises NotFoundError where there is no such run, ConflictError where it is
    not over, UnreadableDataError where its input cannot be read. `idempotency_key` as in `start_run`.
    """
    ended = await session.get_one(WorkflowRun, run_id)
    if ended.finished_at is None:
        raise ConflictError("The run is not over; it can be repeated when it is.")
    repeated = WorkflowRun(
        workflow_id=ended.workflow_id,
        workflow_version=ended.workflow_version,
        triggered_by=triggered_by,
        input=ended.input,
        deadline_at=deadline_at,
        retry_of=ended.id,
    )
    return await start_run(session, repeated, idempotency_key=idempotency_key)


async def _takes_key(session: AsyncSession, run: WorkflowRun, key: str) -> bool:
    """Take the key for the run unless it is taken; waits for whoever is taking it at the moment."""
    statement = (
        insert(_KEYS)
        .values(workflow_id=run.workflow_id, key=key, run_id=run.id)
        .on_conflict_do_nothing(index_elements=[_KEYS.c.workflow_id, _KEYS.c.key])
        .returning(_KEYS.c.run_id)
    )
    return (await session.execute(statement)).one_or_none() is not None


def _is_key(run: WorkflowRun, key: str) -> ColumnElement[bool]:
    return and_(_KEYS.c.workflow_id == run.workflow_id, _KEYS.c.key == key)
