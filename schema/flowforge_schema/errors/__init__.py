"""The errors of the data layer: their tree, and the translation of everything that SQLAlchemy and psycopg raise."""

from __future__ import annotations

from flowforge_schema.errors.reasons import UnavailableReason
from flowforge_schema.errors.retrying import retry_transient
from flowforge_schema.errors.translation import install_translation, translate, translating
from flowforge_schema.errors.tree import (
    AppError,
    CommitUnknownError,
    ConcurrentUpdateError,
    ConfigurationError,
    ConflictError,
    DatabaseUnavailableError,
    DeadlockError,
    InvalidDataError,
    InvariantViolationError,
    LeaseLostError,
    LockTimeoutError,
    NotFoundError,
    PoolExhaustedError,
    PrimaryReadOnlyError,
    ReadOnlyError,
    ReferenceNotFoundError,
    ResourceInUseError,
    SchemaMismatchError,
    SerializationError,
    StatementTimeoutError,
    TransientError,
    UnexpectedDatabaseError,
    UnreadableDataError,
)

__all__ = [
    "AppError",
    "CommitUnknownError",
    "ConcurrentUpdateError",
    "ConfigurationError",
    "ConflictError",
    "DatabaseUnavailableError",
    "DeadlockError",
    "InvalidDataError",
    "InvariantViolationError",
    "LeaseLostError",
    "LockTimeoutError",
    "NotFoundError",
    "PoolExhaustedError",
    "PrimaryReadOnlyError",
    "ReadOnlyError",
    "ReferenceNotFoundError",
    "ResourceInUseError",
    "SchemaMismatchError",
    "SerializationError",
    "StatementTimeoutError",
    "TransientError",
    "UnavailableReason",
    "UnexpectedDatabaseError",
    "UnreadableDataError",
    "install_translation",
    "retry_transient",
    "translate",
    "translating",
]
