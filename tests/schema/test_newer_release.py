"""This release serves rows that a newer one has written: between the two stands one database, migrated for the newer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from psycopg.types.json import Jsonb
from sqlalchemy import update

from flowforge_schema import (
    Database,
    DbSession,
    InvalidDataError,
    ReadSession,
    RunStatus,
    RunStepLog,
    StepStatus,
    TriggerType,
    UnknownLabel,
    User,
    UserRead,
    Workflow,
    WorkflowRun,
    WorkflowRunRead,
    WorkflowStep,
    install_error_handlers,
)
from flowforge_schema.queries import run_counts_of_workflow, run_with_step_logs, runs_of_workflow
from pgharness.databases import Database as OwnDatabase

NEW_LABELS = """
ALTER TYPE run_status ADD VALUE 'paused' AFTER 'running';
ALTER TYPE step_status ADD VALUE 'paused' AFTER 'running';
ALTER TYPE trigger_type ADD VALUE 'webhook';
"""
WRITTEN_BY_THE_NEWER = """
UPDATE workflow_runs SET status = 'paused', trigger_type = 'webhook';
UPDATE run_step_logs SET status = 'paused';
"""


@pytest.fixture
async def run_id(database: Database, migrated_database: OwnDatabase) -> UUID:
    """Return a run, with the log of a step, whose labels this release does not know."""
    async with database.session() as session:
        user = User(email="ada@example.org")
        workflow = Workflow(owner_id=user.id, name="report")
        step = WorkflowStep(workflow_id=workflow.id, key="load", name="Load", step_type="http", position=0)
        run = WorkflowRun(workflow_id=workflow.id, workflow_version=1)
        session.add_all([user, workflow, step, run])
        await session.flush()
        session.add(RunStepLog(run_id=run.id, step_id=step.id, step_key="load"))
    with migrated_database.connect() as connection:
        connection.execute(NEW_LABELS)
        connection.commit()
        connection.execute(WRITTEN_BY_THE_NEWER)
    return run.id


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of an application that shows and changes runs and users."""
    app = FastAPI(lifespan=database.lifespan)
    install_error_handlers(app)

    @app.get("/runs/{run_id}", response_model=WorkflowRunRead)
    async def show_run(run_id: UUID, session: ReadSession) -> WorkflowRun:
        return await session.get_one(WorkflowRun, run_id)

    @app.get("/users/{user_id}", response_model=UserRead)
    async def show_user(user_id: UUID, session: ReadSession) -> User:
        return await session.get_one(User, user_id)

    @app.put("/runs/{run_id}/status", status_code=204)
    async def set_status(run_id: UUID, status: str, session: DbSession) -> None:
        run = await session.get_one(WorkflowRun, run_id)
        run.status = status  # type: ignore[assignment]  # what an engineer might do

    transport = httpx.ASGITransport(app)
    async with database.lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def store_run_like(database: Database, run_id: UUID, status: str) -> None:
    async with database.session() as session:
        workflow_id = (await session.get_one(WorkflowRun, run_id)).workflow_id
        session.add(WorkflowRun(workflow_id=workflow_id, workflow_version=1, status=status))


async def test_a_label_that_this_release_does_not_know_is_read_as_what_it_is(database: Database, run_id: UUID) -> None:
    async with database.read_session() as session:
        run = (await session.scalars(run_with_step_logs(run_id))).one()

    labels = [run.status, run.trigger_type, run.step_logs[0].status]
    assert labels == ["paused", "webhook", "paused"]
    assert all(type(label) is UnknownLabel for label in labels)
    assert not any(isinstance(label, RunStatus | StepStatus | TriggerType) for label in labels)


