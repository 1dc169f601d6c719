"""Versions of workflows: which there are, that a published one stays as it is, and which steps a run's record is of."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, select, text, update

from flowforge_schema import (
    Database,
    InvariantViolationError,
    NotFoundError,
    ReferenceNotFoundError,
    ResourceInUseError,
    RunStepLog,
    User,
    Workflow,
    WorkflowRun,
    WorkflowStep,
    WorkflowVersion,
    publish_version,
)


@dataclass
class Made:
    """A workflow of version 1 with a step, and a run of it."""

    workflow_id: UUID
    step_id: UUID
    run_id: UUID


async def make(database: Database, name: str = "nightly") -> Made:
    async with database.session() as session:
        user = User(email=f"{name}@example.org")
        workflow = Workflow(owner_id=user.id, name=name)
        step = step_of(workflow.id)
        run = WorkflowRun(workflow_id=workflow.id, workflow_version=1)
        session.add_all([user, workflow, step, run])
        return Made(workflow.id, step.id, run.id)


def step_of(workflow_id: UUID, version: int = 1, key: str = "load") -> WorkflowStep:
    position = len(key)
    return WorkflowStep(
        workflow_id=workflow_id, workflow_version=version, key=key, name=key, step_type="http", position=position
    )


@pytest.fixture
async def made(database: Database) -> Made:
    """Return a workflow with a step and a run, nothing of it published."""
    return await make(database)


async def send(database: Database, *statements: Any) -> None:
    async with database.session() as session:
        for statement in statements:
            await session.execute(statement)


async def add(database: Database, row: object) -> None:
    async with database.session() as session:
        session.add(row)


async def publish(database: Database, made: Made, version: int = 1) -> None:
    async with database.session() as session:
        await publish_version(session, made.workflow_id, version)


async def versions(database: Database) -> list[tuple[int, bool]]:
    async with database.read_session() as session:
        rows = (await session.scalars(select(WorkflowVersion).order_by(WorkflowVersion.version))).all()
        return [(row.version, row.published_at is not None) for row in rows]


async def test_a_version_comes_with_its_workflow_with_its_first_step_and_with_its_number(
    database: Database, made: Made
) -> None:
    await send(database, update(Workflow).values(version=2))
    async with database.session() as session:
        session.add_all([step_of(made.workflow_id, 3, key) for key in ("load", "store")])

    assert await versions(database) == [(1, False), (2, False), (3, False)]


async def test_a_run_of_a_version_that_nobody_made_is_refused(database: Database, made: Made) -> None:
    with pytest.raises(ReferenceNotFoundError) as raised:
        await send(database, insert(WorkflowRun).values(workflow_id=made.workflow_id, workflow_version=99))

    assert raised.value.field == "workflow_version"
    assert raised.value.message == "There is no such version of the workflow."


@pytest.mark.parametrize("version", [0, -7])
async def test_a_step_of_no_possible_version_is_refused(database: Database, made: Made, version: int) -> None:
    with pytest.raises(InvariantViolationError) as raised:
        await add(database, step_of(made.workflow_id, version))

    assert raised.value.constraint == "ck_workflow_steps__workflow_version_positive"


async def test_a_step_of_no_workflow_is_refused(database: Database) -> None:
    with pytest.raises(ReferenceNotFoundError):
        await add(database, step_of(uuid4()))


EDITS: dict[str, Any] = {
    "another name": lambda made: update(WorkflowStep).where(WorkflowStep.id == made.step_id).values(name="Store"),
    "another configuration": lambda made: (
        update(WorkflowStep).where(WorkflowStep.id == made.step_id).values(config={"url": "x"})
    ),
    "moved out of the version": lambda made: (
        update(WorkflowStep).where(WorkflowStep.id == made.step_id).values(workflow_version=2)
    ),
    "moved into the version": lambda made: (
        update(WorkflowStep)
        .where(WorkflowStep.workflow_id == made.workflow_id, WorkflowStep.workflow_version == 2)
        .values(workflow_version=1)
    ),
    "deleted": lambda made: delete(WorkflowStep).where(WorkflowStep.id == made.step_id),
    "added": lambda made: insert(WorkflowStep).values(
        workflow_id=made.workflow_id, key="new", name="New", step_type="http", position=9
    ),
}


async def with_a_second_version(database: Database) -> Made:
    made = await make(database)
    async with database.session() as session:
        session.add(step_of(made.workflow_id, 2, "store"))
    return made


@pytest.mark.parametrize("edit", EDITS)
async def test_a_step_of_a_published_version_is_not_edited(database: Database, edit: str) -> None:
    made = await with_a_second_version(database)
    await publish(database, made)

    with pytest.raises(ResourceInUseError) as raised:
        await send(database, EDITS[edit](made))
    assert raised.value.message == "The steps of a published version stay as they are; make a new version."


@pytest.mark.parametrize("edit", EDITS)
async def test_a_step_of_a_draft_is_edited(database: Database, edit: str) -> None:
    await send(database, EDITS[edit](await with_a_second_version(database)))


async def test_a_statement_that_changes_nothing_of_a_published_step_is_taken(database: Database, made: Made) -> None:
    await publish(database, made)

    await send(database, update(WorkflowStep).values(name=WorkflowStep.name))


VERSION_EDITS: dict[str, Any] = {
    "unpublished": update(WorkflowVersion).values(published_at=None),
    "published at another time": update(WorkflowVersion).values(published_at=text("now() - interval '1 day'")),
    "another number": update(WorkflowVersion).values(version=7),
}


@pytest.mark.parametrize("edit", VERSION_EDITS)
async def test_a_published_version_stays_published(database: Database, made: Made, edit: str) -> None:
    await publish(database, made)

    with pytest.raises(ResourceInUseError):
        await send(database, VERSION_EDITS[edit])


async def test_a_published_version_without_runs_is_not_deleted_but_goes_with_its_workflow(
    database: Database, made: Made
) -> None:
    await publish(database, made)
    await send(database, delete(WorkflowRun))
    with pytest.raises(ResourceInUseError, match="A published version stays published"):
        await send(database, delete(WorkflowVersion))
    await send(database, delete(Workflow))

    assert await versions(database) == []


async def test_a_draft_goes_with_its_steps_unless_there_are_runs_of_it(database: Database) -> None:
    await with_a_second_version(database)
    await send(database, delete(WorkflowVersion).where(WorkflowVersion.version == 2))
    assert await versions(database) == [(1, False)]

    with pytest.raises(ResourceInUseError, match="There are runs of the version"):
        await send(database, delete(WorkflowVersion))


async def test_a_version_that_is_published_twice_keeps_its_first_time(database: Database, made: Made) -> None:
    async with database.session() as session:
        first = await publish_version(session, made.workflow_id, 1)
    async with database.session() as session:
        second = await publish_version(session, made.workflow_id, 1)

    assert first == second


async def test_a_version_that_there_is_not_is_not_published(database: Database, made: Made) -> None:
    with pytest.raises(NotFoundError):
        await publish(database, made, 99)


async def test_who_publishes_waits_for_who_edits_a_step(database: Database, made: Made) -> None:
    async with database.session() as session:
        await session.execute(EDITS["another name"](made))
        publishing = asyncio.create_task(publish(database, made))
        done, _ = await asyncio.wait([publishing], timeout=0.3)
    await publishing

    assert not done
    assert await versions(database) == [(1, True)]


async def test_who_edits_a_step_waits_for_who_publishes_and_is_refused(database: Database, made: Made) -> None:
    async with database.session() as session:
        await publish_version(session, made.workflow_id, 1)
        editing = asyncio.create_task(send(database, EDITS["another name"](made)))
        done, _ = await asyncio.wait([editing], timeout=0.3)

    assert not done
    with pytest.raises(ResourceInUseError):
        await editing


def log_of(run_id: UUID, step_id: UUID) -> Any:
    return insert(RunStepLog).values(run_id=run_id, step_id=step_id, step_key="load")


async def test_a_log_is_of_a_step_of_the_version_that_its_run_is_of(database: Database, made: Made) -> None:
    await send(database, log_of(made.run_id, made.step_id))


async def test_a_log_of_another_workflows_step_or_of_another_versions_is_refused(database: Database) -> None:
    made, other = await with_a_second_version(database), await make(database, "hourly")
    async with database.read_session() as session:
        query = select(WorkflowStep.id).where(WorkflowStep.workflow_version == 2)
        of_the_second = (await session.scalars(query)).one()

    for step_id in (other.step_id, of_the_second):
        with pytest.raises(ReferenceNotFoundError) as raised:
            await send(database, log_of(made.run_id, step_id))
        assert raised.value.field == "step_id"
        assert raised.value.message == "The step is not one of the version that the run is of."


async def test_a_log_is_not_moved_to_another_workflows_step(database: Database, made: Made) -> None:
    other = await make(database, "hourly")
    await send(database, log_of(made.run_id, made.step_id))

    with pytest.raises(ReferenceNotFoundError, match="The step is not one of the version that the run is of"):
        await send(database, update(RunStepLog).values(step_id=other.step_id))


@pytest.mark.parametrize(("missing", "message"), [("run", "There is no such run."), ("step", "There is no such step.")])
async def test_a_log_of_a_run_or_a_step_that_there_is_not_is_told_as_before(
    database: Database, made: Made, missing: str, message: str
) -> None:
    run_id, step_id = (uuid4(), made.step_id) if missing == "run" else (made.run_id, uuid4())

    with pytest.raises(ReferenceNotFoundError) as raised:
        await send(database, log_of(run_id, step_id))
    assert raised.value.message == message


async def test_a_run_stays_one_of_its_version(database: Database) -> None:
    await with_a_second_version(database)

    with pytest.raises(ResourceInUseError, match="A run stays one of its version"):
        await send(database, update(WorkflowRun).values(workflow_version=2))
