"""The registry of query patterns: each statement with typical arguments and with what its plan must look like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from flowforge_schema.enums import RunStatus
from flowforge_schema.queries import events, people, runs, workflows
from flowforge_schema.queries.pages import AnySelect, Cursor


class Shape(StrEnum):
    """What a pattern reads, which says how its cost may grow with the table."""

    POINT = "point"
    """One row, or the few that belong to one; costs the same in a table of any size."""
    PAGE = "page"
    """The next rows in an order; costs what a page costs, in a table of any size."""
    BATCH = "batch"
    """A bounded number of rows that are deleted."""
    COUNT = "count"
    """All rows of a kind; costs what there is to count."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One statement that FlowForge sends: how it is made, with which arguments, and which plan serves it.

    `samples` is SQL that picks typical arguments from the data, one call a row, columns named as the arguments of `make`: the
    hottest, because there a wrong plan costs most. `example` are arguments that need no data. `indexes` are those that the
    plan uses. `sorts` allows a sort of what was counted, `read_per_row` so many rows read for each that it gives (None: any).
    """

    name: str
    shape: Shape
    make: Callable[..., AnySelect]
    samples: str
    example: Mapping[str, object]
    indexes: tuple[str, ...]
    sorts: bool = False
    read_per_row: float | None = 1.0

    @property
    def purpose(self) -> str:
        """What the statement gives, in one sentence."""
        return (self.make.__doc__ or "").partition("\n")[0]


# Arguments are taken from what there is most of, and lists are tried at their beginning and deep inside: at page 1,000, or in
# the middle where there are fewer.
BUSIEST_WORKFLOW = (
    "SELECT workflow_id FROM workflow_runs GROUP BY workflow_id ORDER BY count(*) DESC, workflow_id LIMIT 1"
)
BUSIEST_OWNER = "SELECT owner_id FROM workflows GROUP BY owner_id ORDER BY count(*) DESC, owner_id LIMIT 1"
DEEP_PAGE = """\
SELECT {key}, created_at AS after_created_at, id AS after_id
FROM (SELECT {key}, created_at, id, row_number() OVER newest AS place, count(*) OVER () AS total
      FROM {table} WHERE {key} = ({busiest})
      WINDOW newest AS (ORDER BY created_at DESC, id DESC)) AS listed
WHERE place = least(999 * 50, total / 2)"""

AN_ID = UUID("019b76da-a800-7000-8000-000000000001")
A_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
A_CURSOR = {"after_created_at": A_MOMENT, "after_id": AN_ID}


def _after(make: Callable[..., AnySelect]) -> Callable[..., AnySelect]:
    """Let a cursor be given as the two columns that it is made of."""

    def made(*, after_created_at: datetime, after_id: UUID, **arguments: Any) -> AnySelect:
        return make(**arguments, after=Cursor(after_created_at, after_id))

    made.__doc__ = make.__doc__
    return made


def _of(status: RunStatus, make: Callable[..., AnySelect]) -> Callable[..., AnySelect]:
    """Fix the status of a statement, which is part of its text."""
    made = partial(make, status)
    made.__doc__ = make.__doc__
    return made


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "user_by_email",
        Shape.POINT,
        people.user_by_email,
        samples="SELECT upper(email) AS email FROM users ORDER BY id LIMIT 3",
        example={"email": "ada@example.org"},
        indexes=("uq_users__casefold_email",),
    ),
    Pattern(
        "api_key_by_prefix",
        Shape.POINT,
        people.api_key_by_prefix,
        samples="SELECT prefix FROM api_keys ORDER BY id LIMIT 3",
        example={"prefix": "ff_live_example"},
        indexes=("uq_api_keys__prefix", "pk_users"),
        read_per_row=2.0,
    ),
    Pattern(
        "usable_api_key",
        Shape.POINT,
        people.usable_api_key,
        samples="""\
