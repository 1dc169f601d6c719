"""The known query patterns as statements: give one to a session, and it is served by an index.

`session.scalars(runs_of_workflow(workflow_id))` gives the newest page; the next begins after its last row:
`runs_of_workflow(workflow_id, after=Cursor(last.created_at, last.id))`. `PATTERNS` lists them all with the plans that serve them.
"""

from __future__ import annotations

from flowforge_schema.queries.events import purge_published_events, unpublished_events
from flowforge_schema.queries.pages import PAGE_LENGTH, Cursor
from flowforge_schema.queries.patterns import PATTERNS, Pattern, Shape
from flowforge_schema.queries.people import (
    api_key_by_prefix,
    api_keys_of_user,
    touch_api_key,
    usable_api_key,
    user_by_email,
)
from flowforge_schema.queries.runs import (
    attempts_of_step,
    due_claims,
    overdue_runs,
    run_counts_of_workflow,
    run_with_step_logs,
    runs_of_workflow,
    step_logs_of_run,
    stuck_runs,
    unfinished_run_counts,
    unfinished_runs,
    waiting_runs,
)
from flowforge_schema.queries.workflows import steps_of_version, workflow_by_name, workflows_of_owner

__all__ = [
    "PAGE_LENGTH",
    "PATTERNS",
    "Cursor",
    "Pattern",
    "Shape",
    "api_key_by_prefix",
    "api_keys_of_user",
    "attempts_of_step",
    "due_claims",
    "overdue_runs",
    "purge_published_events",
    "run_counts_of_workflow",
    "run_with_step_logs",
    "runs_of_workflow",
    "step_logs_of_run",
    "steps_of_version",
    "stuck_runs",
    "touch_api_key",
    "unfinished_run_counts",
    "unfinished_runs",
    "unpublished_events",
    "usable_api_key",
    "user_by_email",
    "waiting_runs",
    "workflow_by_name",
    "workflows_of_owner",
]
