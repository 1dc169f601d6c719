"""The closed sets of the schema: each class is one native enum type of PostgreSQL, labels in this order."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """Type `run_status`: where a workflow run stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether a run in this status has ended and carries a `finished_at`."""
        return self not in {RunStatus.PENDING, RunStatus.RUNNING}


class StepStatus(StrEnum):
    """Type `step_status`: where one attempt of one step stands; a skipped step never ran."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_terminal(self) -> bool:
        """Whether an attempt in this status has ended and carries a `finished_at`."""
        return self not in {StepStatus.PENDING, StepStatus.RUNNING}


class TriggerType(StrEnum):
    """Type `trigger_type`: what started a workflow run."""

    MANUAL = "manual"
    SCHEDULE = "schedule"
    API = "api"
    EVENT = "event"
