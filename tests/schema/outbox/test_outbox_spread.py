"""Many aggregates on a server that may spread rows: locked one by one, in the order of their ids, with the same outcome."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import event, text

from flowforge_schema import Database, NewEvent, NotFoundError, User, record_events


async def users(database: Database) -> list[User]:
    async with database.session() as session:
        made = [User(email=f"{number}@example.org") for number in range(3)]
        session.add_all(made)
    return made


async def test_rows_that_may_lie_on_several_servers_are_locked_one_by_one_in_order(database: Database) -> None:
    made, locked = await users(database), []

    @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if "FOR NO KEY UPDATE" in statement:
            locked.append(next(iter(parameters.values())))  # type: ignore[attr-defined]

    for is_spread in (True, False):
        async with database.session() as session:
            if is_spread:  # a setting of the engine's, which a plain server takes for a name that nobody reads
                await session.execute(text("SET citus.shard_count = 4"))
            await record_events(session, User, [NewEvent(user.id, "user.changed", {}) for user in reversed(made)])
            await session.execute(text("RESET citus.shard_count"))
        await database.dispose()

    assert locked[:-1] == [[user.id] for user in sorted(made, key=lambda user: user.id)]
    assert sorted(locked[-1]) == sorted(user.id for user in made)


async def test_one_that_is_not_there_is_missed_all_the_same(database: Database) -> None:
    [one, *_] = await users(database)

    async with database.session() as session:
        await session.execute(text("SET citus.shard_count = 4"))
        with pytest.raises(NotFoundError):
            await record_events(session, User, [NewEvent(id_, "x", {}) for id_ in (one.id, uuid4())])