SELECT prefix FROM api_keys AS key JOIN users AS owner ON owner.id = key.user_id AND owner.is_active
WHERE key.revoked_at IS NULL AND key.expires_at IS NULL ORDER BY key.id LIMIT 3""",
        example={"prefix": "ff_live_example"},
        indexes=("uq_api_keys__prefix", "pk_users"),
        read_per_row=2.0,
    ),
    Pattern(
        "touch_api_key",
        Shape.POINT,
        people.touch_api_key,
        samples="SELECT id AS key_id FROM api_keys ORDER BY id LIMIT 3",
        example={"key_id": AN_ID},
        indexes=("pk_api_keys",),
        read_per_row=2.0,
    ),
    Pattern(
        "api_keys_of_user",
        Shape.POINT,
        people.api_keys_of_user,
        samples="SELECT user_id FROM api_keys GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT 3",
        example={"user_id": AN_ID},
        indexes=("ix_api_keys__user_id",),
    ),
    Pattern(
        "workflows_of_owner",
        Shape.PAGE,
        workflows.workflows_of_owner,
        samples=BUSIEST_OWNER,
        example={"owner_id": AN_ID},
        indexes=("ix_workflows__owner_id_created_at_id",),
    ),
    Pattern(
        "workflows_of_owner_deep_page",
        Shape.PAGE,
        _after(workflows.workflows_of_owner),
        samples=DEEP_PAGE.format(key="owner_id", table="workflows", busiest=BUSIEST_OWNER),
        example={"owner_id": AN_ID, **A_CURSOR},
        indexes=("ix_workflows__owner_id_created_at_id",),
    ),
    Pattern(
        "workflow_by_name",
        Shape.POINT,
        workflows.workflow_by_name,
        samples="SELECT owner_id, upper(name) AS name FROM workflows WHERE archived_at IS NULL ORDER BY id LIMIT 3",
        example={"owner_id": AN_ID, "name": "Nightly import"},
        indexes=("uq_workflows__owner_id_lower_name",),
    ),
    Pattern(
        "steps_of_version",
        Shape.POINT,
        workflows.steps_of_version,
        samples="SELECT DISTINCT workflow_id, workflow_version AS version FROM workflow_steps ORDER BY 1, 2 LIMIT 3",
        example={"workflow_id": AN_ID, "version": 1},
        indexes=("uq_workflow_steps__workflow_id_workflow_version_position",),
    ),
    Pattern(
        "runs_of_workflow",
        Shape.PAGE,
        runs.runs_of_workflow,
        samples=BUSIEST_WORKFLOW,
        example={"workflow_id": AN_ID},
        indexes=("ix_workflow_runs__workflow_id_created_at_id",),
    ),
    Pattern(
        "runs_of_workflow_deep_page",
        Shape.PAGE,
        _after(runs.runs_of_workflow),
        samples=DEEP_PAGE.format(key="workflow_id", table="workflow_runs", busiest=BUSIEST_WORKFLOW),
        example={"workflow_id": AN_ID, **A_CURSOR},
        indexes=("ix_workflow_runs__workflow_id_created_at_id",),
    ),
    Pattern(
        "pending_runs",
        Shape.PAGE,
        _of(RunStatus.PENDING, runs.unfinished_runs),
        samples="SELECT 20 AS limit",
        example={},
        indexes=("ix_workflow_runs__status_created_at_id_unfinished",),
    ),
    Pattern(
        "running_runs_after",
        Shape.PAGE,
        _after(_of(RunStatus.RUNNING, runs.unfinished_runs)),
        samples="""\
SELECT created_at AS after_created_at, id AS after_id, 20 AS limit
FROM workflow_runs WHERE status = 'running' ORDER BY created_at, id LIMIT 1""",
        example=A_CURSOR,
        indexes=("ix_workflow_runs__status_created_at_id_unfinished",),
    ),
    Pattern(
        "stuck_runs",
        Shape.PAGE,
        runs.stuck_runs,
        samples="""\
