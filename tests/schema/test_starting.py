"""Starting runs: one for each key, whatever happens to the answer, and again when one has ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, func, select, text

from flowforge_schema import (
    CommitUnknownError,
    ConflictError,
    Database,
    InvariantViolationError,
    NotFoundError,
    ReferenceNotFoundError,
    RunStatus,
    User,
    Workflow,
    WorkflowRun,
    WorkflowRunKey,
    repeat_run,
    retry_transient,
    start_run,
)
from pgharness.databases import Database as OwnDatabase

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = "order-4711"


@pytest.fixture
async def workflow_id(database: Database) -> UUID:
    """Return a workflow that runs can be started of."""
    return await add_workflow(database, "nightly")


async def add_workflow(database: Database, name: str) -> UUID:
    async with database.session() as session:
        user = User(email=f"{name}@example.org")
        workflow = Workflow(owner_id=user.id, name=name)
        session.add_all([user, workflow])
        return workflow.id


async def start(database: Database, workflow_id: UUID, key: str | None = KEY) -> UUID:
    async with database.session() as session:
        run = WorkflowRun(workflow_id=workflow_id, workflow_version=1)
        return (await start_run(session, run, idempotency_key=key)).id


async def runs_of(database: Database) -> int:
    async with database.read_session() as session:
        return await session.scalar(select(func.count()).select_from(WorkflowRun)) or 0


async def test_the_same_key_gives_the_same_run(database: Database, workflow_id: UUID) -> None:
    first, second = await start(database, workflow_id), await start(database, workflow_id)

    assert first == second
    assert await runs_of(database) == 1


async def test_another_key_or_another_workflow_gives_another_run(database: Database, workflow_id: UUID) -> None:
    other = await add_workflow(database, "hourly")
    started = {
        await start(database, workflow_id),
        await start(database, workflow_id, "order-4712"),
        await start(database, other),
    }

    assert len(started) == await runs_of(database) == 3


async def test_without_a_key_every_call_starts_a_run(database: Database, workflow_id: UUID) -> None:
    started = {await start(database, workflow_id, None) for _ in range(2)}

    assert len(started) == await runs_of(database) == 2


async def test_ten_callers_at_the_same_moment_start_one_run(database: Database, workflow_id: UUID) -> None:
    started = await asyncio.gather(*(start(database, workflow_id) for _ in range(10)))

    assert len(set(started)) == await runs_of(database) == 1


async def test_a_start_that_is_undone_leaves_its_key_free(database: Database, workflow_id: UUID) -> None:
    async with database.session() as session:
        run = WorkflowRun(workflow_id=workflow_id, workflow_version=1)
        await start_run(session, run, idempotency_key=KEY)
        await session.rollback()
    await start(database, workflow_id)

    assert await runs_of(database) == 1


async def lose_the_connection_at_commit(database: Database, server: OwnDatabase, workflow_id: UUID) -> None:
    async with database.session() as session:
        run = WorkflowRun(workflow_id=workflow_id, workflow_version=1)
        await start_run(session, run, idempotency_key=KEY)
        backend = await session.scalar(text("SELECT pg_backend_pid()"))
        with server.connect() as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


async def test_after_a_commit_of_unknown_outcome_that_stored_nothing_the_same_key_starts_the_run(
    database: Database, migrated_database: OwnDatabase, workflow_id: UUID
) -> None:
    with pytest.raises(CommitUnknownError, match="Ask again with the same key"):
        await lose_the_connection_at_commit(database, migrated_database, workflow_id)
    await start(database, workflow_id)

    assert await runs_of(database) == 1


async def test_a_unit_of_work_that_may_run_twice_is_run_again_after_a_commit_of_unknown_outcome(
    database: Database, workflow_id: UUID
) -> None:
    calls = 0

    @retry_transient(may_run_twice=True, first_wait_s=0)
    async def start_and_lose_the_answer() -> UUID:
        nonlocal calls
        calls += 1
        started = await start(database, workflow_id)
        if calls == 1:
            raise CommitUnknownError
        return started

    await start_and_lose_the_answer()

    assert (calls, await runs_of(database)) == (2, 1)


async def test_the_key_of_a_run_that_was_deleted_is_free_again(database: Database, workflow_id: UUID) -> None:
    first = await start(database, workflow_id)
    async with database.session() as session:
        await session.execute(delete(WorkflowRun))
    second = await start(database, workflow_id)

    async with database.read_session() as session:
        keys = (await session.scalars(select(WorkflowRunKey))).all()
    assert first != second
    assert [(key.workflow_id, key.key, key.run_id) for key in keys] == [(workflow_id, KEY, second)]


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_a_key_that_is_empty_or_too_long_is_refused(database: Database, workflow_id: UUID, key: str) -> None:
    with pytest.raises(InvariantViolationError) as raised:
        await start(database, workflow_id, key)

    assert (raised.value.field, raised.value.message) == ("key", "The key is empty or too long.")


async def test_a_run_of_no_workflow_is_not_started(database: Database) -> None:
    with pytest.raises(ReferenceNotFoundError, match="There is no such workflow"):
        await start(database, uuid4())


async def end(database: Database, run_id: UUID) -> None:
    async with database.session() as session:
        run = await session.get_one(WorkflowRun, run_id)
        run.status, run.started_at, run.finished_at = RunStatus.FAILED, NOON, NOON
        run.input = {"order": 4711}


async def repeat(database: Database, run_id: UUID, key: str) -> WorkflowRun:
    async with database.session() as session:
        return await repeat_run(session, run_id, idempotency_key=key, deadline_at=NOON)


async def test_a_run_that_has_ended_is_repeated_once_for_each_key(database: Database, workflow_id: UUID) -> None:
    run_id = await start(database, workflow_id)
    await end(database, run_id)
    again = [await repeat(database, run_id, key) for key in ("first", "first", "second")]
    (first, same, second) = again

    assert first.id == same.id != second.id
    assert [(run.retry_of, run.status, run.input) for run in again] == [
        (run_id, RunStatus.PENDING, {"order": 4711})
    ] * 3
    assert (first.workflow_id, first.workflow_version, first.deadline_at) == (workflow_id, 1, NOON)


async def test_a_run_that_is_not_over_is_not_repeated(database: Database, workflow_id: UUID) -> None:
    run_id = await start(database, workflow_id)

    with pytest.raises(ConflictError, match="it can be repeated when it is"):
        await repeat(database, run_id, "again")


async def test_a_run_that_there_is_not_is_not_repeated(database: Database) -> None:
    with pytest.raises(NotFoundError):
        await repeat(database, uuid4(), "again")


async def test_a_run_is_no_retry_of_itself(database: Database, workflow_id: UUID) -> None:
    run_id = await start(database, workflow_id)
    async with database.session() as session:
        (await session.get_one(WorkflowRun, run_id)).retry_of = run_id
        with pytest.raises(InvariantViolationError, match="A run cannot be a retry of itself"):
            await session.flush()
        await session.rollback()
