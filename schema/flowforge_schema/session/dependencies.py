"""FastAPI's dependencies: a session for each request, committed before the response is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.errors import ConfigurationError
from flowforge_schema.session.database import STATE_ATTRIBUTE, Database

try:
    from fastapi import Depends
    from fastapi.requests import HTTPConnection
except ModuleNotFoundError as error:
    raise ImportError(
        "The dependencies for FastAPI need FastAPI.\n  fix: pip install 'flowforge-schema[fastapi]'"
    ) from error


def get_database(connection: HTTPConnection) -> Database:
    """Find the Database of the application that serves this request."""
    for state in (connection.app.state, connection.state):
        database = getattr(state, STATE_ATTRIBUTE, None)
        if isinstance(database, Database):
            return database
    raise ConfigurationError(
        "The application has no Database.\n"
        "  seen: neither app.state nor the state of the lifespan holds one\n"
        "  fix: FastAPI(lifespan=database.lifespan), or `async with database.lifespan(app):` in the lifespan of your own"
    )


async def get_db_session(database: Annotated[Database, Depends(get_database)]) -> AsyncIterator[AsyncSession]:
    """Yield a session: committed when the path operation returns, rolled back when it raises.

    Use it as `DbSession`. With `Depends(get_db_session)` alone, FastAPI commits after the response has been sent, so that a
    commit that fails reaches the client as a success.
    """
    async with database.session() as session:
        yield session


async def get_read_session(database: Annotated[Database, Depends(get_database)]) -> AsyncIterator[AsyncSession]:
    """Yield a session that only reads, on the replica where there is one. Use it as `ReadSession`."""
    async with database.read_session() as session:
        yield session


DbSession = Annotated[AsyncSession, Depends(get_db_session, scope="function")]
ReadSession = Annotated[AsyncSession, Depends(get_read_session, scope="function")]
