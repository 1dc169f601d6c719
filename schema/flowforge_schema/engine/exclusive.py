"""A connection of which one task asks at a time: a second one is refused where the driver would let it wait for its turn.

What two tasks send on one connection becomes one transaction of both, which the first to end commits or rolls back for the other.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import psycopg


class RefusingLock(asyncio.Lock):
    """A lock that refuses whom it would let wait."""

    async def acquire(self) -> Literal[True]:
        """Take the lock, or raise ProgrammingError where another task has it."""
        if self.locked():
            raise psycopg.ProgrammingError(
                "two tasks use one connection at the same time\n  fix: open a session of its own in each task"
            )
        return await super().acquire()

    async def wait(self) -> None:
        """Return as soon as nobody has the lock."""
        await super().acquire()
        self.release()


class PatientServerCursor(psycopg.AsyncServerCursor[Any]):
    """A cursor on the server that is closed after the answer that another task awaits."""

    async def close(self) -> None:
        """Close the cursor; one that was refused is closed, too."""
        if isinstance(self._conn, ExclusiveConnection):
            await self._conn.lock.wait()
        await super().close()


class ExclusiveConnection(psycopg.AsyncConnection[Any]):
    """A connection that raises ProgrammingError where something is asked while an answer is awaited; a rollback waits."""

    lock: RefusingLock

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take what the driver's own connection takes."""
        super().__init__(*arguments, **options)
        self.server_cursor_factory = PatientServerCursor
        self.lock = RefusingLock()  # the one that the driver takes for each exchange

    async def rollback(self) -> None:
        """Roll back, after the answer that another task awaits: the connection is to be of use again."""
        await self.lock.wait()
        await super().rollback()
