"""Contracts of `workflow_runs`, `workflow_run_keys`, `workflow_run_claims` and `run_step_logs`, and the rules that tie a status to its clocks."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import MISSING, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from flowforge_schema.contracts.contract import Contract, Row
from flowforge_schema.contracts.fields import (
    Id,
    LogMessage,
    PositiveInteger,
    PositiveSmallint,
    RunError,
    RunHolder,
    RunInput,
    RunKey,
    RunOutput,
    StepKey,
    Timestamp,
)
from flowforge_schema.enums import RunStatus, StepStatus, TriggerType, UnknownLabel

Status = RunStatus | StepStatus

STATE = ("status", "started_at", "finished_at")


def needs_start(status: Status) -> bool:
    """Whether a run or an attempt in this status has begun; a cancelled one may never have."""
    return status in {"running", "completed", "failed"}


def check_state(status: Status, started_at: datetime | None, finished_at: datetime | None) -> None:
    """Refuse a status without the clocks that belong to it."""
    if status.is_terminal != (finished_at is not None):
        raise PydanticCustomError("finished_when_terminal", "finished_at is given exactly when the status is terminal")
    if needs_start(status) and started_at is None:
        raise PydanticCustomError(
            "started_when_begun", "started_at is given when the status is running, completed or failed"
        )


def check_given_state(
    status: Status | MISSING, started_at: datetime | MISSING | None, finished_at: datetime | MISSING | None
) -> None:
    """Refuse a part of the state; the other part, which is in the database, is not known here."""
    if status is MISSING and started_at is MISSING and finished_at is MISSING:
        return
    if status is MISSING or started_at is MISSING or finished_at is MISSING:
        raise PydanticCustomError("together", "status, started_at and finished_at are given together")
    check_state(status, started_at, finished_at)


def state_schema(statuses: type[Status], *, all_or_none: bool) -> dict[str, JsonValue]:
    """Say the same in JSON Schema, one alternative for each need; `all_or_none` adds the one without any of the three."""
    by_need: dict[tuple[bool, bool], list[JsonValue]] = {}
    for status in statuses:
        by_need.setdefault((needs_start(status), status.is_terminal), []).append(status.value)
    alternatives = [_alternative(need, of, all_or_none=all_or_none) for need, of in by_need.items()]
    if all_or_none:
        alternatives.append({"properties": dict.fromkeys(STATE, False)})
    return {"oneOf": alternatives}


def _alternative(need: tuple[bool, bool], statuses: list[JsonValue], *, all_or_none: bool) -> JsonValue:
    starts, ends = need
    properties: dict[str, JsonValue] = {"status": {"enum": statuses}}
    if starts:
        properties["started_at"] = {"type": "string"}
    properties["finished_at"] = {"type": "string" if ends else "null"}
    # Without a status a new row is pending.
    needed = ["status"] * (starts or ends) + ["started_at"] * starts + ["finished_at"] * ends
    required: list[JsonValue] = list(STATE if all_or_none else needed)
    return {"properties": properties, "required": required}


class WorkflowRunCreate(Contract):
    """A new run of one version of a workflow."""

    model_config = ConfigDict(json_schema_extra=state_schema(RunStatus, all_or_none=False))

    workflow_id: Id
    workflow_version: PositiveInteger
    status: RunStatus = RunStatus.PENDING
    trigger_type: TriggerType = TriggerType.MANUAL
    triggered_by: Id | None = None
    input: RunInput = Field(default={})
    output: RunOutput | None = None
    error: RunError | None = None
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    cancel_requested_at: Timestamp | None = None
    deadline_at: Timestamp | None = None
    retry_of: Id | None = None

    @model_validator(mode="after")
    def _has_its_clocks(self) -> Self:
        check_state(self.status, self.started_at, self.finished_at)
        return self


class WorkflowRunUpdate(Contract):
    """A change of a run that was read at `lock_version`; what is left out stays.

    `status`, `started_at` and `finished_at` are one state: given together or not at all.
    """

    model_config = ConfigDict(json_schema_extra=state_schema(RunStatus, all_or_none=True))

    lock_version: PositiveInteger
    status: RunStatus | MISSING = MISSING
    output: RunOutput | MISSING | None = MISSING
    error: RunError | MISSING | None = MISSING
    started_at: Timestamp | MISSING | None = MISSING
    finished_at: Timestamp | MISSING | None = MISSING
    cancel_requested_at: Timestamp | MISSING | None = MISSING
    deadline_at: Timestamp | MISSING | None = MISSING

    @model_validator(mode="after")
    def _has_its_clocks(self) -> Self:
        check_given_state(self.status, self.started_at, self.finished_at)
        return self


class WorkflowRunSummary(Row):
    """A run as lists show it: without its documents."""

    id: UUID
    workflow_id: UUID
    workflow_version: int
    status: RunStatus | UnknownLabel
    trigger_type: TriggerType | UnknownLabel
    triggered_by: UUID | None
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    deadline_at: datetime | None
    retry_of: UUID | None
    lock_version: int
    created_at: datetime
    updated_at: datetime


class WorkflowRunRead(WorkflowRunSummary):
    """A run without the record of its steps."""

    input: dict[str, Any]
    output: dict[str, Any] | None
    error: dict[str, Any] | None


class WorkflowRunCount(Row):
    """How many runs there are in one status."""

    status: RunStatus | UnknownLabel
    runs: int


class WorkflowRunKeyCreate(Contract):
    """The key of a run. `start_run` makes it together with the run."""

    workflow_id: Id
    key: RunKey
    run_id: Id


class WorkflowRunKeyUpdate(Contract):
    """A change of a key by hand; what is left out stays."""

    run_id: Id | MISSING = MISSING


class WorkflowRunKeyRead(Row):
    """The run that was started with a key."""

    workflow_id: UUID
    key: str
    run_id: UUID
    created_at: datetime
    updated_at: datetime


class WorkflowRunClaimCreate(Contract):
    """A claim on a run. Workers make theirs by `pick_up_runs`."""

    run_id: Id
    attempt: PositiveSmallint = 1
    held_by: RunHolder | None = None
    leased_until: Timestamp
    available_at: Timestamp


class WorkflowRunClaimUpdate(Contract):
    """A change of a claim by hand; what is left out stays. Workers change theirs by `heartbeat` and `retry_run`."""

    attempt: PositiveSmallint | MISSING = MISSING
    held_by: RunHolder | MISSING | None = MISSING
    leased_until: Timestamp | MISSING = MISSING
    available_at: Timestamp | MISSING = MISSING


class WorkflowRunClaimRead(Row):
    """Who works on a run, and until when; or from when on it may be tried again."""

    run_id: UUID
    attempt: int
    held_by: str | None
    leased_until: datetime
    available_at: datetime
    created_at: datetime
    updated_at: datetime


class RunStepLogCreate(Contract):
    """The record of a new attempt at a step of a run."""

    model_config = ConfigDict(json_schema_extra=state_schema(StepStatus, all_or_none=False))

    run_id: Id
    step_id: Id
    step_key: StepKey
    attempt: PositiveSmallint = 1
    status: StepStatus = StepStatus.PENDING
    input: RunInput = Field(default={})
    output: RunOutput | None = None
    error: RunError | None = None
    message: LogMessage | None = None
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None

    @model_validator(mode="after")
    def _has_its_clocks(self) -> Self:
        check_state(self.status, self.started_at, self.finished_at)
        return self


class RunStepLogUpdate(Contract):
    """A change of an attempt's record; what is left out stays.

    `status`, `started_at` and `finished_at` are one state: given together or not at all.
    """

    model_config = ConfigDict(json_schema_extra=state_schema(StepStatus, all_or_none=True))

    status: StepStatus | MISSING = MISSING
    output: RunOutput | MISSING | None = MISSING
    error: RunError | MISSING | None = MISSING
    message: LogMessage | MISSING | None = MISSING
    started_at: Timestamp | MISSING | None = MISSING
    finished_at: Timestamp | MISSING | None = MISSING

    @model_validator(mode="after")
    def _has_its_clocks(self) -> Self:
        check_given_state(self.status, self.started_at, self.finished_at)
        return self


class RunStepLogRead(Row):
    """The record of one attempt at a step of a run."""

    run_id: UUID
    step_id: UUID
    step_key: str
    attempt: int
    status: StepStatus | UnknownLabel
    input: dict[str, Any]
    output: dict[str, Any] | None
    error: dict[str, Any] | None
    message: str | None
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime
    updated_at: datetime


class WorkflowRunRecord(WorkflowRunRead):
    """A run with the record of its steps."""

    step_logs: list[RunStepLogRead]
