"""A connection whose server has so long to answer: afterwards it is hung up, and the caller is told.

Neither `statement_timeout` nor TCP sees to that: the first is the server's own, and a peer that is stopped, or a proxy before a
dead one, acknowledges what it will never answer.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from flowforge_schema.settings import DatabaseSettings


class PunctualConnection(psycopg.AsyncConnection[Any]):
    """A connection that raises ConnectionTimeout, and is closed, where an answer takes longer than `answer_limit_s`."""

    answer_limit_s: float | None = None
    """None where the server may take its time; asked for at the beginning of each exchange."""
    _has_hung_up = False

    async def wait(self, gen: PQGen[Any], *arguments: Any, **options: Any) -> Any:
        """Exchange what the generator asks for: a statement, a batch of rows, a COMMIT."""
        limit_s = self.answer_limit_s
        if limit_s is None:
            return await super().wait(gen, *arguments, **options)
        clock = asyncio.get_running_loop().call_later(limit_s, self._hang_up)
        try:
            return await super().wait(gen, *arguments, **options)
        except psycopg.OperationalError as error:
            if not self._has_hung_up:
                raise
            raise psycopg.errors.ConnectionTimeout(f"the server did not answer within {limit_s:g} s") from error
        finally:
            clock.cancel()

    def _hang_up(self) -> None:
        """Let whoever waits for the socket see its end; libpq closes what it owns by itself."""
        self._has_hung_up = True
        with socket.socket(fileno=os.dup(self.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)


def punctual_connect(settings: DatabaseSettings) -> Callable[..., Awaitable[PunctualConnection]]:
    """Return what makes a connection; until a session has taken it, it answers as quickly as it was made."""

    async def connect(*arguments: Any, **options: Any) -> PunctualConnection:
        connection = await PunctualConnection.connect(*arguments, **options)
        connection.answer_limit_s = settings.connect_timeout_s
        return connection

    return connect


def give_statements_their_time(engine: Engine, settings: DatabaseSettings) -> None:
    """Let a connection of the engine's pool answer as late as a statement may end, while a session has it."""
    grace_ms = settings.answer_grace_ms
    statement_limit_s = (settings.statement_timeout_ms + grace_ms) / 1000 if settings.statement_timeout_ms else None

    @event.listens_for(engine, "checkout")
    def begin(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        limit(record, statement_limit_s)

    @event.listens_for(engine, "checkin")
    def end(_connection: object, record: ConnectionPoolEntry) -> None:
        limit(record, settings.connect_timeout_s)

    def limit(record: ConnectionPoolEntry, limit_s: float | None) -> None:
        if isinstance(record.driver_connection, PunctualConnection):
            record.driver_connection.answer_limit_s = limit_s
