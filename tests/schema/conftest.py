"""What the data layer's tests share: a migrated database of the test's own, and the data layer's ways to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from flowforge_schema import Database, DatabaseSettings
from pgharness.databases import Database as OwnDatabase


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio."""
    return "asyncio"


@pytest.fixture
def future_revision() -> str:
    """Return a revision that only a later release knows."""
    return "0099_from_the_future"


@pytest.fixture
def future_database(migrated_database: OwnDatabase, future_revision: str) -> OwnDatabase:
    """Return a database that a later release has migrated."""
    with migrated_database.connect() as connection:
        connection.execute(f"UPDATE alembic_version SET version_num = '{future_revision}'")
    return migrated_database


@pytest.fixture
def database_url(migrated_database: OwnDatabase) -> str:
    """Return the URL of a database of this test's own, at the heads of the chain."""
    return migrated_database.url.render_as_string(hide_password=False)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Yield the data layer's Database on the test's database."""
    database = Database(database_url)
    yield database
    await database.dispose()


@pytest.fixture
async def database_with(database_url: str) -> AsyncIterator[Callable[..., Database]]:
    """Yield what makes a Database on the test's database with other settings than the usual."""
    made: list[Database] = []

    def make(**settings: Any) -> Database:
        made.append(Database(DatabaseSettings(url=SecretStr(database_url), **settings)))
        return made[-1]

    yield make
    for database in made:
        await database.dispose()


@pytest.fixture
def engine(database: Database) -> AsyncEngine:
    """Return the Database's engine."""
    return database.engine


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """Yield a session that is rolled back."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
