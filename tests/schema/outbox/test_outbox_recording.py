from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from flowforge_schema import Database
from flowforge_schema.base import new_id
from flowforge_schema.errors import InvalidDataError, NotFoundError
from flowforge_schema.limits import EVENT_HEADERS_SIZE_BYTES_MAX, EVENT_PAYLOAD_SIZE_BYTES_MAX
from flowforge_schema.models import OutboxEvent, User, Workflow
from flowforge_schema.outbox import NewEvent, lock_aggregates, record_event, record_events


@pytest.fixture
async def user(session: AsyncSession) -> User:
    """Return a committed user."""
    user = User(email="ada@example.org")
    session.add(user)
    await session.commit()
    return user


@pytest.fixture
def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Return what makes sessions on the test's database."""
    return async_sessionmaker(engine, expire_on_commit=False)


async def test_an_event_is_stored_with_what_it_tells_of(session: AsyncSession, user: User) -> None:
    recorded = await record_event(
        session, User, user.id, "user.renamed", {"to": "Ada"}, headers={"trace": "00-1"}, schema_version=2
    )
    await session.commit()

    stored = await session.get(OutboxEvent, recorded.id, populate_existing=True)
    assert stored is not None
    assert (stored.aggregate_type, stored.aggregate_id, stored.event_type) == ("user", user.id, "user.renamed")
    assert (stored.payload, stored.headers, stored.schema_version) == ({"to": "Ada"}, {"trace": "00-1"}, 2)


async def test_an_event_has_its_id_at_once(session: AsyncSession, user: User) -> None:
    first = await record_event(session, User, user.id, "user.renamed", {})
    second = await record_event(session, User, user.id, "user.renamed", {})

    assert first.id < second.id


async def test_an_event_goes_with_its_transaction(session: AsyncSession, user: User) -> None:
    await record_event(session, User, user.id, "user.renamed", {})
    await session.rollback()

    assert (await session.scalars(select(OutboxEvent))).all() == []


async def test_an_event_can_tell_of_a_row_that_the_session_has_not_sent_yet(session: AsyncSession, user: User) -> None:
    workflow = Workflow(id=new_id(), owner_id=user.id, name="nightly")
    session.add(workflow)

    recorded = await record_event(session, Workflow, workflow.id, "workflow.created", {})

    assert recorded.aggregate_type == "workflow"


async def test_a_change_of_the_aggregate_is_sent_and_the_row_locked_before_the_event(
    session: AsyncSession, engine: AsyncEngine, user: User
) -> None:
    sent: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: sent.append(call[2].split()[0]))
    user.display_name = "Ada"
    await record_event(session, User, user.id, "user.renamed", {})

    assert sent == ["UPDATE", "SELECT", "INSERT"]


async def test_an_event_about_a_row_that_is_not_there_is_refused(session: AsyncSession) -> None:
    with pytest.raises(NotFoundError, match="no user with this id"):
        await record_event(session, User, new_id(), "user.renamed", {})


async def test_two_transactions_cannot_record_events_of_one_aggregate_at_once(
    session: AsyncSession, sessions: async_sessionmaker[AsyncSession], user: User
) -> None:
    first = await record_event(session, User, user.id, "user.renamed", {})
    second = asyncio.create_task(_record(sessions, user))
    await asyncio.sleep(0.1)
    waited = not second.done()
    await session.commit()

    assert waited
    assert await second > first.id


async def test_rows_that_refer_to_the_aggregate_can_be_added_meanwhile(
    session: AsyncSession, sessions: async_sessionmaker[AsyncSession], user: User
) -> None:
    await record_event(session, User, user.id, "user.renamed", {})
    async with sessions.begin() as other:
        await other.execute(text("SET LOCAL lock_timeout = '100ms'"))
        other.add(Workflow(owner_id=user.id, name="nightly"))

    assert (await session.scalars(select(Workflow.name))).one() == "nightly"


