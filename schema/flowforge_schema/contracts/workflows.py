"""Contracts of `workflows`, `workflow_versions` and `workflow_steps`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import MISSING, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from flowforge_schema.contracts.contract import Contract, Row
from flowforge_schema.contracts.fields import (
    DependsOn,
    Id,
    MaxAttempts,
    Position,
    PositiveInteger,
    StepConfig,
    StepKey,
    StepName,
    StepType,
    Timestamp,
    WorkflowDescription,
    WorkflowName,
    WorkflowSettings,
)


class WorkflowCreate(Contract):
    """A new workflow. Its name is unique among the owner's workflows that are not archived, whatever its case."""

    owner_id: Id
    name: WorkflowName
    description: WorkflowDescription | None = None
    is_enabled: StrictBool = True
    version: PositiveInteger = 1
    settings: WorkflowSettings = Field(default={})
    archived_at: Timestamp | None = None


class WorkflowUpdate(Contract):
    """A change of a workflow that was read at `lock_version`; what is left out stays."""

    lock_version: PositiveInteger
    owner_id: Id | MISSING = MISSING
    name: WorkflowName | MISSING = MISSING
    description: WorkflowDescription | MISSING | None = MISSING
    is_enabled: StrictBool | MISSING = MISSING
    version: PositiveInteger | MISSING = MISSING
    settings: WorkflowSettings | MISSING = MISSING
    archived_at: Timestamp | MISSING | None = MISSING


class WorkflowSummary(Row):
    """A workflow as lists show it: without its settings."""

    id: UUID
    owner_id: UUID
    name: str
    description: str | None
    is_enabled: bool
    version: int
    archived_at: datetime | None
    lock_version: int
    created_at: datetime
    updated_at: datetime


class WorkflowRead(WorkflowSummary):
    """A workflow without its steps."""

    settings: dict[str, Any]


class WorkflowVersionCreate(Contract):
    """A new version of a workflow, which a step of it makes too; a draft unless `published_at` is given."""

    workflow_id: Id
    version: PositiveInteger
    published_at: Timestamp | None = None


class WorkflowVersionUpdate(Contract):
    """A change of a draft; what is left out stays. `publish_version` publishes it."""

    published_at: Timestamp | MISSING | None = MISSING


class WorkflowVersionRead(Row):
    """A version of a workflow; a draft where `published_at` is null."""

    workflow_id: UUID
    version: int
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime


class WorkflowStepCreate(Contract):
    """A new step of one version of a workflow; `depends_on` holds keys of the same version, never its own."""

    workflow_id: Id
    workflow_version: PositiveInteger = 1
    key: StepKey
    name: StepName
    step_type: StepType
    position: Position
    depends_on: DependsOn = Field(default=[])
    config: StepConfig = Field(default={})
    max_attempts: MaxAttempts = 1
    timeout_seconds: PositiveInteger | None = None

    @model_validator(mode="after")
    def _depends_on_others(self) -> Self:
        refuse_own_key(self.key, self.depends_on)
        return self


class WorkflowStepUpdate(Contract):
    """A change of a step whose version is not published; what is left out stays.

    `key` and `depends_on` are given together or not at all: only so can it be told that the step does not depend on itself.
    """

    model_config = ConfigDict(
        json_schema_extra={"dependentRequired": {"key": ["depends_on"], "depends_on": ["key"]}},
    )

    key: StepKey | MISSING = MISSING
    name: StepName | MISSING = MISSING
    step_type: StepType | MISSING = MISSING
    position: Position | MISSING = MISSING
    depends_on: DependsOn | MISSING = MISSING
    config: StepConfig | MISSING = MISSING
    max_attempts: MaxAttempts | MISSING = MISSING
    timeout_seconds: PositiveInteger | MISSING | None = MISSING

    @model_validator(mode="after")
    def _depends_on_others(self) -> Self:
        if (self.key is MISSING) != (self.depends_on is MISSING):
            raise PydanticCustomError("together", "key and depends_on are given together")
        if self.key is not MISSING and self.depends_on is not MISSING:
            refuse_own_key(self.key, self.depends_on)
        return self


class WorkflowStepRead(Row):
    """A step of one version of a workflow."""

    id: UUID
    workflow_id: UUID
    workflow_version: int
    key: str
    name: str
    step_type: str
    position: int
    depends_on: list[str]
    config: dict[str, Any]
    max_attempts: int
    timeout_seconds: int | None
    created_at: datetime
    updated_at: datetime


def refuse_own_key(key: str, depends_on: Iterable[str]) -> None:
    """Refuse a step that depends on itself."""
    if key in depends_on:
        raise PydanticCustomError("not_its_own_dependency", "A step cannot depend on itself")
