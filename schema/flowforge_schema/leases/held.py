"""What a worker holds: a run, and the proof that it is the one to write for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Table, Uuid, and_, func, literal

from flowforge_schema.models import Base, WorkflowRun, WorkflowRunClaim
from flowforge_schema.outbox.retrying import DEFAULT_POLICY, RetryPolicy


def _table_of(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


# As tables and not as models: what is updated here is no object of the session's, and each statement says itself whether it
# moves `lock_version`.
RUNS: Final = _table_of(WorkflowRun)
CLAIMS: Final = _table_of(WorkflowRunClaim)


@dataclass(frozen=True, slots=True)
class HeldRun:
    """One run as its worker holds it, without its documents; `attempt` and `held_by` are the proof.

    `attempt` is 1 for a run's first pick-up and grows by one with each. `leased_until` is by the server's clock.
    `cancel_requested_at` is None until somebody asks the run to stop; `heartbeat` brings the news. `is_overdue` says whether
    `deadline_at` had passed, by that clock, when the run was last picked up or prolonged; None is no deadline. `policy` is that of the
    pick-up, and `retry_run` goes by it.
    """

    run_id: UUID
    workflow_id: UUID
    workflow_version: int
    attempt: int
    held_by: str
    leased_until: datetime
    cancel_requested_at: datetime | None
    deadline_at: datetime | None
    is_overdue: bool
    policy: RetryPolicy = field(default=DEFAULT_POLICY, repr=False)


def is_any(column: Any, run_ids: Sequence[UUID]) -> ColumnElement[bool]:
    """Return the condition on ids as one array, so that the statement's text, and its plan, are the same for any number of them."""
    condition: ColumnElement[bool] = column == func.any(literal(sorted(run_ids), ARRAY(Uuid)))
    return condition


def unless_before(moment: Any) -> ColumnElement[datetime]:
    """Return a moment that was noted before, or else this one, by the server's clock.

    LEAST passes over NULL; a distributed database refuses COALESCE, and CASE, around a clock.
    """
    noted: ColumnElement[datetime] = func.least(moment, func.statement_timestamp())
    return noted


def is_held(held: HeldRun) -> ColumnElement[bool]:
    """Return the condition that the claim is still this one; a lease that merely ran out is no loss."""
    return and_(CLAIMS.c.run_id == held.run_id, CLAIMS.c.attempt == held.attempt, CLAIMS.c.held_by == held.held_by)
