"""What is asked of a pooled connection when it is taken and when it comes back: only what is not known anyhow."""

from __future__ import annotations

import time

from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState

from flowforge_schema.engine.punctual import PunctualConnection

# A server that ends, is restarted or ends a session closes the line, which is seen without asking. What is not seen is a line that
# goes dead without a word; who took a connection a moment after its last answer would not have been warned of that by a ping either.
PING_AFTER_S = 1.0


def ping_after_rest(engine: Engine) -> None:
    """Ping only connections that have rested or have something to say; a ping costs much of what a short unit of work does."""
    ping = engine.dialect.do_ping

    def do_ping(dbapi_connection: DBAPIConnection) -> bool:
        return _has_just_answered(dbapi_connection.driver_connection) or ping(dbapi_connection)

    engine.dialect.do_ping = do_ping  # type: ignore[method-assign]  # a dialect of another class would need a URL of its own


def roll_back_on_return(engine: Engine) -> None:
    """Roll back a connection that comes back to the pool in a transaction, and no other; in place of the pool's own reset.

    That one asks SQLAlchemy's record of the transaction, by which a COMMIT that was refused has ended it, and otherwise goes through
    locks and tasks to find that there is nothing to send.
    """

    @event.listens_for(engine, "reset")
    def reset(connection: DBAPIConnection, record: ConnectionPoolEntry, state: PoolResetState) -> None:
        if state.asyncio_safe and not _is_idle(record.driver_connection):
            connection.rollback()


def _has_just_answered(connection: object) -> bool:
    return (
        isinstance(connection, PunctualConnection)
        and time.monotonic() - connection.answered_at < PING_AFTER_S
        and connection.is_quiet()
    )


def _is_idle(connection: object) -> bool:
    return isinstance(connection, PunctualConnection) and connection.pgconn.transaction_status == TransactionStatus.IDLE
