"""Several relays: one active at a time by a lock, or each with its own share of the aggregates.

Neither is needed for order or against losses, which every claim sees to. They keep relays from looking at each other's events.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from flowforge_schema.errors import AppError

# The lock's number is made from a name, because advisory locks of one database share their numbers.
_TRY_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended('flowforge_schema.outbox.relay', :number))")
_ANSWER = text("SELECT")


@dataclass(frozen=True, slots=True)
class RelayShare:
    """The aggregates of relay `number` of `of`; numbers begin at 0. A hash of the aggregate's id decides."""

    number: int = 0
    of: int = 1

    def __post_init__(self) -> None:
        """Refuse a share that holds nothing."""
        if not 0 <= self.number < self.of:
            raise ValueError(f"there is no share {self.number} of {self.of}; shares are numbered from 0")


WHOLE: Final = RelayShare()


class RelayLock:
    """The right to be the one active relay of a share, as a session's advisory lock; others stand by and ask again.

    A context manager. It takes a connection of `engine` for itself, which must reach PostgreSQL directly: PgBouncer in transaction
    mode gives each transaction another session. When the connection dies, the server gives the lock to whoever asks
    next; so ask `is_held` before each claim.
    """

    def __init__(self, engine: AsyncEngine, share: RelayShare = WHOLE) -> None:
        self._engine = engine
        self._share = share
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        """Connect to nothing yet."""
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Return the lock back."""
        await self._let_go()

    async def is_held(self) -> bool:
        """Take the lock if it is free; whether it is ours. A round trip each time, which also keeps the session from idling."""
        if self._connection is None or not await self._answers(self._connection):
            await self._let_go()
            self._connection = await self._locked_connection()
        return self._connection is not None

    async def _locked_connection(self) -> AsyncConnection | None:
        connection = await self._engine.connect()
        try:
            # A transaction that stays open would be ended by idle_in_transaction_session_timeout, and would pin xmin.
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            if (await connection.execute(_TRY_LOCK, {"number": self._share.number})).scalar_one():
                return connection
        except BaseException:
            await connection.invalidate()
            raise
        await connection.close()
        return None

    async def _answers(self, connection: AsyncConnection) -> bool:
        try:
            await connection.execute(_ANSWER)
        except (AppError, DBAPIError):  # the second from an engine that is not a Database's
            return False
        return True

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # Closed for good and not given back to the pool: whatever happened to the session, the lock ends with it.
            await connection.invalidate()
            await connection.close()
