"""What the query patterns give: the right rows, in order, each once, and nothing that would cost more than it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from inspect import isfunction
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema import queries
from flowforge_schema.enums import RunStatus, StepStatus
from flowforge_schema.models import (
    ApiKey,
    OutboxEvent,
    RunStepLog,
    User,
    Workflow,
    WorkflowRun,
    WorkflowRunClaim,
    WorkflowStep,
)
from flowforge_schema.queries import PATTERNS, Cursor
from flowforge_schema.queries.text import prepared_text, statement_file

ROOT = Path(__file__).parents[2]
STATEMENTS = ROOT / "schema" / "statements.sql"
PAGE = ROOT / "docs" / "query-patterns.md"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def add_owner(session: AsyncSession) -> User:
    owner = User(email="Ada@Example.org")
    session.add(owner)
    await session.flush()
    return owner


async def add_workflow(session: AsyncSession, owner: User) -> Workflow:
    workflow = Workflow(owner_id=owner.id, name="Nightly import")
    session.add(workflow)
    await session.flush()
    return workflow


@pytest.fixture
async def owner(session: AsyncSession) -> User:
    return await add_owner(session)


@pytest.fixture
async def workflow(session: AsyncSession, owner: User) -> Workflow:
    return await add_workflow(session, owner)


def run_of(workflow: Workflow, status: RunStatus, *, created_at: datetime = NOON) -> WorkflowRun:
    started = None if status is RunStatus.PENDING else created_at
    finished = created_at if status.is_terminal else None
    return WorkflowRun(
        workflow_id=workflow.id,
        workflow_version=1,
        status=status,
        created_at=created_at,
        started_at=started,
        finished_at=finished,
    )


async def add_runs(
    session: AsyncSession, workflow: Workflow, status: RunStatus, moments: Sequence[datetime]
) -> list[WorkflowRun]:
    runs = [run_of(workflow, status, created_at=moment) for moment in moments]
    session.add_all(runs)
    await session.flush()
    return runs


def minutes(count: int, *, each: int = 1) -> Iterator[datetime]:
    """Return moments a minute apart, each so many times."""
    return (NOON + timedelta(minutes=number // each) for number in range(count))


async def test_a_user_is_found_by_an_address_in_another_case(session: AsyncSession, owner: User) -> None:
    assert await session.scalar(queries.user_by_email("aDA@example.ORG")) is owner


async def test_a_key_comes_with_its_user_in_one_statement(session: AsyncSession, owner: User) -> None:
    session.add(ApiKey(user_id=owner.id, name="ci", prefix="ff_live_1", key_hash=bytes(32), scopes=[]))
    await session.flush()
    session.expunge_all()

    key = await session.scalar(queries.api_key_by_prefix("ff_live_1"))

    assert key is not None
    assert key.user.email == "Ada@Example.org"


async def test_the_keys_of_a_user_come_newest_first_and_no_others(session: AsyncSession, owner: User) -> None:
    other = User(email="bob@example.org")
    session.add(other)
    await session.flush()
    session.add_all(
        ApiKey(user_id=who.id, name="ci", prefix=f"ff_live_{number}", key_hash=bytes(32), scopes=[], created_at=moment)
        for number, (who, moment) in enumerate(zip([owner, owner, other], minutes(3), strict=True))
    )
    await session.flush()

    keys = (await session.scalars(queries.api_keys_of_user(owner.id))).all()

    assert [key.prefix for key in keys] == ["ff_live_1", "ff_live_0"]


async def test_an_archived_workflow_is_not_found_by_its_name(session: AsyncSession, workflow: Workflow) -> None:
    by_name = queries.workflow_by_name(workflow.owner_id, "NIGHTLY import")
    found = await session.scalar(by_name)
    workflow.archived_at = NOON
    await session.flush()

    assert found is workflow
    assert await session.scalar(by_name) is None


async def test_steps_come_in_their_order_and_of_one_version(session: AsyncSession, workflow: Workflow) -> None:
    session.add_all(
        WorkflowStep(
            workflow_id=workflow.id,
            workflow_version=version,
            key=key,
            name=key,
            step_type="http",
            position=position,
            depends_on=[],
        )
        for version, position, key in [(1, 1, "load"), (1, 0, "fetch"), (2, 0, "other")]
    )
    await session.flush()

    steps = (await session.scalars(queries.steps_of_version(workflow.id, 1))).all()

    assert [step.key for step in steps] == ["fetch", "load"]


async def test_pages_of_workflows_give_each_once_newest_first(session: AsyncSession, owner: User) -> None:
    session.add_all(
        Workflow(owner_id=owner.id, name=f"w{number}", created_at=moment)
        for number, moment in enumerate(minutes(10, each=3))
    )
    await session.flush()
    seen: list[Workflow] = []
    after = None
    for _ in range(4):
        page = (await session.scalars(queries.workflows_of_owner(owner.id, after=after, limit=3))).all()
        seen += page
        after = Cursor(page[-1].created_at, page[-1].id)

    assert len(seen) == 10
    assert seen == sorted(seen, key=lambda one: (one.created_at, one.id), reverse=True)


async def test_pages_of_runs_give_each_once_although_many_began_at_the_same_moment(
    session: AsyncSession, workflow: Workflow
) -> None:
    runs = await add_runs(session, workflow, RunStatus.COMPLETED, list(minutes(20, each=7)))
    seen: list[UUID] = []
    after = None
    for _ in range(7):
        page = (await session.scalars(queries.runs_of_workflow(workflow.id, after=after, limit=3))).all()
        seen += [run.id for run in page]
        after = Cursor(page[-1].created_at, page[-1].id)

    assert seen == [run.id for run in sorted(runs, key=lambda one: (one.created_at, one.id), reverse=True)]


async def test_unfinished_runs_come_oldest_first_page_by_page(session: AsyncSession, workflow: Workflow) -> None:
    runs = await add_runs(session, workflow, RunStatus.PENDING, list(minutes(5, each=2)))
    await add_runs(session, workflow, RunStatus.RUNNING, [NOON])
    first = (await session.scalars(queries.unfinished_runs(RunStatus.PENDING, limit=3))).all()
    after = Cursor(first[-1].created_at, first[-1].id)
    second = (await session.scalars(queries.unfinished_runs(RunStatus.PENDING, after=after, limit=3))).all()

    assert [*first, *second] == sorted(runs, key=lambda one: (one.created_at, one.id))


@pytest.mark.parametrize("status", [status for status in RunStatus if status.is_terminal])
def test_runs_that_are_over_are_not_listed_by_status(status: RunStatus) -> None:
    with pytest.raises(ValueError, match="has ended"):
        queries.unfinished_runs(status)  # type: ignore[arg-type]  # a status that is no unfinished one is the claim


async def test_a_list_does_not_load_documents(session: AsyncSession, workflow: Workflow) -> None:
    await add_runs(session, workflow, RunStatus.COMPLETED, [NOON])
    session.expunge_all()
    run = (await session.scalars(queries.runs_of_workflow(workflow.id))).one()

    with pytest.raises(InvalidRequestError, match="raiseload"):
        _ = run.input


async def test_only_runs_that_began_before_the_moment_are_stuck(session: AsyncSession, workflow: Workflow) -> None:
    runs = await add_runs(session, workflow, RunStatus.RUNNING, list(minutes(3)))
    await add_runs(session, workflow, RunStatus.PENDING, [NOON])
    runs[1].started_at = NOON + timedelta(hours=1)
    await session.flush()

    stuck = (await session.scalars(queries.stuck_runs(NOON + timedelta(minutes=5)))).all()

    assert stuck == [runs[0], runs[2]]


async def test_the_runs_that_nobody_has_begun_come_oldest_first_from_a_moment_on(
    session: AsyncSession, workflow: Workflow
) -> None:
    runs = await add_runs(session, workflow, RunStatus.PENDING, list(minutes(3)))
    await add_runs(session, workflow, RunStatus.RUNNING, list(minutes(3)))

    waiting = (await session.scalars(queries.waiting_runs(created_from=NOON + timedelta(minutes=1)))).all()

    assert waiting == [runs[1].id, runs[2].id]


async def test_only_claims_whose_lease_is_over_are_due_the_earliest_first(
    session: AsyncSession, workflow: Workflow
) -> None:
    runs = await add_runs(session, workflow, RunStatus.RUNNING, list(minutes(4)))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    leases = [(NOON, NOON), (NOON, tomorrow), (tomorrow, tomorrow), (NOON - timedelta(minutes=1), NOON)]
    session.add_all(
        WorkflowRunClaim(run_id=run.id, held_by="worker", available_at=available_at, leased_until=leased_until)
        for run, (available_at, leased_until) in zip(runs, leases, strict=True)
    )
    await session.flush()

    due = (await session.execute(queries.due_claims())).all()
    from_noon_on = (await session.execute(queries.due_claims(available_from=NOON))).all()

    assert due == [(runs[3].id, 1), (runs[0].id, 1)]
    assert from_noon_on == [(runs[0].id, 1)]


async def test_a_run_comes_with_its_whole_record_in_order(session: AsyncSession, workflow: Workflow) -> None:
    run, step_ids = await run_with_logs(session, workflow)
    session.expunge_all()

    found = (await session.scalars(queries.run_with_step_logs(run.id))).one()
    logs = (await session.scalars(queries.step_logs_of_run(run.id))).all()

    assert [(log.step_id, log.attempt) for log in logs] == [(step_ids[0], 1), (step_ids[0], 2), (step_ids[1], 1)]
    assert {(log.step_id, log.attempt) for log in found.step_logs} == {(log.step_id, log.attempt) for log in logs}


async def test_the_logs_of_a_run_come_in_the_order_of_time_and_not_of_steps(
    session: AsyncSession, workflow: Workflow
) -> None:
    run, (first, second) = await run_with_logs(session, workflow)
    made = {(second, 1): NOON, (first, 2): NOON + timedelta(minutes=1), (first, 1): NOON + timedelta(minutes=2)}
    for (step_id, attempt), moment in made.items():
        (await session.get_one(RunStepLog, (run.id, step_id, attempt))).created_at = moment
    await session.flush()

    logs = (await session.scalars(queries.step_logs_of_run(run.id))).all()

    assert [(log.step_id, log.attempt) for log in logs] == list(made)


async def test_the_attempts_at_a_step_come_in_order(session: AsyncSession, workflow: Workflow) -> None:
    run, step_ids = await run_with_logs(session, workflow)

    logs = (await session.scalars(queries.attempts_of_step(run.id, step_ids[0]))).all()

    assert [log.attempt for log in logs] == [1, 2]


async def run_with_logs(session: AsyncSession, workflow: Workflow) -> tuple[WorkflowRun, list[UUID]]:
    """Make a run with two attempts at its first step and one at its second."""
    steps = [
        WorkflowStep(workflow_id=workflow.id, key=key, name=key, step_type="http", position=position, depends_on=[])
        for position, key in enumerate(("fetch", "load"))
    ]
    session.add_all(steps)
    (run,) = await add_runs(session, workflow, RunStatus.RUNNING, [NOON])
    attempts = [(steps[0], 1), (steps[0], 2), (steps[1], 1)]
    session.add_all(
        RunStepLog(
            run_id=run.id,
            step_id=step.id,
            step_key=step.key,
            attempt=attempt,
            status=StepStatus.PENDING,
            created_at=moment,
        )
        for (step, attempt), moment in zip(attempts, minutes(3), strict=True)
    )
    await session.flush()
    return run, [step.id for step in steps]


async def test_counts_tell_what_waits_and_what_works(session: AsyncSession, workflow: Workflow) -> None:
    for status, count in ((RunStatus.PENDING, 2), (RunStatus.RUNNING, 3), (RunStatus.FAILED, 1)):
        await add_runs(session, workflow, status, list(minutes(count)))

    counts = dict((await session.execute(queries.unfinished_run_counts())).all())

    assert counts == {RunStatus.PENDING: 2, RunStatus.RUNNING: 3}


async def test_the_counts_of_a_workflow_begin_at_the_moment(session: AsyncSession, workflow: Workflow) -> None:
    await add_runs(session, workflow, RunStatus.FAILED, list(minutes(4)))
    await add_runs(session, workflow, RunStatus.COMPLETED, list(minutes(1)))

    since = queries.run_counts_of_workflow(workflow.id, since=NOON + timedelta(minutes=2))

    assert (await session.execute(since)).all() == [(RunStatus.FAILED, 2)]


async def add_events(session: AsyncSession, published: Sequence[datetime | None]) -> list[OutboxEvent]:
    events = [
        OutboxEvent(
            aggregate_type="run", aggregate_id=UUID(int=1), event_type="run.ended", payload={}, published_at=moment
        )
        for moment in published
    ]
    session.add_all(events)
    await session.flush()
    return sorted(events, key=lambda event: event.id)


async def test_unpublished_events_come_by_id_after_the_given_one(session: AsyncSession) -> None:
    events = await add_events(session, [None, NOON, None, None])

    found = (await session.scalars(queries.unpublished_events(after_id=events[0].id))).all()

    assert found == [events[2], events[3]]


async def test_a_purge_deletes_what_was_delivered_before_the_moment(session: AsyncSession) -> None:
    old, new = NOON, NOON + timedelta(days=2)
    events = await add_events(session, [old, None, old, new])

    purge = queries.purge_published_events(NOON + timedelta(days=1))
    last_id, purged = (await session.execute(purge)).one()
    left = (await session.scalars(select(OutboxEvent.id).order_by(OutboxEvent.id))).all()

    assert (last_id, purged) == (None, 2)
    assert left == [events[1].id, events[3].id]


async def test_a_purge_leaves_what_was_delivered_at_the_very_moment(session: AsyncSession) -> None:
    (event,) = await add_events(session, [NOON])

    await session.execute(queries.purge_published_events(NOON))

    assert (await session.scalars(select(OutboxEvent.id))).all() == [event.id]


async def test_a_purge_goes_on_after_the_id_that_it_gives_until_there_is_none(session: AsyncSession) -> None:
    parked: list[datetime | None] = [None] * 4
    events = await add_events(session, [*parked, *[NOON] * 5])
    after_id: int | None = 0
    rounds: list[int] = []
    while after_id is not None:
        purge = queries.purge_published_events(NOON + timedelta(days=1), after_id=after_id, limit=2)
        after_id, purged = (await session.execute(purge)).one()
        rounds.append(purged)

    assert rounds == [0, 0, 2, 2, 1]
    assert await session.scalar(select(func.max(OutboxEvent.id))) == events[3].id


def test_every_pattern_has_a_name_of_its_own() -> None:
    names = [pattern.name for pattern in PATTERNS]

    assert len(set(names)) == len(names)


def test_every_query_is_among_the_patterns() -> None:
    purposes = {pattern.purpose for pattern in PATTERNS}
    made = [one for name in queries.__all__ if isfunction(one := getattr(queries, name))]

    assert [one.__name__ for one in made if (one.__doc__ or "").partition("\n")[0] not in purposes] == []


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_no_status_is_a_parameter(pattern: queries.Pattern) -> None:
    _, values = prepared_text(pattern.make(**pattern.example))

    assert not any(isinstance(value, RunStatus) for value in values)


def test_the_file_of_statements_is_what_the_patterns_give() -> None:
    assert STATEMENTS.read_text(encoding="utf-8") == statement_file(PATTERNS), (
        "write it anew: python -m flowforge_schema.queries > schema/statements.sql"
    )


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_the_page_tells_of_every_pattern_and_its_indexes(pattern: queries.Pattern) -> None:
    indexes = ", ".join(f"`{index}`" for index in pattern.indexes)

    assert f"| `{pattern.name}` | {pattern.purpose} | {indexes} |" in PAGE.read_text(encoding="utf-8"), (
        "write it anew: nox -s bench -- queries --only page"
    )
