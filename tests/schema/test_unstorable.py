"""A value that is refused before it reaches the server: an error of the caller that names the field, and never the value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text, update

from flowforge_schema import (
    ApiKey,
    Database,
    DatabaseSettings,
    InvalidDataError,
    NewEvent,
    User,
    Workflow,
    WorkflowRun,
    record_event,
    record_events,
    stuck_runs,
)
from flowforge_schema.engine import create_script_engine

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 - what is refused


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(levels - 1):
        document = {"a": document}
    return document


REFUSED: dict[str, tuple[str, Any, str]] = {
    "NUL in a text": ("display_name", "a\0", "a text cannot contain the NUL character"),
    "a lone surrogate": ("display_name", "a\ud800", "a text cannot contain a lone surrogate"),
    "a naive datetime": ("last_login_at", NAIVE, "a timestamp must have a time zone"),
}
REFUSED_DOCUMENTS: dict[str, tuple[Any, str]] = {
    "NUL": ({"a": "\0"}, "a text cannot contain the NUL character"),
    "NUL in a key": ({"\0": 1}, "a text cannot contain the NUL character"),
    "a lone surrogate": ({"a": ["\udfff"]}, "a text cannot contain a lone surrogate"),
    "NaN": ({"a": float("nan")}, "a number must be finite and within the range of a double"),
    "infinity": ({"a": [float("-inf")]}, "a number must be finite and within the range of a double"),
    "too many digits": ({"a": 10**5000}, "a number must be finite and within the range of a double"),
    "nested too deep": (nested(101), "a document cannot nest deeper than 100 levels"),
    "lists nested too deep": ({"a": [nested(99)]}, "a document cannot nest deeper than 100 levels"),
}


async def store(database: Database, *objects: object) -> None:
    async with database.session() as session:
        session.add_all(objects)


@pytest.mark.parametrize(("field", "value", "why"), REFUSED.values(), ids=REFUSED)
async def test_a_refused_value_is_told_by_its_field(database: Database, field: str, value: Any, why: str) -> None:
    with pytest.raises(InvalidDataError) as raised:
        await store(database, User(email="ada@example.org", **{field: value}))

    assert (raised.value.field, raised.value.message) == (field, f"A value cannot be stored: {why}.")


@pytest.mark.parametrize(("document", "why"), REFUSED_DOCUMENTS.values(), ids=REFUSED_DOCUMENTS)
async def test_a_refused_document_is_told_by_its_field(database: Database, document: Any, why: str) -> None:
    user = User(email="ada@example.org")

    with pytest.raises(InvalidDataError) as raised:
        await store(database, user, Workflow(owner_id=user.id, name="report", settings=document))

    assert (raised.value.field, raised.value.message) == ("settings", f"A value cannot be stored: {why}.")


async def test_a_document_nested_as_deep_as_allowed_is_stored(database: Database) -> None:
    user = User(email="ada@example.org")

    await store(database, user, Workflow(owner_id=user.id, name="report", settings=nested(100)))


async def rename(database: Database, user_id: UUID) -> None:
    async with database.session() as session:
        (await session.get_one(User, user_id)).display_name = "a\0"


async def test_a_refused_value_of_an_update_is_told_by_its_field(database: Database) -> None:
    user = User(email="ada@example.org")
    await store(database, user)

    with pytest.raises(InvalidDataError) as raised:
        await rename(database, user.id)

    assert raised.value.field == "display_name"


async def test_a_refused_value_among_many_rows_is_told_by_its_field(database: Database) -> None:
    users = [User(email=f"{number}@example.org", display_name="a\0" if number == 50 else "a") for number in range(100)]

    with pytest.raises(InvalidDataError) as raised:
        await store(database, *users)

    assert raised.value.field == "display_name"


STATEMENTS: dict[str, Any] = {
    "insert": insert(User).values(email="ada@example.org", last_login_at=NAIVE),
    "update": update(User).values(last_login_at=NAIVE),
    "where": select(User).where(User.last_login_at < NAIVE),
    "a query pattern": stuck_runs(NAIVE),
    "text": text("SELECT :moment").bindparams(moment=NAIVE),
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
async def test_a_naive_datetime_is_refused_wherever_a_statement_holds_it(database: Database, statement: Any) -> None:
    with pytest.raises(InvalidDataError, match="a timestamp must have a time zone"):
        await execute(database, statement)


async def execute(database: Database, statement: Any) -> None:
    async with database.session() as session:
        await session.execute(statement)


def test_a_naive_datetime_is_refused_on_a_synchronous_connection_too(database_url: str) -> None:
    engine = create_script_engine(DatabaseSettings.load(database_url))

    with engine.connect() as connection, pytest.raises(InvalidDataError):
        connection.execute(text("SELECT :moment"), {"moment": NAIVE})


async def test_a_datetime_with_a_zone_comes_back_as_the_same_moment(database: Database) -> None:
    moment = datetime.fromisoformat("2026-01-01T05:00:00+05:00")
    user = User(email="ada@example.org", last_login_at=moment)
    await store(database, user)

    async with database.read_session() as session:
        assert (await session.get_one(User, user.id)).last_login_at == moment == datetime(2026, 1, 1, tzinfo=UTC)


async def record_one(database: Database, user_id: UUID, **documents: Any) -> None:
    async with database.session() as session:
        await record_event(session, User, user_id, "user.added", **{"payload": {}, **documents})


async def record_many(database: Database, user_id: UUID, **documents: Any) -> None:
    async with database.session() as session:
        await record_events(session, User, [NewEvent(user_id, "user.added", **{"payload": {}, **documents})])


@pytest.mark.parametrize("record", [record_one, record_many])
@pytest.mark.parametrize("field", ["payload", "headers"])
@pytest.mark.parametrize(("document", "why"), REFUSED_DOCUMENTS.values(), ids=REFUSED_DOCUMENTS)
async def test_a_refused_document_of_an_event_is_told_by_its_field(
    database: Database, record: Callable[..., Awaitable[None]], field: str, document: Any, why: str
) -> None:
    user = User(email="ada@example.org")
    await store(database, user)

    with pytest.raises(InvalidDataError) as raised:
        await record(database, user.id, **{field: document})

    assert (raised.value.field, raised.value.message) == (field, f"A value cannot be stored: {why}.")


@pytest.mark.parametrize("record", [record_one, record_many])
async def test_an_event_nested_as_deep_as_allowed_is_recorded(
    database: Database, record: Callable[..., Awaitable[None]]
) -> None:
    user = User(email="ada@example.org")
    await store(database, user)

    await record(database, user.id, payload=nested(100), headers=nested(100))


async def test_a_status_that_is_none_is_told_by_its_field(database: Database) -> None:
    with pytest.raises(InvalidDataError) as raised:
        await store(database, WorkflowRun(workflow_id=UUID(int=1), workflow_version=1, status="halted"))

    assert (raised.value.field, raised.value.message) == (
        "status",
        "A value cannot be stored: this release does not know the label.",
    )


async def test_a_refused_element_of_a_list_is_told_by_its_field(database: Database) -> None:
    user = User(email="ada@example.org")
    key = ApiKey(user_id=user.id, name="deploy", prefix="ff_live_abc", key_hash=bytes(32), scopes=["read", "a\0"])

    with pytest.raises(InvalidDataError) as raised:
        await store(database, user, key)

    assert raised.value.field == "scopes"
