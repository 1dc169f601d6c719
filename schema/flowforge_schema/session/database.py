"""`Database`: what an application owns to reach PostgreSQL, an engine and the sessions on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import psycopg
from sqlalchemy.engine import URL
from sqlalchemy.exc import IllegalStateChangeError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from flowforge_schema.engine import TranslatingPool, create_database_engine
from flowforge_schema.errors import AppError, ConfigurationError, ReadOnlyError, translate, translating
from flowforge_schema.settings import DatabaseSettings

# Where the lifespan puts the Database, and the dependencies find it.
STATE_ATTRIBUTE = "flowforge_database"

# More than waiting for the pool and connecting take together, unless the settings were raised.
CLOSING_LIMIT_S = 30.0


class Application(Protocol):
    """What the lifespan needs of an application; FastAPI and Starlette have it."""

    @property
    def state(self) -> Any:
        """Return the application's own namespace."""
        ...


@dataclass(frozen=True, slots=True)
class PoolState:
    """How the connections of one pool are used right now; `limit` is the most there can be."""

    checked_out: int
    idle: int
    limit: int


class TranslatingSession(Session):
    """A session that raises this layer's errors also where no connection does.

    The flush is the one that autoflush and commit begin with, too.
    """

    def get_one(self, *arguments: Any, **options: Any) -> Any:
        """Return the row of a key, or raise NotFoundError."""
        with translating():
            return super().get_one(*arguments, **options)

    def flush(self, objects: Any = None) -> None:
        """Write what has changed; the database may refuse it."""
        with translating():
            super().flush(objects)

    def _autobegin_t(self, begin: bool = False) -> Any:  # noqa: FBT001, FBT002 - SQLAlchemy's own signature
        """Begin where nothing has begun; every use of a session comes by here, also one after its block."""
        with translating():
            return super()._autobegin_t(begin)  # type: ignore[no-untyped-call,unused-ignore]


class PatientSession(AsyncSession):
    """A session that can be closed also while another task, which should not, is taking a connection for it."""

    async def close(self) -> None:
        """Close the session, as soon as that task has its connection: it would never be given back."""
        give_up_at = time.monotonic() + CLOSING_LIMIT_S
        while True:
            try:
                return await super().close()
            except IllegalStateChangeError:
                if time.monotonic() > give_up_at:
                    raise
                await asyncio.sleep(0.01)


