"""Fixtures that give real databases: empty ones, and ones migrated to the chain's heads."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import pytest

from pgharness.findings import CannotRun
from pgharness.plugin.current import session_of
from pgharness.plugin.kept_databases import remember

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session

    from pgharness.databases import ClonePool, Database, Databases
    from pgharness.plugin.at_revision import DatabaseAt
    from pgharness.plugin.plan_judge import PlanJudge
    from pgharness.plugin.sqlalchemy_sessions import SqlalchemySessions
    from pgharness.servers import Server

# The fixtures that all others stand on; with one of them a test needs a server.
SERVER_FIXTURES = frozenset({"pg_server", "pg_databases", "migrated_pool"})

POOL_SIZE = 2


@pytest.fixture(scope="session")
def pg_server(request: pytest.FixtureRequest) -> Server:
    """Return one real PostgreSQL server for the whole session, shared by all xdist workers."""
    with _told():
        return session_of(request.config).server


@pytest.fixture(scope="session")
def pg_databases(request: pytest.FixtureRequest) -> Databases:
    """Return what makes, clones and drops databases on the session's server."""
    with _told():
        return session_of(request.config).databases


@pytest.fixture
def empty_database(request: pytest.FixtureRequest, pg_databases: Databases) -> Iterator[Database]:
    """Yield an empty database of this test's own."""
    database = remember(request.node, pg_databases.create_empty("test"))
    yield database
    if database in pg_databases:  # unless it is kept
        pg_databases.drop(database)


@pytest.fixture(scope="session")
def migrated_pool(request: pytest.FixtureRequest) -> Iterator[ClonePool]:
    """Yield clones, made ahead, of a database that is at the heads of the project's chain."""
    from pgharness.plugin.migrated_template import migrated_template, read_meanwhile  # noqa: PLC0415 - takes the driver along

    session = session_of(request.config)
    with read_meanwhile(session):
        databases: Databases = request.getfixturevalue("pg_databases")
    with _told():
        template = migrated_template(session)
    with databases.pool(template, POOL_SIZE) as pool:
        yield pool


@pytest.fixture
def migrated_database(request: pytest.FixtureRequest, migrated_pool: ClonePool) -> Iterator[Database]:
    """Yield a database of this test's own, at the heads of the project's chain."""
    database = remember(request.node, migrated_pool.acquire())
    yield database
    migrated_pool.release(database)


@pytest.fixture(scope="session")
def migrated_sessions(request: pytest.FixtureRequest, pg_databases: Databases) -> Iterator[SqlalchemySessions]:
    """Yield what opens rolled-back sessions of SQLAlchemy on one database at the heads of the project's chain."""
    from pgharness.plugin.migrated_template import migrated_template  # noqa: PLC0415 - takes the driver along
    from pgharness.plugin.sqlalchemy_sessions import SqlalchemySessions  # noqa: PLC0415 - the same

    session = session_of(request.config)
    with _told():
        database = pg_databases.clone(migrated_template(session))
    sessions = SqlalchemySessions(database, session.settings.driver)
    yield sessions
    sessions.close()
    pg_databases.drop(database)


@pytest.fixture
def migrated_session(migrated_sessions: SqlalchemySessions) -> Iterator[Session]:
    """Yield a Session on a migrated database that all tests share; what this test did there is rolled back, commits too."""
    with _told():
        _ = migrated_sessions.engine
    with migrated_sessions.session() as session:
        yield session


@pytest.fixture
def migrated_async_session(
    migrated_sessions: SqlalchemySessions,
) -> Callable[[], AbstractAsyncContextManager[AsyncSession]]:
    """Return what opens the same as an AsyncSession in the event loop of the test: call it, and enter it by `async with`."""
    with _told():
        _ = migrated_sessions.async_engine
    return migrated_sessions.async_session


@pytest.fixture
def database_at(request: pytest.FixtureRequest, pg_databases: Databases) -> Iterator[DatabaseAt]:
    """Yield what makes databases of this test's own anywhere along the chain: `database_at("0003")`, `database_at(before="0003")`."""
    from pgharness.plugin.at_revision import DatabaseAt  # noqa: PLC0415 - takes the driver along

    with _told():
        project = session_of(request.config).project
    made = DatabaseAt(project, pg_databases, lambda database: remember(request.node, database))
    yield made
    made.drop()


@pytest.fixture(scope="session")
def plan_judge() -> PlanJudge:
    """Return what judges the plans of statements: `plan_judge(connection, statements)`."""
    from pgharness.plugin.plan_judge import PlanJudge  # noqa: PLC0415 - takes the driver along

    return PlanJudge()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Let a test that cannot be given its database end with what is missing, and no traceback."""
    try:
        yield
    except CannotRun as reason:
        raise pytest.fail.Exception(str(reason), pytrace=False) from None