@pytest.mark.parametrize(
    ("payload", "headers"),
    [
        pytest.param({"text": "x" * EVENT_PAYLOAD_SIZE_BYTES_MAX}, {}, id="a payload that is too large"),
        pytest.param({}, {"text": "x" * EVENT_HEADERS_SIZE_BYTES_MAX}, id="headers that are too large"),
        pytest.param({"text": "a\0b"}, {}, id="a NUL character"),
        pytest.param({"number": float("nan")}, {}, id="not a number"),
    ],
)
async def test_what_the_outbox_cannot_hold_is_refused_when_it_is_recorded(
    database: Database, user: User, payload: dict[str, Any], headers: dict[str, Any]
) -> None:
    async with database.session() as session:
        with pytest.raises(InvalidDataError):
            await record_event(session, User, user.id, "user.renamed", payload, headers=headers)
        await session.rollback()


async def test_a_payload_of_just_the_largest_size_is_taken(session: AsyncSession, user: User) -> None:
    # An object with one key of four characters takes 20 bytes around the text.
    payload = {"text": "x" * (EVENT_PAYLOAD_SIZE_BYTES_MAX - 20)}

    recorded = await record_event(session, User, user.id, "user.renamed", payload)

    assert recorded.id > 0


async def test_many_events_are_stored_in_the_order_in_which_they_are_given(session: AsyncSession) -> None:
    users = [User(id=new_id(), email=f"user{number}@example.org") for number in range(3)]
    session.add_all(users)
    given = [NewEvent(users[number].id, "user.renamed", {"n": place}) for place, number in enumerate([2, 0, 1, 0])]

    event_ids = await record_events(session, User, given)
    stored = (await session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))).all()
    assert [event.event_id for event in stored] == event_ids
    assert [NewEvent(e.aggregate_id, e.event_type, e.payload) for e in stored] == given


async def test_many_events_are_refused_together_when_one_tells_of_a_row_that_is_not_there(
    session: AsyncSession, user: User
) -> None:
    given = [NewEvent(user.id, "user.renamed", {}), NewEvent(new_id(), "user.renamed", {})]

    with pytest.raises(NotFoundError, match="no user with this id"):
        await record_events(session, User, given)
    assert (await session.scalars(select(OutboxEvent))).all() == []


async def test_recording_no_events_does_nothing(session: AsyncSession) -> None:
    assert await record_events(session, User, []) == []


async def test_rows_that_are_named_twice_are_locked_once(session: AsyncSession, user: User) -> None:
    await lock_aggregates(session, User, [user.id, user.id])

    with pytest.raises(NotFoundError):
        await lock_aggregates(session, User, [user.id, user.id, new_id()])


async def test_more_rows_can_be_locked_than_a_statement_has_parameters(session: AsyncSession) -> None:
    with pytest.raises(NotFoundError):
        await lock_aggregates(session, User, [new_id() for _ in range(70_000)])


async def test_rows_of_any_number_are_locked_by_one_statement_and_through_the_primary_key(
    session: AsyncSession, engine: AsyncEngine
) -> None:
    await session.execute(
        text("INSERT INTO users (email) SELECT number || '@example.org' FROM generate_series(1, 20000) AS number")
    )
    await session.execute(text("ANALYZE users"))
    ids = (await session.scalars(select(User.id).limit(100))).all()
    scanned = text("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'users'")
    before = await session.scalar(scanned)
    sent: set[str] = set()
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: sent.add(call[2]))
    for count in (1, 10, 100) * 3:  # from the sixth time on the server may keep one plan for all
        await lock_aggregates(session, User, ids[:count])

    # Beside it, once on each connection, the question whether rows may lie on several servers.
    assert len([statement for statement in sent if "FROM users" in statement]) == 1
    assert await session.scalar(scanned) == before


async def test_two_transactions_that_record_of_the_same_rows_do_not_deadlock(
    sessions: async_sessionmaker[AsyncSession],
) -> None:
    users = [User(id=new_id(), email=f"user{number}@example.org") for number in range(50)]
    async with sessions.begin() as session:
        session.add_all(users)
    given = [NewEvent(user.id, "user.renamed", {}) for user in users]

    async def record_all(events: list[NewEvent]) -> None:
        for _ in range(5):
            async with sessions.begin() as session:
                await record_events(session, User, events)

    async with asyncio.TaskGroup() as group:
        group.create_task(record_all(given))
        group.create_task(record_all(given[::-1]))


async def _record(sessions: async_sessionmaker[AsyncSession], user: User) -> int:
    async with sessions.begin() as session:
        return (await record_event(session, User, user.id, "user.renamed", {})).id