class Database:
    """An engine and its sessions: made when the application is, connected at first use, ended by `dispose`.

    One Database serves one event loop at a time. Nothing connects before the first session, so it may be made at import
    and before a fork.
    """

    def __init__(self, settings: DatabaseSettings | URL | str | None = None) -> None:
        """Take settings, or a URL with the environment's other settings, or None for the environment alone."""
        self.settings = _settings(settings)
        self.engine: AsyncEngine = create_database_engine(self.settings)
        replica = self.settings.replica_url
        self.read_engine: AsyncEngine = (
            create_database_engine(self.settings, replica) if replica else self.engine
        ).execution_options(postgresql_readonly=True)
        self._new_session = _session_factory(self.engine)
        self._new_read_session = _session_factory(self.read_engine)
        self._home: tuple[int, asyncio.AbstractEventLoop] | None = None

    def session(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Yield a session for one unit of work: committed when the block ends, rolled back on anything that leaves it."""
        return _Unit(self._settle, self._new_session, AsyncSession.commit)

    def read_session(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Yield a session that only reads, on the replica where there is one; a write raises ReadOnlyError, at the end at the latest."""
        return _Unit(self._settle, self._new_read_session, _refuse_unsent_changes)

    @asynccontextmanager
    async def lifespan(self, app: Application) -> AsyncIterator[Mapping[str, Any]]:
        """Put this Database on the application, and end it with the application."""
        setattr(app.state, STATE_ATTRIBUTE, self)
        try:
            yield {STATE_ATTRIBUTE: self}
        finally:
            await self.dispose()

    def pool_state(self) -> PoolState:
        """Return the gauges of the primary's pool."""
        return self._state_of(self.engine)

    def read_pool_state(self) -> PoolState:
        """Return the gauges of the replica's pool, or the primary's where there is no replica."""
        return self._state_of(self.read_engine)

    def leave_primary(self) -> None:
        """Let each connection of the primary's pool be replaced when it is next taken; those in use go on."""
        pool = self.engine.pool
        assert isinstance(pool, TranslatingPool)
        pool.replace_connections()

    async def dispose(self) -> None:
        """Close all idle connections; those in use are closed when they are given back. It may be used again."""
        for engine in self._engines():
            await engine.dispose()
        self._home = None

    def _engines(self) -> tuple[AsyncEngine, ...]:
        """Return one engine for each pool."""
        return (self.engine, self.read_engine) if self.settings.replica_url else (self.engine,)

    def _state_of(self, engine: AsyncEngine) -> PoolState:
        pool = engine.pool
        assert isinstance(pool, QueuePool)
        limit = self.settings.pool_size + self.settings.max_overflow
        return PoolState(checked_out=pool.checkedout(), idle=pool.checkedin(), limit=limit)

    def _settle(self) -> None:
        """Bind the pool to this process and event loop; connections of others are forgotten, not closed."""
        here = (os.getpid(), asyncio.get_running_loop())
        if self._home == here:
            return
        if self._home is not None:
            process, loop = self._home
            if process == here[0] and not loop.is_closed():
                raise ConfigurationError(
                    "This Database is in use by another event loop, and a connection belongs to one loop.\n"
                    "  fix: make one Database for each application or loop, or await dispose() in the first loop"
                )
            for engine in self._engines():
                engine.sync_engine.dispose(close=False)
        self._home = here


class _Unit:
    """One unit of work: its session in a block, what is done at the block's end, and the closing whatever happens.

    A class and no generator with `asynccontextmanager`, of which two around each session were seen in its cost.
    """

    __slots__ = ("_complete", "_new_session", "_session", "_settle")

    def __init__(
        self,
        settle: Callable[[], None],
        new_session: async_sessionmaker[AsyncSession],
        complete: Callable[[AsyncSession], Awaitable[None]],
    ) -> None:
        self._settle = settle
        self._new_session = new_session
        self._complete = complete

    async def __aenter__(self) -> AsyncSession:
        self._settle()
        self._session = self._new_session()
        return self._session

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        try:
            with translating():
                if error is None:
                    await self._complete(self._session)
            if isinstance(error, (SQLAlchemyError, psycopg.Error)):
                raise translate(error) from error
        finally:
            if self._session.in_transaction():
                # Rolling back on a lost connection fails too; what ended the block is what the caller is told.
                with contextlib.suppress(AppError), translating():
                    async with self._session:  # its end closes the session, to completion even when cancelled
                        pass
            else:  # as after every commit: there is no connection to give back, and so no need of a task for that
                self._session.sync_session.close()


async def _refuse_unsent_changes(session: AsyncSession) -> None:
    """Raise ReadOnlyError where objects were added, deleted or changed, and nothing has sent that to the database."""
    changed = [row for row in session.dirty if session.is_modified(row)]
    unsent = sorted({type(row).__name__ for row in (*session.new, *session.deleted, *changed)})
    if unsent:
        error = ReadOnlyError()
        error.add_note(f"changes of {', '.join(unsent)} in a read session; take session() or DbSession to write")
        raise error


def _settings(given: DatabaseSettings | URL | str | None) -> DatabaseSettings:
    return given if isinstance(given, DatabaseSettings) else DatabaseSettings.load(given)


def _session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(
        engine,
        class_=PatientSession,
        sync_session_class=TranslatingSession,
        expire_on_commit=False,  # under asyncio, reading an attribute after the commit would be a query, which fails
        close_resets_only=False,  # what uses it after its block would take a connection that nobody gives back
    )
