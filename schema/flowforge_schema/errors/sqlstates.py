"""What each SQLSTATE means to this layer; a code that is not listed is judged by its class, the first two characters.

The codes are those of the PostgreSQL manual, appendix A. Message texts are never looked at: they depend on the server's
language and version.
"""

from __future__ import annotations

from dataclasses import dataclass

from flowforge_schema.errors.tree import (
    AppError,
    CommitUnknownError,
    ConflictError,
    DatabaseUnavailableError,
    DeadlockError,
    InvalidDataError,
    InvariantViolationError,
    LockTimeoutError,
    PrimaryReadOnlyError,
    ReferenceNotFoundError,
    ResourceInUseError,
    SchemaMismatchError,
    SerializationError,
    StatementTimeoutError,
    UnexpectedDatabaseError,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """One code, or one class of codes, what PostgreSQL calls it, and the error that it becomes."""

    sqlstate: str
    condition: str
    error: type[AppError]


MEANINGS = (
    Meaning("08", "connection exception", DatabaseUnavailableError),
    Meaning("21", "cardinality violation", UnexpectedDatabaseError),
    Meaning("22", "data exception: too long, malformed, out of range, NUL in a text", InvalidDataError),
    Meaning("23", "integrity constraint violation", InvariantViolationError),
    Meaning("23001", "restrict violation: the row is still referenced (PostgreSQL 18)", ResourceInUseError),
    Meaning("23502", "not null violation", InvalidDataError),
    Meaning("23503", "foreign key violation: the parent is missing", ReferenceNotFoundError),
    Meaning("23505", "unique violation, also a deferred one at COMMIT", ConflictError),
    Meaning("23514", "check violation", InvariantViolationError),
    Meaning("23P01", "exclusion violation", ConflictError),
    Meaning("25", "invalid transaction state", UnexpectedDatabaseError),
    Meaning("25006", "read only transaction", PrimaryReadOnlyError),
    Meaning("25P02", "in a failed transaction", UnexpectedDatabaseError),
    Meaning("25P03", "idle in transaction for too long", UnexpectedDatabaseError),
    Meaning("25P04", "transaction timeout", StatementTimeoutError),
    Meaning("28", "invalid authorization", DatabaseUnavailableError),
    Meaning("3D000", "the database does not exist", DatabaseUnavailableError),
    Meaning("40001", "serialization failure", SerializationError),
    Meaning("40003", "statement completion unknown", CommitUnknownError),
    Meaning("40P01", "deadlock detected", DeadlockError),
    Meaning("42", "syntax error, or no right to do this", UnexpectedDatabaseError),
    Meaning("42703", "undefined column", SchemaMismatchError),
    Meaning("42704", "undefined object", SchemaMismatchError),
    Meaning("42883", "undefined function", SchemaMismatchError),
    Meaning("42P01", "undefined table", SchemaMismatchError),
    Meaning("53", "insufficient resources: connections, memory, disk", DatabaseUnavailableError),
    Meaning("54", "program limit exceeded: nested too deep, too large for an index", InvalidDataError),
    Meaning("55P03", "lock not available", LockTimeoutError),
    Meaning("57014", "query canceled: statement timeout", StatementTimeoutError),
    Meaning("57P01", "admin shutdown: the backend was terminated", DatabaseUnavailableError),
    Meaning("57P02", "crash shutdown", DatabaseUnavailableError),
    Meaning("57P03", "cannot connect now: starting or stopping", DatabaseUnavailableError),
    Meaning("57P04", "the database was dropped", DatabaseUnavailableError),
    Meaning("57P05", "idle session timeout", DatabaseUnavailableError),
    Meaning("58", "system error outside PostgreSQL, such as a full disk", DatabaseUnavailableError),
)

_BY_SQLSTATE = {meaning.sqlstate: meaning.error for meaning in MEANINGS}

# The messages of these classes quote what was to be stored, those of the others at most names of the schema.
CLASSES_WITH_VALUES = frozenset({"22", "23", "44", "P0"})


def error_for(sqlstate: str) -> type[AppError]:
    """Return the error of a code: its own, else that of its class, else a bug on our side."""
    return _BY_SQLSTATE.get(sqlstate) or _BY_SQLSTATE.get(sqlstate[:2]) or UnexpectedDatabaseError
