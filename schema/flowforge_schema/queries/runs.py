"""What happens: runs of a workflow, runs that wait or work, one run and its record, counts.

Lists leave out `input`, `output` and `error`, which can be a megabyte each and lie outside the row; reading one raises.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, SQLColumnExpression, func, literal, or_, select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from flowforge_schema.enums import RunStatus, UnknownLabel
from flowforge_schema.models import RunStepLog, WorkflowRun, WorkflowRunClaim
from flowforge_schema.queries.pages import PAGE_LENGTH, Cursor, newer_than, older_than, without

# No timestamp of the schema is earlier.
EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)

Unfinished = Literal[RunStatus.PENDING, RunStatus.RUNNING]


def runs_of_workflow(
    workflow_id: UUID, *, after: Cursor | None = None, limit: int = PAGE_LENGTH
) -> Select[WorkflowRun]:
    """Return a workflow's runs, newest first."""
    statement = select(WorkflowRun).where(WorkflowRun.workflow_id == workflow_id)
    if after is not None:
        statement = statement.where(older_than(after, WorkflowRun.created_at, WorkflowRun.id))
    newest_first = statement.order_by(WorkflowRun.created_at.desc(), WorkflowRun.id.desc())
    return newest_first.limit(limit).options(*_without_documents())


def unfinished_runs(
    status: Unfinished, *, after: Cursor | None = None, limit: int = PAGE_LENGTH
) -> Select[WorkflowRun]:
    """Return the runs that wait (pending) or work (running), oldest first."""
    statement = select(WorkflowRun).where(_is(status))
    if after is not None:
        statement = statement.where(newer_than(after, WorkflowRun.created_at, WorkflowRun.id))
    return _oldest_first(statement, limit).options(*_without_documents())


def stuck_runs(started_before: datetime, *, limit: int = PAGE_LENGTH) -> Select[WorkflowRun]:
    """Return the runs that have been running since before a moment, oldest first."""
    # A run is created before it starts. The index knows when it was created, and so reads no run that came later.
    created = WorkflowRun.created_at < started_before
    statement = select(WorkflowRun).where(_is(RunStatus.RUNNING), created, WorkflowRun.started_at < started_before)
    return _oldest_first(statement, limit).options(*_without_documents())


def waiting_runs(*, created_from: datetime = EARLIEST, limit: int = PAGE_LENGTH) -> Select[UUID]:
    """Return the ids of the runs that nobody has begun, oldest first; what was created before `created_from` is left out.

    So is what is past its deadline. It locks nothing: `flowforge_schema.leases.pick_up_runs` takes some of them.
    """
    statement = select(WorkflowRun.id).where(
        _is(RunStatus.PENDING), WorkflowRun.created_at >= created_from, is_in_time(WorkflowRun.deadline_at)
    )
    return statement.order_by(WorkflowRun.created_at, WorkflowRun.id).limit(limit)


def due_claims(*, available_from: datetime = EARLIEST, limit: int = PAGE_LENGTH) -> Select[UUID, int]:
    """Return run and attempt of claims that have run out: the worker was lost, or the run is to be tried again.

    What was available before `available_from` is left out. It locks nothing: `flowforge_schema.leases.pick_up_runs` takes some of them.
    """
    claim = WorkflowRunClaim
    return (
        select(claim.run_id, claim.attempt)
        .where(
            claim.available_at >= available_from,
            claim.available_at <= func.statement_timestamp(),
            claim.leased_until <= func.statement_timestamp(),
        )
        .order_by(claim.available_at, claim.run_id)
        .limit(limit)
    )


def overdue_runs(
    *, deadline_from: datetime = EARLIEST, limit: int = PAGE_LENGTH
) -> Select[UUID, RunStatus | UnknownLabel]:
    """Return id and status of runs that are past their deadline and not over, those first that have been for longest.

    What was due before `deadline_from` is left out. It locks nothing: `flowforge_schema.leases.pick_up_runs` ends them.
    """
    statuses = [_literal(RunStatus.PENDING), _literal(RunStatus.RUNNING)]
    return (
        select(WorkflowRun.id, WorkflowRun.status)
        .where(
            WorkflowRun.status.in_(statuses),
            WorkflowRun.deadline_at >= deadline_from,
            WorkflowRun.deadline_at <= func.statement_timestamp(),
        )
        .order_by(WorkflowRun.deadline_at, WorkflowRun.id)
        .limit(limit)
    )


def is_in_time(deadline_at: SQLColumnExpression[datetime | None]) -> ColumnElement[bool]:
    """Return the condition that a deadline has not passed, or that there is none."""
    return or_(deadline_at.is_(None), deadline_at > func.statement_timestamp())


def run_with_step_logs(run_id: UUID) -> Select[WorkflowRun]:
    """Return one run, and by a second statement of the shape of `step_logs_of_run` its whole record."""
    return select(WorkflowRun).where(WorkflowRun.id == run_id).options(selectinload(WorkflowRun.step_logs))


def step_logs_of_run(run_id: UUID) -> Select[RunStepLog]:
    """Return every attempt at every step of a run, in the order in which they were made."""
    return (
        select(RunStepLog)
        .where(RunStepLog.run_id == run_id)
        .order_by(RunStepLog.created_at, RunStepLog.step_id, RunStepLog.attempt)
    )


def attempts_of_step(run_id: UUID, step_id: UUID) -> Select[RunStepLog]:
    """Return the attempts at one step of a run: the first, then its retries."""
    return (
        select(RunStepLog)
        .where(RunStepLog.run_id == run_id, RunStepLog.step_id == step_id)
        .order_by(RunStepLog.attempt)
    )


def unfinished_run_counts() -> Select[RunStatus | UnknownLabel, int]:
    """Count the runs that wait and that work. What is over is not counted here: that is the whole table."""
    return (
        select(WorkflowRun.status, func.count().label("runs"))
        .where(WorkflowRun.status.in_([_literal(RunStatus.PENDING), _literal(RunStatus.RUNNING)]))
        .group_by(WorkflowRun.status)
    )


def run_counts_of_workflow(workflow_id: UUID, *, since: datetime) -> Select[RunStatus | UnknownLabel, int]:
    """Count a workflow's runs by status since a moment; it reads each of them, so keep the span short."""
    return (
        select(WorkflowRun.status, func.count().label("runs"))
        .where(WorkflowRun.workflow_id == workflow_id, WorkflowRun.created_at >= since)
        .group_by(WorkflowRun.status)
    )


def _oldest_first(statement: Select[WorkflowRun], limit: int) -> Select[WorkflowRun]:
    return statement.order_by(WorkflowRun.created_at, WorkflowRun.id).limit(limit)


def _is(status: Unfinished) -> ColumnElement[bool]:
    return WorkflowRun.status == _literal(status)


def _literal(status: Unfinished) -> BindParameter[RunStatus]:
    """Write a status into the statement: a generic plan cannot prove of a parameter that the partial index holds it."""
    if status.is_terminal:
        raise ValueError(f"a run that is {status} has ended; pending and running runs can be listed by status")
    return literal(status, WorkflowRun.status.type, literal_execute=True)


def _without_documents() -> tuple[ORMOption, ...]:
    return without(WorkflowRun.input, WorkflowRun.output, WorkflowRun.error)
