"""The errors that leave the data layer: what happened, what an API answers, and whether trying again can help."""

from __future__ import annotations

from typing import ClassVar


class AppError(Exception):
    """The root of all errors that this layer raises; a track's own errors may derive from it too.

    `message` may be shown to anyone: it never holds a value from a row. `field` and `constraint` name what was violated,
    where that is known; `sqlstate` is PostgreSQL's code for it. `reason` is for the operator: one of UnavailableReason
    where the database is not available, which no client is told.
    """

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    """Whether the same unit of work may succeed when it is run again from its beginning."""
    title: ClassVar[str] = "Something went wrong."
    retry_after_s: ClassVar[int | None] = None

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        constraint: str | None = None,
        sqlstate: str | None = None,
        reason: str | None = None,
    ) -> None:
        self.message = message or self.title
        self.field = field
        self.constraint = constraint
        self.sqlstate = sqlstate
        self.reason = reason
        super().__init__(self.message)


class ConfigurationError(AppError):
    """The settings are missing or wrong; raised when a process starts, never while it serves."""

    code = "configuration_error"
    title = "The data layer is not configured."


class NotFoundError(AppError):
    """What was asked for is not there: `scalar_one()` found no row."""

    code = "not_found"
    http_status = 404
    title = "There is no such thing."


class ConflictError(AppError):
    """The request contradicts what is stored: a unique or an exclusion constraint."""

    code = "conflict"
    http_status = 409
    title = "This conflicts with something that exists already."


class ConcurrentUpdateError(ConflictError):
    """Somebody else changed or removed the row since it was read (`lock_version`). Read it again, then decide."""

    code = "concurrent_update"
    title = "Somebody else has changed this in the meantime."


class LeaseLostError(ConflictError):
    """The run is not held by this attempt any more: its lease ran out and another worker took it. Stop; write nothing for it."""

    code = "lease_lost"
    title = "Somebody else works on this run now."


class ResourceInUseError(ConflictError):
    """Rows elsewhere refer to the row, so it can be neither deleted nor given another key; or it is of a published version."""

    code = "resource_in_use"
    title = "This is still in use."


class InvalidDataError(AppError):
    """A value cannot be stored: missing, malformed, out of range, or too large."""

    code = "invalid_data"
    http_status = 422
    title = "A value cannot be stored."


class InvariantViolationError(InvalidDataError):
    """A value, or a combination of values, breaks a rule of the schema: a CHECK constraint."""

    code = "invariant_violation"
    title = "A value breaks a rule."


class ReferenceNotFoundError(InvalidDataError):
    """The row refers to another that does not exist: a foreign key."""

    code = "reference_not_found"
    title = "This refers to something that does not exist."


class TransientError(AppError):
    """The transaction lost against another one and has been rolled back; running it again from its beginning may help."""

    code = "transient"
    http_status = 503
    retryable = True
    title = "The database was busy with a conflicting change. Try again."
    retry_after_s = 1


class SerializationError(TransientError):
    """Two transactions at a strict isolation level could not be put in an order."""

    code = "serialization_failure"


class DeadlockError(TransientError):
    """Two transactions waited for each other; a bug in the order of locks, even where trying again helps."""

    code = "deadlock"


class LockTimeoutError(TransientError):
    """Could not acquire a lock within `lock_timeout_ms`, or at once where NOWAIT asked for that."""

    code = "lock_timeout"


class StatementTimeoutError(AppError):
    """A statement, or its transaction, ran longer than allowed and was cancelled. The next try would take as long."""

    code = "statement_timeout"
    http_status = 504
    title = "This took too long and was stopped."


class ReadOnlyError(AppError):
    """A write reached a read session, which is a bug on our side, or a primary that takes none."""

    code = "read_only"
    http_status = 503
    title = "Changes cannot be made at the moment."


class PrimaryReadOnlyError(ReadOnlyError):
    """The primary takes no writes, as one that has been demoted; the pool leaves it, so the next try may find the new one."""

    code = "primary_read_only"
    retryable = True
    retry_after_s = 5


class DatabaseUnavailableError(AppError):
    """There is no connection, or it was lost before COMMIT was sent, so that nothing has been stored."""

    code = "database_unavailable"
    http_status = 503
    retryable = True
    title = "The database is not available."
    retry_after_s = 5


class PoolExhaustedError(DatabaseUnavailableError):
    """All connections of this process are in use. A client may come back; `retry_transient` would only lengthen the queue."""

    code = "pool_exhausted"
    title = "The service is busy."
    retry_after_s = 1


class CommitUnknownError(AppError):
    """The connection was lost during COMMIT: it may be stored. Ask again with the same key (`start_run`), or read first."""

    code = "commit_unknown"
    http_status = 503
    title = (
        "The database stopped answering, and the change may or may not have been stored."
        " Ask again with the same key, or look whether it is there."
    )


class UnexpectedDatabaseError(AppError):
    """A bug on our side: wrong SQL, a session used after a failure, a transaction left idle for too long."""

    code = "unexpected_database_error"


class SchemaMismatchError(UnexpectedDatabaseError):
    """A table, column, type or function is missing: the migrations have not been run, or have run ahead."""

    code = "schema_mismatch"


class UnreadableDataError(UnexpectedDatabaseError):
    """A value that is stored cannot be read: no datetime of Python's, or JSON that nests too deep. The log names its place."""

    code = "unreadable_data"
