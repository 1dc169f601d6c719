"""A connection whose server has so long to answer: afterwards it is hung up, and the caller is told.

Neither `statement_timeout` nor TCP sees to that: the first is the server's own, and a peer that is stopped, or a proxy before a
dead one, acknowledges what it will never answer.
"""

from __future__ import annotations

import asyncio
import math
import os
import select
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from flowforge_schema.engine.exclusive import ExclusiveConnection
from flowforge_schema.settings import DatabaseSettings


class PunctualConnection(ExclusiveConnection):
    """A connection that raises ConnectionTimeout, and is closed, where an answer takes longer than `answer_limit_s`."""

    answer_limit_s: float | None = None
    """None where the server may take its time; asked for at the beginning of each exchange."""
    answered_at = -math.inf
    """When the last exchange ended, by the clock `time.monotonic`."""
    _due_at: float | None = None
    _alarm: asyncio.TimerHandle | None = None
    _has_hung_up = False

    async def wait(self, gen: PQGen[Any], *arguments: Any, **options: Any) -> Any:
        """Exchange what the generator asks for: a statement, a batch of rows, a COMMIT."""
        limit_s = self.answer_limit_s
        if limit_s is not None:
            self._expect_answer(limit_s)
        try:
            result = await super().wait(gen, *arguments, **options)
        except psycopg.OperationalError as error:
            if not self._has_hung_up:
                raise
            raise psycopg.errors.ConnectionTimeout(f"the server did not answer within {limit_s:g} s") from error
        finally:
            self._due_at = None
        self.answered_at = time.monotonic()
        return result

    async def close(self) -> None:
        """Close the connection, and let go of the alarm that holds it."""
        if self._alarm is not None:
            self._alarm.cancel()
        await super().close()

    def is_quiet(self) -> bool:
        """Whether nothing has come in since the last answer: no farewell of the server, no end of the line."""
        # Not select(2), which knows no descriptor beyond 1,023; where there is no poll(2), nobody can say.
        if self.closed or not hasattr(select, "poll"):
            return False
        line = select.poll()
        line.register(self.pgconn.socket, select.POLLIN)
        return not line.poll(0)

    def _expect_answer(self, limit_s: float) -> None:
        """Set the alarm, unless one is set that goes off in time: an alarm for each exchange would cost a tenth of a short one."""
        loop = asyncio.get_running_loop()
        self._due_at = due_at = loop.time() + limit_s
        if self._alarm is None or self._alarm.when() > due_at:
            self._set_alarm(loop, due_at)

    def _set_alarm(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_at(at, self._look_at_the_clock, loop)

    def _look_at_the_clock(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hang up where an answer is overdue; set the alarm anew where one is awaited that may yet come."""
        self._alarm = None
        if self._due_at is None:
            return
        if self._due_at > loop.time():
            self._set_alarm(loop, self._due_at)
        else:
            self._hang_up()

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