SELECT started_at + interval '1 second' AS started_before
FROM (SELECT started_at FROM workflow_runs WHERE status = 'running' ORDER BY created_at, id LIMIT 20) oldest
ORDER BY started_at DESC LIMIT 1""",
        example={"started_before": A_MOMENT},
        indexes=("ix_workflow_runs__status_created_at_id_unfinished",),
        read_per_row=2.0,
    ),
    Pattern(
        "waiting_runs",
        Shape.PAGE,
        runs.waiting_runs,
        samples="SELECT min(created_at) AS created_from, 20 AS limit FROM workflow_runs WHERE status = 'pending'",
        example={"created_from": A_MOMENT, "limit": 8},
        indexes=("ix_workflow_runs__status_created_at_id_unfinished",),
    ),
    Pattern(
        "due_claims",
        Shape.PAGE,
        runs.due_claims,
        samples="SELECT min(available_at) AS available_from, 20 AS limit FROM workflow_run_claims",
        example={"available_from": A_MOMENT, "limit": 8},
        indexes=("ix_workflow_run_claims__available_at_run_id",),
    ),
    Pattern(
        "overdue_runs",
        Shape.PAGE,
        runs.overdue_runs,
        samples="SELECT min(deadline_at) AS deadline_from, 20 AS limit FROM workflow_runs WHERE status = 'running'",
        example={"deadline_from": A_MOMENT, "limit": 8},
        indexes=("ix_workflow_runs__deadline_at_id_unfinished",),
    ),
    Pattern(
        "run_with_step_logs",
        Shape.POINT,
        runs.run_with_step_logs,
        samples="SELECT run_id FROM run_step_logs WHERE attempt > 1 ORDER BY run_id LIMIT 3",
        example={"run_id": AN_ID},
        indexes=("pk_workflow_runs",),
    ),
    Pattern(
        "step_logs_of_run",
        Shape.POINT,
        runs.step_logs_of_run,
        samples="SELECT run_id FROM run_step_logs GROUP BY run_id ORDER BY count(*) DESC, run_id LIMIT 3",
        example={"run_id": AN_ID},
        indexes=("pk_run_step_logs",),
    ),
    Pattern(
        "attempts_of_step",
        Shape.POINT,
        runs.attempts_of_step,
        samples="SELECT run_id, step_id FROM run_step_logs ORDER BY attempt DESC, run_id, step_id LIMIT 3",
        example={"run_id": AN_ID, "step_id": AN_ID},
        indexes=("pk_run_step_logs",),
    ),
    Pattern(
        "unfinished_run_counts",
        Shape.COUNT,
        runs.unfinished_run_counts,
        samples="SELECT",
        example={},
        indexes=("ix_workflow_runs__status_created_at_id_unfinished",),
        sorts=True,
        read_per_row=None,
    ),
    Pattern(
        "run_counts_of_workflow",
        Shape.COUNT,
        runs.run_counts_of_workflow,
        samples=f"""\
SELECT workflow_id, max(created_at) - (max(created_at) - min(created_at)) / 100 AS since
FROM workflow_runs WHERE workflow_id = ({BUSIEST_WORKFLOW}) GROUP BY workflow_id""",
        example={"workflow_id": AN_ID, "since": A_MOMENT},
        indexes=("ix_workflow_runs__workflow_id_created_at_id",),
        sorts=True,
        read_per_row=None,
    ),
    Pattern(
        "unpublished_events",
        Shape.PAGE,
        events.unpublished_events,
        # No more than were refused and lie apart in the smallest volume.
        samples="SELECT 5 AS limit",
        example={},
        indexes=("ix_outbox_events__id_unpublished",),
    ),
    Pattern(
        "purge_published_events",
        Shape.BATCH,
        events.purge_published_events,
        samples="SELECT min(published_at) + (max(published_at) - min(published_at)) / 2 AS published_before FROM outbox_events",
        example={"published_before": A_MOMENT},
        indexes=("pk_outbox_events",),
        read_per_row=None,
    ),
)
"""All query patterns; the relay's claim is in `flowforge_schema.outbox`, that of runs in `flowforge_schema.leases`."""
