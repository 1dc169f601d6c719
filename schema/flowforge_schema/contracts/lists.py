"""What shows the rows of each query pattern: `response_model=list[SHOWN_AS["runs_of_workflow"]]`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flowforge_schema.contracts.contract import Row
from flowforge_schema.contracts.identity import ApiKeyRead, UserRead
from flowforge_schema.contracts.outbox import OutboxEventSummary
from flowforge_schema.contracts.runs import RunStepLogRead, WorkflowRunCount, WorkflowRunRecord, WorkflowRunSummary
from flowforge_schema.contracts.workflows import WorkflowRead, WorkflowStepRead, WorkflowSummary

# By the pattern's name; None for what no API shows.
SHOWN_AS: Mapping[str, type[Row] | None] = MappingProxyType(
    {
        "user_by_email": UserRead,
        "api_key_by_prefix": ApiKeyRead,
        "usable_api_key": ApiKeyRead,
        "touch_api_key": None,
        "api_keys_of_user": ApiKeyRead,
        "workflows_of_owner": WorkflowSummary,
        "workflows_of_owner_deep_page": WorkflowSummary,
        "workflow_by_name": WorkflowRead,
        "steps_of_version": WorkflowStepRead,
        "runs_of_workflow": WorkflowRunSummary,
        "runs_of_workflow_deep_page": WorkflowRunSummary,
        "pending_runs": WorkflowRunSummary,
        "running_runs_after": WorkflowRunSummary,
        "stuck_runs": WorkflowRunSummary,
        "waiting_runs": None,
        "due_claims": None,
        "overdue_runs": None,
        "run_with_step_logs": WorkflowRunRecord,
        "step_logs_of_run": RunStepLogRead,
        "attempts_of_step": RunStepLogRead,
        "unfinished_run_counts": WorkflowRunCount,
        "run_counts_of_workflow": WorkflowRunCount,
        "unpublished_events": OutboxEventSummary,
        "purge_published_events": None,
    }
)