async def test_lists_and_counts_go_on_with_a_label_that_this_release_does_not_know(
    database: Database, run_id: UUID
) -> None:
    async with database.session() as session:
        workflow_id = (await session.get_one(WorkflowRun, run_id)).workflow_id
        session.add(WorkflowRun(workflow_id=workflow_id, workflow_version=1))
    async with database.read_session() as session:
        listed: Sequence[WorkflowRun] = (await session.scalars(runs_of_workflow(workflow_id))).all()
        counts = await session.execute(run_counts_of_workflow(workflow_id, since=listed[-1].created_at))

    assert [run.status for run in listed] == [RunStatus.PENDING, "paused"]
    assert {(label, runs) for label, runs in counts} == {(RunStatus.PENDING, 1), ("paused", 1)}


async def test_a_contract_passes_on_a_label_that_this_release_does_not_know(
    client: httpx.AsyncClient, run_id: UUID
) -> None:
    answer = await client.get(f"/runs/{run_id}")

    assert (answer.status_code, answer.json()["status"], answer.json()["trigger_type"]) == (200, "paused", "webhook")


async def test_a_row_with_an_unknown_label_can_be_changed_in_its_other_columns(
    database: Database, run_id: UUID
) -> None:
    async with database.session() as session:
        (await session.get_one(WorkflowRun, run_id)).output = {"rows": 1}

    async with database.read_session() as session:
        run = await session.get_one(WorkflowRun, run_id)
    assert (run.status, run.output) == ("paused", {"rows": 1})


@pytest.mark.parametrize("label", ["paused", UnknownLabel("paused")])
async def test_an_unknown_label_is_not_written_though_the_database_would_take_it(
    database: Database, run_id: UUID, label: str
) -> None:
    with pytest.raises(InvalidDataError) as raised:
        await store_run_like(database, run_id, label)

    assert raised.value.field == "status"


async def test_an_unknown_label_is_not_written_by_a_statement_either(database: Database, run_id: UUID) -> None:
    with pytest.raises(InvalidDataError):
        async with database.session() as session:
            await session.execute(update(WorkflowRun).where(WorkflowRun.id == run_id).values(status="paused"))


async def test_a_request_that_writes_an_unknown_label_is_refused(client: httpx.AsyncClient, run_id: UUID) -> None:
    answer = await client.put(f"/runs/{run_id}/status", params={"status": "halted"})

    assert (answer.status_code, answer.json()["field"]) == (422, "status")


NEWER_SCHEMAS = {
    "a longer text": (
        "ALTER TABLE users DROP CONSTRAINT ck_users__display_name_length",
        {"display_name": "x" * 10_000},
    ),
    "a new column": ("ALTER TABLE users ADD nickname text", {"nickname": "ada"}),
    "a type that it widened": (
        "ALTER TABLE workflow_runs ALTER lock_version TYPE bigint",
        {"lock_version": 2**40},
    ),
    "NULL where it is newly allowed": ("ALTER TABLE users ALTER email DROP NOT NULL", {"email": None}),
    "another shape of JSON": (
        "ALTER TABLE workflow_runs DROP CONSTRAINT ck_workflow_runs__output_is_object",
        {"output": Jsonb([1, "two"])},
    ),
}


@pytest.mark.usefixtures("run_id")
@pytest.mark.parametrize(("change", "values"), NEWER_SCHEMAS.values(), ids=NEWER_SCHEMAS)
async def test_what_a_newer_release_may_write_is_shown(
    client: httpx.AsyncClient, migrated_database: OwnDatabase, change: str, values: dict[str, Any]
) -> None:
    table = change.split()[2]
    ((column, value),) = values.items()
    with migrated_database.connect() as connection:
        connection.execute(change)
        connection.execute(f"UPDATE {table} SET {column} = %s", [value])
        row = connection.execute(f"SELECT id FROM {table}").fetchone()
    assert row is not None

    answer = await client.get(f"/{table.removeprefix('workflow_')}/{row[0]}")

    expected = value.obj if isinstance(value, Jsonb) else value
    assert (answer.status_code, answer.json().get(column, expected)) == (200, expected)
