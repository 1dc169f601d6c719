"""The data foundation of FlowForge: models, sessions, errors, outbox and seed data on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowforge_schema.enums import RunStatus, StepStatus, TriggerType
from flowforge_schema.errors import (
    AppError,
    CommitUnknownError,
    ConcurrentUpdateError,
    ConfigurationError,
    ConflictError,
    DatabaseUnavailableError,
    DeadlockError,
    InvalidDataError,
    InvariantViolationError,
    LockTimeoutError,
    NotFoundError,
    PoolExhaustedError,
    ReadOnlyError,
    ReferenceNotFoundError,
    ResourceInUseError,
    SchemaMismatchError,
    SerializationError,
    StatementTimeoutError,
    TransientError,
    UnexpectedDatabaseError,
    retry_transient,
)
from flowforge_schema.health import Readiness, SchemaState, check_readiness
from flowforge_schema.models import ApiKey, OutboxEvent, RunStepLog, User, Workflow, WorkflowRun, WorkflowStep
from flowforge_schema.outbox import (
    ClaimedEvent,
    NewEvent,
    OutboxLag,
    RelayLock,
    RelayShare,
    RetryPolicy,
    TrailingFloor,
    claim_events,
    discard_parked,
    lock_aggregates,
    mark_failed,
    mark_published,
    outbox_lag,
    parked_events,
    record_event,
    record_events,
    release_events,
    release_parked,
)
from flowforge_schema.session import Database, PoolState
from flowforge_schema.settings import DatabaseSettings

if TYPE_CHECKING:
    from flowforge_schema.errors.problems import install_error_handlers
    from flowforge_schema.health import health_router
    from flowforge_schema.session import DbSession, ReadSession, get_database, get_db_session, get_read_session

__all__ = [
    "ApiKey",
    "AppError",
    "ClaimedEvent",
    "CommitUnknownError",
    "ConcurrentUpdateError",
    "ConfigurationError",
    "ConflictError",
    "Database",
    "DatabaseSettings",
    "DatabaseUnavailableError",
    "DbSession",
    "DeadlockError",
    "InvalidDataError",
    "InvariantViolationError",
    "LockTimeoutError",
    "NewEvent",
    "NotFoundError",
    "OutboxEvent",
    "OutboxLag",
    "PoolExhaustedError",
    "PoolState",
    "ReadOnlyError",
    "ReadSession",
    "Readiness",
    "ReferenceNotFoundError",
    "RelayLock",
    "RelayShare",
    "ResourceInUseError",
    "RetryPolicy",
    "RunStatus",
    "RunStepLog",
    "SchemaMismatchError",
    "SchemaState",
    "SerializationError",
    "StatementTimeoutError",
    "StepStatus",
    "TrailingFloor",
    "TransientError",
    "TriggerType",
    "UnexpectedDatabaseError",
    "User",
    "Workflow",
    "WorkflowRun",
    "WorkflowStep",
    "check_readiness",
    "claim_events",
    "discard_parked",
    "get_database",
    "get_db_session",
    "get_read_session",
    "health_router",
    "install_error_handlers",
    "lock_aggregates",
    "mark_failed",
    "mark_published",
    "outbox_lag",
    "parked_events",
    "record_event",
    "record_events",
    "release_events",
    "release_parked",
    "retry_transient",
]

# What needs FastAPI, an extra, and the module that has it.
_NEEDING_FASTAPI = {
    "DbSession": "session",
    "ReadSession": "session",
    "get_database": "session",
    "get_db_session": "session",
    "get_read_session": "session",
    "health_router": "health",
    "install_error_handlers": "errors.problems",
}


if not TYPE_CHECKING:  # a checker that saw it would take any name for one that exists

    def __getattr__(name: str) -> Any:
        from importlib import import_module  # noqa: PLC0415 - not needed by those who import no such name

        if name not in _NEEDING_FASTAPI:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_NEEDING_FASTAPI[name]}"), name)
