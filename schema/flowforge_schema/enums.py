"""The sets of labels of the schema: each class is one native enum type of PostgreSQL, labels in this order.

A newer release may add a label while this one still runs. A row that carries it is read as an `UnknownLabel`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

UNKNOWN_LABEL_MEANING: Final = "A label that a newer release has added, and that this one does not know."


class UnknownLabel(str):
    """A label that a newer release has added, read from a row: a text that is no member, and that can only be passed on.

    Tell it by `isinstance(run.status, UnknownLabel)`; what it means is not known here, nor whether the run has ended
    (`finished_at` tells that). This release cannot write it.
    """

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Take any text; in a union, a contract tries the members first."""
        metadata = {"pydantic_js_updates": {"description": UNKNOWN_LABEL_MEANING}}
        return core_schema.no_info_after_validator_function(cls, handler(str), metadata=metadata)


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
