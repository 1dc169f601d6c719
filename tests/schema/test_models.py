"""What an object of a model does before and after a flush, beyond what SQLAlchemy does by itself."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from flowforge_schema import (
    ApiKey,
    Database,
    InvalidDataError,
    OutboxEvent,
    RunStepLog,
    User,
    Workflow,
    WorkflowRun,
    WorkflowStep,
)
from flowforge_schema.models import metadata

SETTINGS = {"retries": {"count": 1, "delays": [1, 2]}, "tags": ["a", {"b": 1}]}


async def test_a_new_user_has_its_timestamps_without_another_query(session: AsyncSession) -> None:
    user = User(email="ada@example.org")
    session.add(user)
    await session.flush()

    assert user.created_at == user.updated_at


async def test_a_password_hash_is_read_only_when_it_is_asked_for(session: AsyncSession) -> None:
    user = User(email="ada@example.org", password_hash="argon2")  # noqa: S106 - no password
    session.add(user)
    await session.flush()
    session.expunge_all()
    read = await session.get_one(User, user.id)

    with pytest.raises(InvalidRequestError, match="password_hash"):
        _ = read.password_hash
    session.expunge_all()
    asked = await session.get_one(User, user.id, options=[undefer(User.password_hash)])
    assert asked.password_hash == "argon2"  # noqa: S105 - no password


@pytest.mark.parametrize("model", [User, ApiKey, Workflow, WorkflowStep, WorkflowRun])
async def test_the_id_of_an_object_is_known_before_the_flush(model: type[Any]) -> None:
    first, second = model(), model()

    assert isinstance(first.id, UUID)
    assert first.id != second.id


async def test_the_id_that_is_known_is_the_one_that_is_stored(session: AsyncSession) -> None:
    user = User(email="ada@example.org")
    known = user.id
    session.add_all([user, Workflow(owner_id=known, name="report")])
    await session.flush()

    assert user.id == known


async def test_an_id_that_is_given_is_kept() -> None:
    assert User(id=UUID(int=7)).id == UUID(int=7)


async def test_what_a_consumer_tells_duplicates_by_is_known_before_the_flush() -> None:
    assert isinstance(OutboxEvent().event_id, UUID)


def change_a_key(settings: Any) -> None:
    settings["a"] = 2


def change_a_key_inside(settings: Any) -> None:
    settings["retries"]["count"] = 2


def change_an_object_in_a_list(settings: Any) -> None:
    settings["tags"][1]["b"] = 2


def change_what_was_put_in(settings: Any) -> None:
    settings["new"] = {"a": []}
    settings["new"]["a"].append({})
    settings["new"]["a"][0]["deep"] = True


CHANGES: dict[str, Callable[[Any], object]] = {
    "set a key": change_a_key,
    "set a key inside": change_a_key_inside,
    "set a key of an object in a list": change_an_object_in_a_list,
    "change what was put in": change_what_was_put_in,
    "delete a key": lambda settings: settings.__delitem__("tags"),
    "update": lambda settings: settings["retries"].update({"a": {}}, b=1),
    "|=": lambda settings: settings["retries"].__ior__({"a": 1}),
    "setdefault": lambda settings: settings["retries"].setdefault("a", []).append(1),
    "pop": lambda settings: settings.pop("tags"),
    "pop what is not there": lambda settings: settings.pop("no such key", None),
    "popitem": lambda settings: settings["retries"].popitem(),
    "clear": lambda settings: settings["retries"].clear(),
    "append": lambda settings: settings["tags"].append([]),
    "extend": lambda settings: settings["tags"].extend([{}, 1]),
    "+=": lambda settings: settings["tags"].__iadd__(["c"]),
    "*=": lambda settings: settings["tags"].__imul__(2),
    "insert": lambda settings: settings["tags"].insert(0, {"c": 1}),
    "set an element": lambda settings: settings["tags"].__setitem__(0, {"c": 1}),
    "set a slice": lambda settings: settings["tags"].__setitem__(slice(0, 1), [{"c": 1}, 2]),
    "delete an element": lambda settings: settings["tags"].__delitem__(0),
    "delete a slice": lambda settings: settings["tags"].__delitem__(slice(0, 1)),
    "pop an element": lambda settings: settings["tags"].pop(),
    "remove": lambda settings: settings["tags"].remove("a"),
    "reverse": lambda settings: settings["tags"].reverse(),
    "sort": lambda settings: settings["retries"]["delays"].sort(reverse=True),
    "clear a list": lambda settings: settings["tags"].clear(),
}


async def add_workflow(database: Database, **values: Any) -> Workflow:
    async with database.session() as session:
        user = User(email="ada@example.org")
        workflow = Workflow(owner_id=user.id, name="report", **values)
        session.add_all([user, workflow])
    return workflow


async def stored_settings(database: Database, workflow: Workflow) -> Any:
    async with database.read_session() as session:
        return (await session.get_one(Workflow, workflow.id)).settings


async def test_every_change_inside_a_json_value_is_stored(database: Database) -> None:
    lost = []
    workflow = await add_workflow(database, settings=SETTINGS)
    for name, change in CHANGES.items():
        async with database.session() as session:
            read = await session.get_one(Workflow, workflow.id)
            read.settings = SETTINGS
            await session.flush()
            expected = copy.deepcopy(SETTINGS)
            change(expected)
            change(read.settings)
        if await stored_settings(database, workflow) != expected:
            lost.append(name)

    assert lost == []


async def test_a_change_inside_a_value_that_has_just_been_read_is_stored(database: Database) -> None:
    workflow = await add_workflow(database, settings=SETTINGS)
    async with database.session() as session:
        read = await session.get_one(Workflow, workflow.id)
        read.settings["retries"]["count"] = 2

    assert (await stored_settings(database, workflow))["retries"]["count"] == 2
    assert read.lock_version == 2


async def test_a_change_inside_a_value_that_the_server_made_is_stored(database: Database) -> None:
    async with database.session() as session:
        user = User(email="ada@example.org")
        workflow = Workflow(owner_id=user.id, name="report")
        session.add_all([user, workflow])
        await session.flush()
        workflow.settings["a"] = 2

    assert await stored_settings(database, workflow) == {"a": 2}


async def test_a_change_inside_a_list_of_texts_is_stored(database: Database) -> None:
    async with database.session() as session:
        user = User(email="ada@example.org")
        key = ApiKey(user_id=user.id, name="deploy", prefix="ff_live_abc", key_hash=bytes(32), scopes=["read"])
        session.add_all([user, key])
        await session.flush()
        key.scopes.append("write")

    async with database.read_session() as session:
        assert (await session.get_one(ApiKey, key.id)).scopes == ["read", "write"]


async def test_a_change_after_a_refresh_is_stored(database: Database) -> None:
    workflow = await add_workflow(database, settings=SETTINGS)
    async with database.session() as session:
        read = await session.get_one(Workflow, workflow.id)
        await session.refresh(read)
        read.settings["tags"].append("c")

    assert (await stored_settings(database, workflow))["tags"][-1] == "c"


@pytest.mark.parametrize("load", [True, False])
async def test_a_change_of_an_object_that_was_pickled_and_merged_is_stored(database: Database, *, load: bool) -> None:
    workflow = await add_workflow(database, settings=SETTINGS)
    copied = pickle.loads(pickle.dumps(workflow))  # noqa: S301 - our own
    async with database.session() as session:
        merged = await session.merge(copied, load=load)
        merged.settings["retries"]["count"] = 2

    assert (await stored_settings(database, workflow))["retries"]["count"] == 2


async def test_a_dict_that_was_assigned_stays_the_callers_own(database: Database) -> None:
    mine = {"inner": {"a": 1}}
    workflow = await add_workflow(database, settings=mine)
    workflow.settings["inner"]["a"] = 2

    assert mine == {"inner": {"a": 1}}


async def test_a_value_that_an_object_no_longer_holds_changes_it_no_more(database: Database) -> None:
    workflow = await add_workflow(database, settings={"old": {}})
    async with database.session() as session:
        read = await session.get_one(Workflow, workflow.id)
        old = read.settings
        read.settings = {"new": 1}
        await session.flush()
        old["old"] = 2

        assert not session.is_modified(read)


async def test_reading_a_value_changes_nothing(database: Database) -> None:
    workflow = await add_workflow(database, settings=SETTINGS)
    async with database.session() as session:
        read = await session.get_one(Workflow, workflow.id)
        assert (json.loads(json.dumps(read.settings)), dict(read.settings)) == (SETTINGS, SETTINGS)

        assert not session.is_modified(read)


async def test_a_document_that_is_nested_as_deep_as_python_can_read_is_tracked(session: AsyncSession) -> None:
    user = User(email="ada@example.org")
    workflow = Workflow(owner_id=user.id, name="report")
    session.add_all([user, workflow])
    await session.flush()
    deep = "CAST(repeat('{\"a\":', 600) || '{}' || repeat('}', 600) AS jsonb)"
    await session.execute(text(f"UPDATE workflows SET settings = {deep}"))
    await session.refresh(workflow)
    innermost = workflow.settings
    while innermost:
        innermost = innermost["a"]
    innermost["b"] = 1

    assert session.is_modified(workflow)


def test_a_container_that_holds_itself_is_refused() -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless

    with pytest.raises(InvalidDataError) as raised:
        Workflow(settings=endless)
    assert raised.value.field == "settings"


def test_a_copy_of_a_value_is_plain() -> None:
    copied = copy.deepcopy(Workflow(settings=SETTINGS).settings)

    assert (copied, type(copied), type(copied["tags"])) == (SETTINGS, dict, list)


def test_every_json_and_array_column_is_tracked() -> None:
    models = (User, ApiKey, Workflow, WorkflowStep, WorkflowRun, RunStepLog, OutboxEvent)
    plain: dict[type[Any], Any] = {dict: {}, list: []}
    untracked = [
        f"{model.__tablename__}.{column.name}"
        for model in models
        for column in metadata.tables[model.__tablename__].columns
        if column.type.python_type in plain
        and type(getattr(model(**{column.name: plain[column.type.python_type]}), column.name)) in plain
    ]

    assert untracked == []
