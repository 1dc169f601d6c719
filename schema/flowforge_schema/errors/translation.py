"""Turns what SQLAlchemy and psycopg raise into this layer's errors, at the source and without a row's values.

`install_translation` hooks an engine; `translate` does the same for what is raised outside of a connection (a flush that
finds no row, a result that is not one row, an exhausted pool).
"""

from __future__ import annotations

import re
from types import TracebackType

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, event, exc
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.orm.exc import StaleDataError

from flowforge_schema.errors.constraints import RULE_BY_CONSTRAINT
from flowforge_schema.errors.logging_failures import log_failure
from flowforge_schema.errors.naming import child_of, column_of, constraint_of
from flowforge_schema.errors.reading import is_reading, unreadable
from flowforge_schema.errors.reasons import UnavailableReason, is_of_another_node, is_the_end, reason_of
from flowforge_schema.errors.sending import UNSTORABLE, naming_field, refusal
from flowforge_schema.errors.sqlstates import CLASSES_WITH_VALUES, error_for
from flowforge_schema.errors.tree import (
    AppError,
    CommitUnknownError,
    ConcurrentUpdateError,
    DatabaseUnavailableError,
    InvalidDataError,
    NotFoundError,
    PoolExhaustedError,
    PrimaryReadOnlyError,
    ReadOnlyError,
    ReferenceNotFoundError,
    ResourceInUseError,
    TransientError,
    UnexpectedDatabaseError,
)
from flowforge_schema.errors.withholding import withhold_values
from flowforge_schema.storable import NotStorableError

_COMMITTING = "flowforge_committing"
INTERNAL_ERROR = "XX000"


def install_translation(engine: Engine) -> None:
    """Make the engine raise this layer's errors instead of SQLAlchemy's; one engine may be given once."""
    event.listen(engine, "begin", _note_no_commit)
    event.listen(engine, "rollback", _note_no_commit)
    event.listen(engine, "commit", _note_commit)
    event.listen(engine, "handle_error", _translate_in_context, retval=True)


class translating:  # noqa: N801 - used as a function is
    """Raise this layer's error for whatever SQLAlchemy or psycopg raises inside the block."""

    # No generator with `contextmanager`, which takes ten times as long: each session passes four of these.
    __slots__ = ()

    def __enter__(self) -> None:
        """Do nothing yet."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Raise what the error means to this layer."""
        if isinstance(error, (exc.SQLAlchemyError, psycopg.Error)):
            raise translate(error) from error


def translate(error: exc.SQLAlchemyError | psycopg.Error) -> AppError:
    """Return this layer's error for one that was raised outside of a connection."""
    if isinstance(error, psycopg.Error):
        return _from_driver(error, statement=None)
    if isinstance(error, exc.StatementError) and error.orig is not None:
        withhold_values(error)
        return _from_original(error.orig, statement=error.statement)
    for kind, meaning in _OUTSIDE_OF_A_CONNECTION.items():
        if isinstance(error, kind):
            return meaning()
    return _bug(error)


_OUTSIDE_OF_A_CONNECTION: dict[type[exc.SQLAlchemyError], type[AppError]] = {
    StaleDataError: ConcurrentUpdateError,
    exc.NoResultFound: NotFoundError,
    exc.TimeoutError: PoolExhaustedError,
}


def _note_commit(connection: Connection) -> None:
    """Note that a loss of the connection from here on leaves the outcome open; refuse a commit that would store nothing.

    To COMMIT in a transaction that has failed PostgreSQL answers ROLLBACK, which is no error: whoever swallowed the failure
    would take the work for stored.
    """
    driver_connection = connection.connection.driver_connection
    if driver_connection is not None and driver_connection.pgconn.transaction_status == TransactionStatus.INERROR:
        raise UnexpectedDatabaseError(sqlstate="25P02")
    connection.info[_COMMITTING] = True


def _note_no_commit(connection: Connection) -> None:
    if not connection.invalidated:
        connection.info.pop(_COMMITTING, None)


def _translate_in_context(context: ExceptionContext) -> AppError | None:
    if context.is_pre_ping:  # the pool makes a new connection by itself
        return None
    original = context.original_exception
    if is_reading(context):
        return unreadable(context)
    if isinstance(original, psycopg.Error):
        error = _from_driver_in_context(original, context)
        log_failure(error, original, None if context.engine is None else context.engine.url)
        return naming_field(error, context)
    if context.statement is not None and isinstance(original, (*UNSTORABLE, exc.StatementError)):
        return naming_field(_from_original(original, statement=context.statement), context)
    return None


