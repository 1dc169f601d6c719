"""Round trips that a pooled connection need not make, because what they would tell or do is known."""

from __future__ import annotations

import time

from psycopg.pq import TransactionStatus
from sqlalchemy import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import PoolProxiedConnection

from flowforge_schema.engine.punctual import PunctualConnection

# A server that ends, is restarted or ends a session closes the line, which is seen without asking. What is not seen is a line that
# goes dead without a word; who took a connection a moment after its last answer would not have been warned of that by a ping either.
PING_AFTER_S = 1.0


def spare_round_trips(engine: Engine) -> None:
    """Ping only connections that have rested or have something to say, and roll back only where a transaction is open.

    The ping is a third of what a short unit of work costs. The rollback of a connection that comes back to the pool after its commit
    sends nothing, but goes through locks and tasks to find that out.
    """
    dialect = engine.dialect
    ping, roll_back = dialect.do_ping, dialect.do_rollback

    def do_ping(dbapi_connection: DBAPIConnection) -> bool:
        return _has_just_answered(dbapi_connection.driver_connection) or ping(dbapi_connection)

    def do_rollback(dbapi_connection: PoolProxiedConnection) -> None:
        driver_connection = dbapi_connection.driver_connection
        if (
            driver_connection is None
            or driver_connection.closed
            or driver_connection.pgconn.transaction_status != TransactionStatus.IDLE
        ):
            roll_back(dbapi_connection)

    dialect.do_ping = do_ping  # type: ignore[method-assign]  # a dialect of another class would need a URL of its own
    dialect.do_rollback = do_rollback  # type: ignore[method-assign]


def _has_just_answered(connection: object) -> bool:
    return (
        isinstance(connection, PunctualConnection)
        and time.monotonic() - connection.answered_at < PING_AFTER_S
        and connection.is_quiet()
    )
