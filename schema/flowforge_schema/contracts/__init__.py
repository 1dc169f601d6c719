"""What each table takes and shows, as Pydantic models: `…Create`, `…Update` and `…Read` for each of the ten, `…Summary` for lists.

What a contract takes, the database takes; what it refuses has its reason in the contract. `fields` has the types for
contracts of your own.
"""

from __future__ import annotations

from flowforge_schema.contracts.contract import Contract, Row
from flowforge_schema.contracts.identity import (
    ApiKeyCreate,
    ApiKeyRead,
    ApiKeyUpdate,
    UserCreate,
    UserRead,
    UserSignUp,
    UserUpdate,
)
from flowforge_schema.contracts.lists import SHOWN_AS
from flowforge_schema.contracts.outbox import OutboxEventCreate, OutboxEventRead, OutboxEventSummary, OutboxEventUpdate
from flowforge_schema.contracts.runs import (
    RunStepLogCreate,
    RunStepLogRead,
    RunStepLogUpdate,
    WorkflowRunClaimCreate,
    WorkflowRunClaimRead,
    WorkflowRunClaimUpdate,
    WorkflowRunCount,
    WorkflowRunCreate,
    WorkflowRunKeyCreate,
    WorkflowRunKeyRead,
    WorkflowRunKeyUpdate,
    WorkflowRunRead,
    WorkflowRunRecord,
    WorkflowRunSummary,
    WorkflowRunUpdate,
)
from flowforge_schema.contracts.workflows import (
    WorkflowCreate,
    WorkflowRead,
    WorkflowStepCreate,
    WorkflowStepRead,
    WorkflowStepUpdate,
    WorkflowSummary,
    WorkflowUpdate,
    WorkflowVersionCreate,
    WorkflowVersionRead,
    WorkflowVersionUpdate,
)

__all__ = [
    "SHOWN_AS",
    "ApiKeyCreate",
    "ApiKeyRead",
    "ApiKeyUpdate",
    "Contract",
    "OutboxEventCreate",
    "OutboxEventRead",
    "OutboxEventSummary",
    "OutboxEventUpdate",
    "Row",
    "RunStepLogCreate",
    "RunStepLogRead",
    "RunStepLogUpdate",
    "UserCreate",
    "UserRead",
    "UserSignUp",
    "UserUpdate",
    "WorkflowCreate",
    "WorkflowRead",
    "WorkflowRunClaimCreate",
    "WorkflowRunClaimRead",
    "WorkflowRunClaimUpdate",
    "WorkflowRunCount",
    "WorkflowRunCreate",
    "WorkflowRunKeyCreate",
    "WorkflowRunKeyRead",
    "WorkflowRunKeyUpdate",
    "WorkflowRunRead",
    "WorkflowRunRecord",
    "WorkflowRunSummary",
    "WorkflowRunUpdate",
    "WorkflowStepCreate",
    "WorkflowStepRead",
    "WorkflowStepUpdate",
    "WorkflowSummary",
    "WorkflowUpdate",
    "WorkflowVersionCreate",
    "WorkflowVersionRead",
    "WorkflowVersionUpdate",
]
