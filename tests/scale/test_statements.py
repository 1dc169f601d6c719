"""Every statement of the data layer works on a distributed database, and its errors say what they say elsewhere."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select, text, update
from sqlalchemy.engine import make_url

from flowforge_schema import (
    ApiKey,
    AppError,
    ConflictError,
    Database,
    DatabaseSettings,
    InvalidDataError,
    InvariantViolationError,
    NewEvent,
    ReferenceNotFoundError,
    ResourceInUseError,
    RetryPolicy,
    RunFloor,
    RunStatus,
    RunStepLog,
    User,
    Workflow,
    WorkflowRun,
    WorkflowRunClaim,
    WorkflowStep,
    WorkflowVersion,
    check_readiness,
    claim_events,
    finish_run,
    heartbeat,
    hold_lease,
    mark_published,
    pick_up_runs,
    publish_version,
    record_events,
    repeat_run,
    request_cancel,
    retry_run,
    start_run,
)
from flowforge_schema.queries import PATTERNS, runs_of_workflow, touch_api_key


async def workflow_with_step(database: Database) -> tuple[UUID, UUID, UUID]:
    """Add a user, a workflow and a step, and return their ids."""
    async with database.session() as session:
        owner = User(email=f"{uuid4().hex}@example.org")
        session.add(owner)
        await session.flush()
        workflow = Workflow(owner_id=owner.id, name=uuid4().hex)
        session.add(workflow)
        await session.flush()
        step = WorkflowStep(
            workflow_id=workflow.id, workflow_version=1, key="a", name="A", step_type="http", position=0
        )
        session.add(step)
    return owner.id, workflow.id, step.id


@pytest.fixture
async def emptied(database: Database) -> Database:
    """Return the database without runs that wait or work."""
    async with database.session() as session:
        await session.execute(text("DELETE FROM workflow_runs WHERE status IN ('pending', 'running')"))
    return database


async def test_every_query_pattern_gives_its_rows(
    database: Database, script: Connection, figure: Callable[[str], None]
) -> None:
    for pattern in PATTERNS:
        found = [dict(row._mapping) for row in script.execute(text(pattern.samples))]
        samples = [sample for sample in found if None not in sample.values()] or [dict(pattern.example)]
        took_ms = []
        for number in range(9):
            async with database.session() as session:
                started = time.perf_counter()
                (await session.execute(pattern.make(**samples[number % len(samples)]))).all()
                took_ms.append((time.perf_counter() - started) * 1000)
        figure(f"{pattern.name:32} {statistics.median(took_ms):7.1f} ms")


async def test_a_run_is_started_once_worked_on_tried_again_and_ended(emptied: Database) -> None:
    database = emptied
    _, workflow_id, step_id = await workflow_with_step(database)
    async with database.session() as session:
        runs = [WorkflowRun(workflow_id=workflow_id, workflow_version=1, input={}) for _ in range(6)]
        session.add_all(runs)
        await session.flush()
        await record_events(session, WorkflowRun, [NewEvent(run.id, "run.created", {}) for run in runs])
        started = [
            await start_run(
                session,
                WorkflowRun(workflow_id=workflow_id, workflow_version=1, input={}),
                idempotency_key="once",
            )
            for _ in range(2)
        ]
    assert started[0].id == started[1].id

    async with database.session() as session:
        held = await pick_up_runs(session, held_by="me", limit=4, floor=RunFloor())
    assert len({one.run_id for one in held}) == 4
    async with database.session() as session:
        assert not (await heartbeat(session, held[0])).is_overdue
    async with database.session() as session:
        await hold_lease(session, held[0])
        session.add(RunStepLog(run_id=held[0].run_id, step_id=step_id, step_key="a"))
    async with database.session() as session:
        await finish_run(session, held[0], RunStatus.COMPLETED, output={"a": 1})
    async with database.session() as session:
        await retry_run(session, held[1], {"code": "x"}, delay=timedelta(0))
    async with database.session() as session:
        assert await request_cancel(session, held[2].run_id) == RunStatus.RUNNING
    async with database.session() as session:
        [again] = await pick_up_runs(session, held_by="me too", limit=1)
    assert (again.run_id, again.attempt) == (held[1].run_id, 2)

    long_ago = datetime.now(UTC) - timedelta(days=1)
    async with database.session() as session:
        await session.execute(update(WorkflowRun).where(WorkflowRun.id == held[3].run_id).values(deadline_at=long_ago))
    async with database.session() as session:
        assert (await heartbeat(session, held[3])).is_overdue
    async with database.session() as session:
        await session.execute(
            update(WorkflowRunClaim)
            .where(WorkflowRunClaim.run_id.in_([held[3].run_id, again.run_id]))
            .values(leased_until=long_ago, available_at=long_ago)
        )
    async with database.session() as session:
        await pick_up_runs(session, held_by="me", policy=RetryPolicy(max_attempts=2))
        statuses = dict(
            (
                await session.execute(select(WorkflowRun.id, WorkflowRun.status).where(WorkflowRun.error.is_not(None)))
            ).all()
        )
    assert {statuses[held[3].run_id], statuses[again.run_id]} == {RunStatus.FAILED}
    async with database.session() as session:
        assert (await repeat_run(session, held[0].run_id)).retry_of == held[0].run_id


async def test_what_triggers_hold_of_versions_holds_on_shards(database: Database) -> None:
    _, workflow_id, step_id = await workflow_with_step(database)
    _, _, other_step = await workflow_with_step(database)
    async with database.session() as session:
        run = WorkflowRun(workflow_id=workflow_id, workflow_version=1, input={})
        session.add(run)
        since = await publish_version(session, workflow_id, 1)
    async with database.session() as session:
        assert await publish_version(session, workflow_id, 1) == since

    def step(key: str, version: int = 1) -> WorkflowStep:
        return WorkflowStep(
            workflow_id=workflow_id, workflow_version=version, key=key, name="B", step_type="http", position=9
        )

    log = RunStepLog(run_id=run.id, step_id=other_step, step_key="a")
    unpublish = update(WorkflowVersion).where(WorkflowVersion.workflow_id == workflow_id).values(published_at=None)
    move = update(WorkflowStep).where(WorkflowStep.id == step_id).values(position=4)
    another = update(WorkflowRun).where(WorkflowRun.id == run.id).values(workflow_version=2)
    async with database.session() as session:
        session.add(step("later", version=2))
    for statement, constraint in (
        (log, "tr_run_step_logs__step_of_run"),
        (step("b"), "tr_workflow_steps__published_stay"),
        (move, "tr_workflow_steps__published_stay"),
        (unpublish, "tr_workflow_versions__published_stay"),
        (another, "tr_workflow_runs__version_stays"),
    ):
        assert (await refused(database, statement)).constraint == constraint


async def refused(database: Database, what: object) -> AppError:
    """Add a row or run a statement, and return the error."""
    try:
        async with database.session() as session:
            if hasattr(what, "__table__"):
                session.add(what)
            else:
                await session.execute(what)  # type: ignore[call-overload]
    except AppError as error:
        return error
    raise AssertionError(f"{what} was not refused")


async def test_errors_keep_constraint_field_and_class(database: Database) -> None:
    owner, workflow_id, step_id = await workflow_with_step(database)
    async with database.session() as session:
        run = WorkflowRun(workflow_id=workflow_id, workflow_version=1, input={})
        session.add(run)
        email = (await session.get_one(User, owner)).email
    nobody = uuid4()
    for what, kind, constraint, field in (
        (User(email=email.upper()), ConflictError, "uq_users__casefold_email", "email"),
        (User(email="none"), InvariantViolationError, "ck_users__email_has_one_at", "email"),
        (User(email=None), InvalidDataError, None, "email"),
        (Workflow(owner_id=nobody, name="x"), ReferenceNotFoundError, "fk_workflows__owner_id__users", "owner_id"),
        (
            WorkflowRun(workflow_id=workflow_id, workflow_version=9, input={}),
            ReferenceNotFoundError,
            "fk_workflow_runs__version__workflow_versions",
            "workflow_version",
        ),
        (
            WorkflowRun(id=run.id, workflow_id=workflow_id, workflow_version=1, input={}),
            ConflictError,
            "pk_workflow_runs",
            "id",
        ),
        (
            WorkflowRun(workflow_id=workflow_id, workflow_version=1, input={}, status=RunStatus.COMPLETED),
            InvariantViolationError,
            "ck_workflow_runs__finished_when_terminal",
            "finished_at",
        ),
        (
            RunStepLog(run_id=nobody, step_id=step_id, step_key="a"),
            ReferenceNotFoundError,
            "fk_run_step_logs__run_id__workflow_runs",
            "run_id",
        ),
        (
            text(f"UPDATE workflow_runs SET triggered_by = '{nobody}' WHERE id = '{run.id}'"),
            ReferenceNotFoundError,
            "fk_workflow_runs__triggered_by__users",
            "triggered_by",
        ),
        (text(f"DELETE FROM users WHERE id = '{owner}'"), ResourceInUseError, "fk_workflows__owner_id__users", None),
    ):
        error = await refused(database, what)

        assert (type(error), error.constraint, error.field) == (kind, constraint, field), what


async def test_a_list_over_all_shards_and_a_change_of_a_workflow_go_into_one_transaction(database: Database) -> None:
    _, workflow_id, _ = await workflow_with_step(database)
    async with database.session() as session:
        (await session.scalars(runs_of_workflow(workflow_id))).all()
        (await session.get_one(Workflow, workflow_id)).description = "changed"


async def test_events_are_relayed_and_the_use_of_a_key_is_noted(database: Database) -> None:
    owner, _, _ = await workflow_with_step(database)
    async with database.session() as session:
        key = ApiKey(user_id=owner, name="k", prefix=uuid4().hex, key_hash=b"0" * 32)
        session.add(key)
    async with database.session() as session:
        claimed = await claim_events(session, limit=50)
    async with database.session() as session:
        await mark_published(session, claimed)
    async with database.session() as session:
        assert (await session.scalars(touch_api_key(key.id))).all() == [key.id]
    async with database.session() as session:
        assert (await session.scalars(touch_api_key(key.id))).all() == []


async def test_the_coordinator_is_ready_and_a_worker_says_why_not(
    database: Database, spread: DatabaseSettings, script: Connection
) -> None:
    worker = script.execute(text("SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 LIMIT 1")).one()
    url = make_url(spread.url.get_secret_value()).set(host=worker.nodename, port=worker.nodeport)
    other = Database(url)

    assert (await check_readiness(database)).is_ready
    assert (await check_readiness(other)).code == "not_the_coordinator"
    await other.dispose()

    script.execute(text("ALTER TABLE outbox_events DISABLE TRIGGER two_phase"))
    try:
        assert (await check_readiness(database)).code == "two_phase_missing"
    finally:
        script.execute(text("ALTER TABLE outbox_events ENABLE TRIGGER two_phase"))
