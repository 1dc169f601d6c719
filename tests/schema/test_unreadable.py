"""A stored value that Python cannot read: an error of ours, logged with its place and without the value; nothing else stops."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, select, text

from flowforge_schema import (
    ApiKey,
    ApiKeyRead,
    Database,
    DatabaseSettings,
    ReadSession,
    RunStatus,
    UnreadableDataError,
    User,
    Workflow,
    WorkflowRun,
    finish_run,
    install_error_handlers,
    pick_up_runs,
    runs_of_workflow,
    unfinished_runs,
    unpublished_events,
    workflows_of_owner,
)
from flowforge_schema.engine import create_script_engine
from flowforge_schema.outbox import record_event
from pgharness.databases import Database as OwnDatabase

NESTED = "CAST(repeat('{\"a\":', 1200) || '1' || repeat('}', 1200) AS jsonb)"
DIGITS = "CAST('{\"a\":' || repeat('9', 5000) || '}' AS jsonb)"


@pytest.fixture(autouse=True)
def errors_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, logger="flowforge_schema")


@pytest.fixture
async def key(database: Database) -> ApiKey:
    """Return a key whose user owns a workflow with a run."""
    async with database.session() as session:
        user = User(email="ada@example.org")
        key = ApiKey(user_id=user.id, name="deploy", prefix="ff_live_abc", key_hash=bytes(32))
        workflow = Workflow(owner_id=user.id, name="report")
        session.add_all([user, key, workflow, WorkflowRun(workflow_id=workflow.id, workflow_version=1)])
        await record_event(session, User, user.id, "user.added", {})
    return key


def spoil(own: OwnDatabase, table: str, column: str, value: str) -> None:
    """Do what SQL alone can, in a database that does not have the CHECK against it yet."""
    with own.connect() as connection:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}__{column}_range")
        connection.execute(f"UPDATE {table} SET {column} = {value}")


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(lifespan=database.lifespan)
    install_error_handlers(app)

    @app.get("/keys/{key_id}", response_model=ApiKeyRead)
    async def show(key_id: UUID, session: ReadSession) -> ApiKey:
        return await session.get_one(ApiKey, key_id)

    transport = httpx.ASGITransport(app)
    async with database.lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("moment", ["'infinity'", "'-infinity'", "'20000-01-01'", "'0044-03-15 BC'"])
async def test_a_moment_that_no_datetime_holds_is_an_error_of_ours_and_is_logged_by_its_place(
    client: httpx.AsyncClient,
    key: ApiKey,
    migrated_database: OwnDatabase,
    moment: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    spoil(migrated_database, "api_keys", "expires_at", moment)

    answer = await client.get(f"/keys/{key.id}")

    assert (answer.status_code, answer.json()["code"]) == (500, "unreadable_data")
    assert "field" not in answer.json()
    assert f"a stored value cannot be read: api_keys.expires_at, key {key.id} (DataError)" in caplog.text
    assert moment.strip("'") not in caplog.text


@pytest.mark.parametrize("document", [NESTED, DIGITS], ids=["nested deep", "of many digits"])
async def test_a_document_that_cannot_be_read_is_an_error_of_ours_and_is_logged_by_its_place(
    database: Database,
    key: ApiKey,
    migrated_database: OwnDatabase,
    document: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    spoil(migrated_database, "workflows", "settings", document)

    async with database.read_session() as session:
        workflow_id = (await session.scalars(select(Workflow.id))).one()
        with pytest.raises(UnreadableDataError):
            await session.get(Workflow, workflow_id)
        # The server has done its part, so the transaction goes on.
        assert await session.scalar(select(ApiKey.id)) == key.id
    assert f"workflows.settings, key {workflow_id}" in caplog.text
    assert "999" not in caplog.text


async def stream_workflows(database: Database) -> list[Workflow]:
    async with database.read_session() as session:
        return [workflow async for workflow in (await session.stream(select(Workflow))).scalars()]


@pytest.mark.usefixtures("key")
async def test_a_value_that_cannot_be_read_is_told_in_a_stream_too(
    database: Database, migrated_database: OwnDatabase
) -> None:
    spoil(migrated_database, "workflows", "settings", NESTED)

    with pytest.raises(UnreadableDataError):
        await stream_workflows(database)


@pytest.mark.usefixtures("key")
async def test_a_value_that_cannot_be_read_is_told_on_a_synchronous_connection_too(
    database_url: str, migrated_database: OwnDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(migrated_database, "api_keys", "expires_at", "'infinity'")
    engine = create_script_engine(DatabaseSettings.load(database_url))

    with engine.connect() as connection, pytest.raises(UnreadableDataError):
        connection.execute(text("SELECT expires_at FROM api_keys")).all()
    assert "a result.expires_at, key unknown" in caplog.text


@pytest.mark.usefixtures("key")
async def test_no_error_in_the_chain_of_causes_quotes_what_cannot_be_read(
    database: Database, migrated_database: OwnDatabase
) -> None:
    spoil(migrated_database, "api_keys", "expires_at", "'29876-01-01'")

    async with database.read_session() as session:
        with pytest.raises(UnreadableDataError) as raised:
            await session.scalars(select(ApiKey))
    assert "29876" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.usefixtures("key")
async def test_lists_go_on_beside_a_document_that_cannot_be_read(
    database: Database, migrated_database: OwnDatabase
) -> None:
    for table, column in (("workflows", "settings"), ("workflow_runs", "input"), ("outbox_events", "payload")):
        spoil(migrated_database, table, column, NESTED)

    async with database.read_session() as session:
        owner_id = (await session.scalars(select(User.id))).one()
        (workflow,) = await session.scalars(workflows_of_owner(owner_id))
        (run,) = await session.scalars(runs_of_workflow(workflow.id))
        (waiting,) = await session.scalars(unpublished_events())

    assert (workflow.name, run.status, waiting.event_type) == ("report", RunStatus.PENDING, "user.added")


@pytest.mark.usefixtures("key")
async def test_a_run_whose_input_cannot_be_read_is_picked_up_and_can_be_ended(
    database: Database, migrated_database: OwnDatabase
) -> None:
    spoil(migrated_database, "workflow_runs", "input", NESTED)

    async with database.session() as session:
        (held,) = await pick_up_runs(session, held_by="worker")
        (run,) = await session.scalars(unfinished_runs(RunStatus.RUNNING))
        with pytest.raises(UnreadableDataError):
            await session.refresh(run, ["input"])
        await finish_run(session, held, RunStatus.FAILED, error={"code": "unreadable_input"})

    async with database.read_session() as session:
        assert await session.scalar(select(WorkflowRun.status)) is RunStatus.FAILED


@pytest.mark.usefixtures("key")
async def test_the_input_of_a_run_from_a_list_is_read_by_itself(database: Database) -> None:
    async with database.session() as session:
        (run,) = await session.scalars(unfinished_runs(RunStatus.PENDING))
        await session.refresh(run, ["input"])

        assert run.input == {}


@pytest.mark.usefixtures("key")
async def test_a_change_of_a_run_from_a_list_reads_none_of_its_documents(database: Database) -> None:
    sent: list[str] = []
    async with database.session() as session:
        (run,) = await session.scalars(unfinished_runs(RunStatus.PENDING))
        run.cancel_requested_at = datetime.now(UTC)
        event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
        await session.flush()

    (statement,) = sent
    assert statement.startswith("UPDATE workflow_runs")
    assert "input" not in statement
