"""Rolled-back sessions of SQLAlchemy on one migrated database; SQLAlchemy, which is the tests' own, is imported here alone."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pgharness.databases import Database
from pgharness.findings import CannotRun
from pgharness.servers import APPLICATION_NAME, TIMEOUTS

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
    from sqlalchemy.orm import Session

DEFAULT_DRIVER = "psycopg"  # comes with pgharness, and serves both ways
DRIVERS = ("psycopg", "psycopg2")
ASYNC_DRIVERS = ("psycopg", "asyncpg")
# A commit in a test ends a savepoint only: what stands around it is rolled back.
IN_A_SAVEPOINT: Any = "create_savepoint"


class SqlalchemySessions:
    """Sessions that share one database: each test's are rolled back, so the next one finds it as it was migrated.

    `driver` is what the settings name, if anything (`postgresql+asyncpg`); one that does not serve a session gives way to psycopg.
    """

    def __init__(self, database: Database, driver: str | None) -> None:
        self._database = database
        self._driver = (driver or "").partition("+")[2]

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """Yield a session in a transaction that is rolled back at the end, whatever was committed."""
        from sqlalchemy.orm import Session  # noqa: PLC0415 - the tests' own SQLAlchemy, if they have one

        with (
            self.engine.connect() as connection,
            connection.begin() as transaction,
            Session(connection, join_transaction_mode=IN_A_SAVEPOINT) as session,
        ):
            yield session
            session.close()
            transaction.rollback()

    @contextlib.asynccontextmanager
    async def async_session(self) -> AsyncIterator[AsyncSession]:
        """Yield the same asynchronously, in the event loop where it is asked for."""
        from sqlalchemy.ext.asyncio import AsyncSession  # noqa: PLC0415 - the same

        mode: dict[str, Any] = {"join_transaction_mode": IN_A_SAVEPOINT, "expire_on_commit": False}
        async with self.async_engine.connect() as connection, connection.begin() as transaction:
            async with AsyncSession(connection, **mode) as session:
                yield session
            await transaction.rollback()

    @cached_property
    def engine(self) -> Engine:
        """The engine of all sessions. Raises CannotRun where SQLAlchemy or the driver is missing."""
        create, pool = _sqlalchemy("migrated_session")
        with _driver_is_there("migrated_session"):
            engine: Engine = create.create_engine(**self._options(DRIVERS), poolclass=pool.QueuePool, pool_size=1)
            return engine

    @cached_property
    def async_engine(self) -> AsyncEngine:
        """The engine of all asynchronous sessions; it keeps no connection, which would belong to one test's event loop. Raises CannotRun."""
        _, pool = _sqlalchemy("migrated_async_session")
        with _driver_is_there("migrated_async_session"):
            import_module("greenlet")  # of which SQLAlchemy 2.1 speaks only where it connects
            create = import_module("sqlalchemy.ext.asyncio").create_async_engine
            engine: AsyncEngine = create(**self._options(ASYNC_DRIVERS), poolclass=pool.NullPool)
            return engine

    def close(self) -> None:
        """Close the connection that is kept."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    def _options(self, drivers: tuple[str, ...]) -> dict[str, Any]:
        """Return what to make an engine of: a URL, which for a driver without libpq is plain TCP, and how a session is to be."""
        driver = self._driver if self._driver in drivers else DEFAULT_DRIVER
        if driver == "asyncpg":
            settings = {"application_name": APPLICATION_NAME, "lock_timeout": "30s", "statement_timeout": "10min"}
            url = self._database.project_location.render(driver)
            return {"url": url, "connect_args": {"server_settings": settings}}
        location = self._database.location
        said = {"application_name": APPLICATION_NAME, "options": TIMEOUTS}
        unsaid = {name: value for name, value in said.items() if name not in dict(location.query)}
        return {"url": location.render(driver), "connect_args": unsaid}


def _sqlalchemy(fixture: str) -> tuple[Any, Any]:
    """Return the modules sqlalchemy and sqlalchemy.pool. Raises CannotRun where they are missing or too old."""
    try:
        found = import_module("sqlalchemy")
    except ImportError as error:
        raise _missing(fixture, str(error)) from error
    if int(found.__version__.partition(".")[0]) < 2:
        raise _missing(fixture, f"it is SQLAlchemy {found.__version__}")
    return found, import_module("sqlalchemy.pool")


@contextlib.contextmanager
def _driver_is_there(fixture: str) -> Iterator[None]:
    """Return what an engine lacks: the driver, or greenlet, which SQLAlchemy's asyncio needs."""
    try:
        yield
    except (ImportError, ValueError) as error:
        raise _missing(fixture, str(error)) from error


def _missing(fixture: str, seen: str) -> CannotRun:
    return CannotRun(
        f"The fixture {fixture} needs SQLAlchemy 2.0 or later, with its driver, where pytest runs.",
        seen=seen,
        mend="pip install 'sqlalchemy[asyncio]>=2.0', and the driver that [tool.pgharness] names, if it names one",
    )
