"""What happened: runs of workflows, the keys that start one once, who works on them, and the record of each attempt at each step."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flowforge_schema import limits
from flowforge_schema.base import Base, Identified, length_check, native_enum, object_checks
from flowforge_schema.enums import RunStatus, StepStatus, TriggerType, UnknownLabel
from flowforge_schema.models.identity import User
from flowforge_schema.models.workflows import Workflow, WorkflowStep, step_key_check, version_key


class WorkflowRun(Identified, Base):
    """One execution of one version of a workflow.

    `finished_at` is set exactly when the status is terminal, `started_at` when the run has begun (a cancelled run may never
    have). The clocks are not compared with each other: a step of the clock must not block the end of a run. Nobody works on a run
    after its `deadline_at`. `retry_of` is the id of the ended run that this one repeats; it is no foreign key, because the two may
    lie on different servers, and so may name a run that has been deleted since.
    """

    __tablename__ = "workflow_runs"
    __table_args__ = (
        version_key(table="workflow_runs", ondelete="RESTRICT"),
        Index("ix_workflow_runs__workflow_id_created_at_id", "workflow_id", text("created_at DESC"), text("id DESC")),
        # Most runs are over, so this stays small. A query must name the statuses as literals to use it.
        Index(
            "ix_workflow_runs__status_created_at_id_unfinished",
            "status",
            "created_at",
            "id",
            postgresql_where=text("status IN ('pending', 'running')"),
        ),
        # Only runs that have a deadline and are not over: what is overdue lies at its beginning.
        Index(
            "ix_workflow_runs__deadline_at_id_unfinished",
            "deadline_at",
            "id",
            postgresql_where=text("deadline_at IS NOT NULL AND status IN ('pending', 'running')"),
        ),
        Index("ix_workflow_runs__triggered_by", "triggered_by", postgresql_where=text("triggered_by IS NOT NULL")),
        CheckConstraint("workflow_version >= 1", name="workflow_version_positive"),
        CheckConstraint(
            "(status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)",
            name="finished_when_terminal",
        ),
        CheckConstraint(
            "status NOT IN ('running', 'completed', 'failed') OR started_at IS NOT NULL", name="started_when_begun"
        ),
        CheckConstraint("retry_of <> id", name="retry_of_another"),
        *object_checks("input", size_bytes=limits.RUN_INPUT_SIZE_BYTES_MAX),
        *object_checks("output", size_bytes=limits.RUN_OUTPUT_SIZE_BYTES_MAX),
        *object_checks("error", size_bytes=limits.RUN_ERROR_SIZE_BYTES_MAX),
    )

    workflow_id: Mapped[UUID] = mapped_column(ForeignKey("workflows.id", ondelete="RESTRICT"))
    workflow_version: Mapped[int]
    status: Mapped[RunStatus | UnknownLabel] = mapped_column(
        native_enum(RunStatus), server_default=text("'pending'::run_status")
    )
    trigger_type: Mapped[TriggerType | UnknownLabel] = mapped_column(
        native_enum(TriggerType), server_default=text("'manual'::trigger_type")
    )
    triggered_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    input: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    output: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    lock_version: Mapped[int] = mapped_column(server_default=text("1"))
    # Behind the timestamps, as in a table to which they were added later.
    deadline_at: Mapped[datetime | None] = mapped_column(sort_order=1002)
    retry_of: Mapped[UUID | None] = mapped_column(sort_order=1003)

    __mapper_args__: Any = {**Base.__mapper_args__, "version_id_col": lock_version}  # noqa: RUF012 - as in Base

    workflow: Mapped[Workflow] = relationship(lazy="raise")
    triggered_by_user: Mapped[User | None] = relationship(lazy="raise")
    step_logs: Mapped[list[RunStepLog]] = relationship(
        back_populates="run", lazy="raise", passive_deletes="all", order_by="RunStepLog.created_at"
    )


class WorkflowRunKey(Base):
    """The run that was started with a key, so that whoever asks a second time with that key gets the same run.

    A table of its own: keys are unique for each workflow, and nothing of a run is unique but by the run's id. `run_id` is no foreign
    key, because a run may lie on another server; the key of a run that has been deleted is free again.
    """

    __tablename__ = "workflow_run_keys"
    __table_args__ = (length_check("key", longest=limits.RUN_KEY_LENGTH_MAX),)

    workflow_id: Mapped[UUID] = mapped_column(ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[UUID]


class WorkflowRunClaim(Base):
    """Who works on a run that has begun and is not over, and until when nobody else may take it.

    The row is there from the first pick-up until the run ends. `attempt` counts pick-ups and is the fencing token: only who holds
    the present one may write. `held_by` is null while the run waits to be tried again. A heartbeat moves `leased_until` alone, which no
    index holds; `available_at` is where the lease ended when it was given, or when the run may be tried again.
    """

    __tablename__ = "workflow_run_claims"
    __table_args__ = (
        Index("ix_workflow_run_claims__available_at_run_id", "available_at", "run_id"),
        CheckConstraint("attempt >= 1", name="attempt_positive"),
        length_check("held_by", longest=limits.RUN_HELD_BY_LENGTH_MAX),
        {
            # A row is updated by every heartbeat: a page keeps places free for that, and dead rows come as fast as in the outbox.
            "postgresql_with": {
                "fillfactor": "50",
                "autovacuum_vacuum_scale_factor": "0.01",
                "autovacuum_vacuum_threshold": "1000",
                "autovacuum_vacuum_cost_delay": "0",
                "autovacuum_analyze_scale_factor": "0.02",
            }
        },
    )

    run_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_runs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    held_by: Mapped[str | None]
    leased_until: Mapped[datetime]
    available_at: Mapped[datetime]

    run: Mapped[WorkflowRun] = relationship(lazy="raise")


class RunStepLog(Base):
    """One attempt at one step of a run: its state, what went in, what came out.

    The key is led by the run, so that a run's record lies together and can be distributed by run. `step_key` repeats the
    step's key, so that the record reads without a join.
    """

    __tablename__ = "run_step_logs"
    __table_args__ = (
        # Deleting a step must not scan the largest table.
        Index(None, "step_id"),
        step_key_check("step_key"),
        CheckConstraint("attempt >= 1", name="attempt_positive"),
        CheckConstraint(
            "(status IN ('completed', 'failed', 'cancelled', 'skipped')) = (finished_at IS NOT NULL)",
            name="finished_when_terminal",
        ),
        CheckConstraint(
            "status NOT IN ('running', 'completed', 'failed') OR started_at IS NOT NULL", name="started_when_begun"
        ),
        *object_checks("input", size_bytes=limits.RUN_INPUT_SIZE_BYTES_MAX),
        *object_checks("output", size_bytes=limits.RUN_OUTPUT_SIZE_BYTES_MAX),
        *object_checks("error", size_bytes=limits.RUN_ERROR_SIZE_BYTES_MAX),
        length_check("message", shortest=0, longest=limits.LOG_MESSAGE_LENGTH_MAX),
    )

    run_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_runs.id", ondelete="CASCADE"), primary_key=True)
    step_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_steps.id", ondelete="RESTRICT"), primary_key=True)
    step_key: Mapped[str]
    attempt: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("1"))
    status: Mapped[StepStatus | UnknownLabel] = mapped_column(
        native_enum(StepStatus), server_default=text("'pending'::step_status")
    )
    input: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    output: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    message: Mapped[str | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    run: Mapped[WorkflowRun] = relationship(back_populates="step_logs", lazy="raise")
    step: Mapped[WorkflowStep] = relationship(lazy="raise")