def _from_driver_in_context(original: psycopg.Error, context: ExceptionContext) -> AppError:
    error = _from_driver(original, statement=context.statement, is_connected=_is_connected(context))
    if isinstance(error, PrimaryReadOnlyError):
        if _is_declared_read_only(context):
            return ReadOnlyError(sqlstate=error.sqlstate)
        # The server refuses, and not the session: no connection to it is of use, and SQLAlchemy replaces them all.
        context.is_disconnect = True
    if _is_committing(context):
        if isinstance(error, DatabaseUnavailableError):
            return CommitUnknownError(sqlstate=error.sqlstate, reason=error.reason)
        if (
            error.sqlstate == INTERNAL_ERROR
        ):  # so a coordinator tells that one node has committed, and another one not yet
            return CommitUnknownError(sqlstate=error.sqlstate, reason=UnavailableReason.NODE_LOST)
    return error


def _is_connected(context: ExceptionContext) -> bool | None:
    """Whether the connection is sound; None where there is none yet."""
    return None if context.connection is None else not context.is_disconnect


def _is_declared_read_only(context: ExceptionContext) -> bool:
    connection = context.connection
    return connection is not None and bool(connection.get_execution_options().get("postgresql_readonly"))


def _is_committing(context: ExceptionContext) -> bool:
    connection = context.connection
    return connection is not None and context.statement is None and bool(connection.info.get(_COMMITTING))


def _from_original(original: BaseException, *, statement: str | None) -> AppError:
    if isinstance(original, exc.StatementError) and original.orig is not None:
        original = original.orig
    if isinstance(original, psycopg.Error):
        return _from_driver(original, statement=statement)
    if isinstance(original, NotStorableError):  # it quotes no value
        return refusal(str(original))
    if isinstance(original, UNSTORABLE):
        withhold_values(original)
        return InvalidDataError()
    return _bug(original)


def _from_driver(original: psycopg.Error, *, statement: str | None, is_connected: bool | None = None) -> AppError:
    sqlstate = original.sqlstate
    if sqlstate is None:
        return _without_sqlstate(original, is_connected=is_connected)
    kind = TransientError if _is_outdated_plan(original) else error_for(sqlstate)
    if kind is ReferenceNotFoundError and _changes_the_parent(statement, child_of(original)):
        kind = ResourceInUseError
    if is_of_another_node(original):
        return DatabaseUnavailableError(sqlstate=sqlstate, reason=UnavailableReason.NODE_LOST)
    if is_the_end(original):
        return DatabaseUnavailableError(sqlstate=sqlstate, reason=UnavailableReason.CONNECTION_LOST)
    if issubclass(kind, DatabaseUnavailableError):
        return kind(sqlstate=sqlstate, reason=reason_of(original))
    if sqlstate[:2] in CLASSES_WITH_VALUES:
        withhold_values(original)
    return _about_constraint(kind, original)


def _about_constraint(kind: type[AppError], original: psycopg.Error) -> AppError:
    constraint = constraint_of(original)
    rule = RULE_BY_CONSTRAINT.get(constraint or "")
    known = {"constraint": constraint, "sqlstate": original.sqlstate}
    if rule is None:
        return kind(field=column_of(original), **known)
    if kind is ResourceInUseError:
        return kind(rule.in_use or rule.message, **known)
    return kind(rule.message, field=rule.field, **known)


def _is_outdated_plan(original: psycopg.Error) -> bool:
    """Whether a column's type was changed under a prepared statement; after the rollback it is prepared anew.

    Its code, 0A000, is that of every feature that is not supported; the function in PostgreSQL's plancache.c tells it apart.
    """
    return original.sqlstate == "0A000" and original.diag.source_function == "RevalidateCachedQuery"


def _without_sqlstate(original: psycopg.Error, *, is_connected: bool | None) -> AppError:
    """Judge what the server did not send: a failed connect, a lost connection, or the driver's own refusal.

    On a connection that is sound the driver has refused a value, or the call: too many parameters, a cursor that is closed.
    Where it is not known whether there is one, the class of the error has to tell.
    """
    if isinstance(original, psycopg.DataError):
        withhold_values(original)
        return InvalidDataError()
    if is_connected is None:
        is_connected = not isinstance(original, (psycopg.OperationalError, psycopg.InterfaceError))
    if not is_connected:
        return DatabaseUnavailableError(reason=reason_of(original))
    return UnexpectedDatabaseError()


# The same code and constraint are reported when the parent is missing and when it is still referenced, always with the
# child's table; what tells them apart is whose rows the statement changes.
_CHANGE = re.compile(r'\s*(?:DELETE\s+FROM|UPDATE)\s+(?:ONLY\s+)?(?:"?\w+"?\.)?"?(?P<table>\w+)', re.IGNORECASE)
_DELETE = re.compile(r"\s*(?:WITH\b.*\b)?DELETE\b", re.IGNORECASE | re.DOTALL)


def _changes_the_parent(statement: str | None, child: str | None) -> bool:
    if statement is None:
        return False
    if _DELETE.match(statement):
        return True
    change = _CHANGE.match(statement)
    return change is not None and change["table"] != child


def _bug(error: BaseException) -> UnexpectedDatabaseError:
    result = UnexpectedDatabaseError()
    result.add_note(f"{type(error).__module__}.{type(error).__qualname__}")
    return result
