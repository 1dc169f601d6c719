"""The ten tables of FlowForge; `metadata` describes them all."""

from __future__ import annotations

from flowforge_schema.base import Base
from flowforge_schema.models.identity import ApiKey, User
from flowforge_schema.models.outbox import OutboxEvent
from flowforge_schema.models.runs import RunStepLog, WorkflowRun, WorkflowRunClaim, WorkflowRunKey
from flowforge_schema.models.version_rules import add_version_rules
from flowforge_schema.models.workflows import Workflow, WorkflowStep, WorkflowVersion

metadata = Base.metadata
add_version_rules(metadata)

__all__ = [
    "ApiKey",
    "Base",
    "OutboxEvent",
    "RunStepLog",
    "User",
    "Workflow",
    "WorkflowRun",
    "WorkflowRunClaim",
    "WorkflowRunKey",
    "WorkflowStep",
    "WorkflowVersion",
    "metadata",
]
