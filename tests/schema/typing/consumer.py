"""What code of another track does with the public names, and the types that it must see; checked, never run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, assert_type
from uuid import UUID

from fastapi import Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from flowforge_schema import (
    AppError,
    ConflictError,
    Database,
    DatabaseSettings,
    DbSession,
    PoolState,
    Readiness,
    ReadSession,
    RunStatus,
    SchemaState,
    UnknownLabel,
    User,
    WorkflowRun,
    check_readiness,
    get_database,
    get_db_session,
    health_router,
    install_error_handlers,
    retry_transient,
)

database = Database()
assert_type(database, Database)
assert_type(database.settings, DatabaseSettings)
assert_type(database.engine, AsyncEngine)
assert_type(database.pool_state(), PoolState)
assert_type(database.pool_state().checked_out, int)

app = FastAPI(lifespan=database.lifespan)
app.include_router(health_router)
app.dependency_overrides[get_db_session] = get_db_session
install_error_handlers(app)


@asynccontextmanager
async def lifespan(application: FastAPI) -> AsyncGenerator[None, None]:
    async with database.lifespan(application):
        yield


composed = FastAPI(lifespan=lifespan)


@app.post("/users")
async def create_user(session: DbSession, owner: Annotated[Database, Depends(get_database)]) -> UUID:
    assert_type(session, AsyncSession)
    user = User(email="ada@example.org")
    session.add(user)
    await session.flush()
    assert_type(owner, Database)
    return assert_type(user.id, UUID)


@app.get("/runs")
async def failed_runs(session: ReadSession) -> Sequence[WorkflowRun]:
    assert_type(session, AsyncSession)
    runs = (await session.scalars(select(WorkflowRun).where(WorkflowRun.status == RunStatus.FAILED))).all()
    return assert_type(runs, Sequence[WorkflowRun])


def columns(run: WorkflowRun) -> None:
    assert_type(run.status, RunStatus | UnknownLabel)
    assert_type(run.finished_at, datetime | None)
    assert_type(run.input, dict[str, Any])


@retry_transient(attempts=3)
async def count(settings: DatabaseSettings, *, at_most: int) -> int:
    async with Database(settings).session() as session:
        assert_type(session, AsyncSession)
        return at_most


async def work(settings: DatabaseSettings) -> None:
    assert_type(await count(settings, at_most=3), int)
    as_callable: Callable[..., Awaitable[int]] = count
    await as_callable(settings, at_most=3)
    readiness = await check_readiness(database)
    assert_type(readiness, Readiness)
    assert_type(readiness.schema_state, SchemaState | None)


def describe(error: ConflictError) -> tuple[str, int, bool, str | None]:
    base: AppError = error
    return assert_type((base.code, base.http_status, base.retryable, base.field), tuple[str, int, bool, str | None])


def label_of(run: WorkflowRun) -> str:
    if isinstance(run.status, UnknownLabel):
        return assert_type(run.status, UnknownLabel)
    return "over" if assert_type(run.status, RunStatus).is_terminal else "under way"
