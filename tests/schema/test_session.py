from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import anyio
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema import (
    ConfigurationError,
    ConflictError,
    Database,
    PoolState,
    ReadOnlyError,
    UnexpectedDatabaseError,
    User,
    Workflow,
)


async def count_users(database: Database) -> int:
    async with database.read_session() as session:
        return await session.scalar(select(func.count()).select_from(User)) or 0


async def add_a_user_and_stop(database: Database) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))
        await session.flush()
        raise KeyboardInterrupt


async def test_a_unit_of_work_is_committed_when_its_block_ends(database: Database) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))

    assert await count_users(database) == 1


async def test_a_unit_of_work_is_rolled_back_when_anything_leaves_its_block(database: Database) -> None:
    with pytest.raises(KeyboardInterrupt):
        await add_a_user_and_stop(database)

    assert await count_users(database) == 0


async def test_a_violated_constraint_is_told_by_name_and_field(database: Database) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))

    with pytest.raises(ConflictError) as raised:
        async with database.session() as session:
            session.add(User(email="ADA@example.org"))

    assert (raised.value.constraint, raised.value.field) == ("uq_users__casefold_email", "email")


async def test_a_read_session_stores_nothing(database: Database) -> None:
    async with database.read_session() as session:
        session.add(User(email="ada@example.org"))
        with pytest.raises(ReadOnlyError):
            await session.flush()


async def add_a_user_to(session: AsyncSession, _user_id: UUID) -> None:
    session.add(User(email="bob@example.org"))


async def rename_in(session: AsyncSession, user_id: UUID) -> None:
    (await session.get_one(User, user_id)).display_name = "Ada"


async def delete_in(session: AsyncSession, user_id: UUID) -> None:
    await session.delete(await session.get_one(User, user_id))


async def change_inside_a_value_in(session: AsyncSession, _user_id: UUID) -> None:
    (workflow,) = await session.scalars(select(Workflow))
    workflow.settings["a"] = 1


async def write_unsent(database: Database, user_id: UUID, write: Callable[..., Awaitable[None]]) -> None:
    async with database.read_session() as session:
        await write(session, user_id)


@pytest.mark.parametrize("write", [add_a_user_to, rename_in, delete_in, change_inside_a_value_in])
async def test_a_read_session_refuses_a_change_that_was_never_sent(
    database: Database, write: Callable[..., Awaitable[None]]
) -> None:
    user = User(email="ada@example.org")
    async with database.session() as session:
        session.add_all([user, Workflow(owner_id=user.id, name="report")])

    with pytest.raises(ReadOnlyError):
        await write_unsent(database, user.id, write)


async def test_a_read_session_takes_what_was_set_to_what_it_was(database: Database) -> None:
    user = User(email="ada@example.org", display_name="Ada")
    async with database.session() as session:
        session.add(user)

    await write_unsent(database, user.id, rename_in)


async def stop_in_a_read_session(database: Database) -> None:
    async with database.read_session() as session:
        session.add(User(email="ada@example.org"))
        raise KeyboardInterrupt


async def test_what_ends_a_read_session_early_is_told_rather_than_its_changes(database: Database) -> None:
    with pytest.raises(KeyboardInterrupt):
        await stop_in_a_read_session(database)


async def stream(session: AsyncSession) -> None:
    await session.stream(select(User))


AFTER_THE_BLOCK: dict[str, Callable[[AsyncSession], Any]] = {
    "execute": lambda session: session.execute(select(User)),
    "scalars": lambda session: session.scalars(select(User)),
    "scalar": lambda session: session.scalar(select(User)),
    "get": lambda session: session.get(User, UUID(int=1)),
    "get_one": lambda session: session.get_one(User, UUID(int=1)),
    "stream": stream,
    "connection": lambda session: session.connection(),
    "commit": lambda session: session.commit(),
    "merge": lambda session: session.merge(User(email="ada@example.org")),
}


@pytest.mark.parametrize("use", AFTER_THE_BLOCK.values(), ids=AFTER_THE_BLOCK)
@pytest.mark.parametrize("kind", ["session", "read_session"])
async def test_a_session_used_after_its_block_is_a_bug_that_is_told_as_one(
    database: Database, use: Callable[[AsyncSession], Any], kind: str
) -> None:
    async with getattr(database, kind)() as session:
        pass

    with pytest.raises(UnexpectedDatabaseError):
        await use(session)


@pytest.mark.parametrize("use", [AsyncSession.add, AsyncSession.begin], ids=["add", "begin"])
async def test_a_session_written_to_after_its_block_is_a_bug_that_is_told_as_one(
    database: Database, use: Callable[..., Any]
) -> None:
    async with database.session() as session:
        pass

    with pytest.raises(UnexpectedDatabaseError):
        await started(use(session, *[User(email="ada@example.org")] * (use is AsyncSession.add)), session)


async def started(begun: Any, session: AsyncSession) -> None:
    if begun is not None:
        await begun
    await session.flush()


async def test_objects_can_be_read_after_the_block(database: Database) -> None:
    async with database.session() as session:
        user = User(email="ada@example.org")
        session.add(user)

    assert (user.email, user.is_active) == ("ada@example.org", True)


async def test_a_database_may_be_used_again_after_it_has_been_disposed_of(database: Database) -> None:
    await count_users(database)
    await database.dispose()

    assert await count_users(database) == 0


async def test_nothing_connects_before_the_first_session() -> None:
    database = Database("postgresql://nobody@127.0.0.1:9/nothing")

    assert database.pool_state() == PoolState(checked_out=0, idle=0, limit=10)


async def test_the_gauges_follow_the_pool(database: Database) -> None:
    async with database.session() as session:
        await session.execute(select(1))
        inside = database.pool_state()

    assert (inside, database.pool_state()) == (PoolState(1, 0, 10), PoolState(0, 1, 10))


# Two tasks in one session, which the rules forbid


async def share_a_session(database: Database, statements: int = 1) -> list[asyncio.Task[None]]:
    async def work(session: AsyncSession) -> None:
        for _ in range(statements):
            await session.execute(text("SELECT pg_sleep(0.01)"))

    tasks: list[asyncio.Task[None]] = []
    try:
        async with database.session() as session:
            tasks += [asyncio.create_task(work(session)) for _ in range(2)]
            await asyncio.gather(*tasks)
    finally:
        await asyncio.wait(tasks)
    return tasks


@pytest.mark.parametrize("statements", [1, 20])
async def test_a_session_that_two_tasks_share_is_a_bug_that_costs_no_connection(
    database: Database, statements: int
) -> None:
    gc.disable()  # it would give the connection back, sooner or later
    try:
        for _ in range(3):
            with pytest.raises(UnexpectedDatabaseError):
                await share_a_session(database, statements)

        assert database.pool_state().checked_out == 0
    finally:
        gc.enable()


async def test_each_statement_beside_another_of_its_session_is_refused_with_the_mend(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text("SELECT 1"))
        running = asyncio.create_task(session.execute(text("SELECT pg_sleep(0.1)")))
        await asyncio.sleep(0.02)
        for statement in (session.execute(text("SELECT 1")), session.stream(text("SELECT 1"))):
            with pytest.raises(UnexpectedDatabaseError) as raised:
                await statement
            assert "open a session of its own in each task" in str(raised.value.__cause__)
        await running


async def commit_beside_a_statement(database: Database, running: list[asyncio.Task[Any]]) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))
        await session.flush()
        running.append(asyncio.create_task(session.execute(text("SELECT pg_sleep(0.1)"))))
        await asyncio.sleep(0.02)


async def test_a_commit_beside_a_statement_is_refused_and_stores_nothing(database: Database) -> None:
    running: list[asyncio.Task[Any]] = []
    with pytest.raises(UnexpectedDatabaseError):
        await commit_beside_a_statement(database, running)
    await asyncio.wait(running)

    assert await count_users(database) == 0
    assert database.pool_state() == PoolState(0, 1, 10)


async def test_tasks_that_use_a_session_one_after_the_other_are_served(database: Database) -> None:
    async with database.session() as session:
        for _ in range(3):
            await asyncio.wait_for(session.execute(text("SELECT 1")), 5)  # in a task of its own before Python 3.12

    assert database.pool_state() == PoolState(0, 1, 10)


async def fail_while_another_task_connects(database: Database) -> None:
    async with database.session() as session:
        task = asyncio.create_task(session.execute(text("SELECT 1")))
        await asyncio.sleep(0)
        try:
            raise ZeroDivisionError
        finally:
            task.add_done_callback(lambda task: task.exception())


async def test_the_error_of_the_block_is_not_hidden_by_a_task_that_still_uses_the_session(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await fail_while_another_task_connects(database)

    assert database.pool_state().checked_out == 0


# Event loops and processes


def test_one_database_serves_one_event_loop_after_another(database_url: str) -> None:
    database = Database(database_url)

    async def work() -> int:
        try:
            return await count_users(database)
        finally:
            await database.dispose()

    assert [asyncio.run(work()) for _ in range(2)] == [0, 0]


def test_several_databases_serve_several_event_loops_at_once(database_url: str) -> None:
    async def work() -> int:
        database = Database(database_url)
        try:
            return sum([await count_users(database) for _ in range(20)])
        finally:
            await database.dispose()

    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(asyncio.run, work()) for _ in range(4)]

    assert [future.result() for future in futures] == [0] * 4


async def test_a_database_that_another_event_loop_uses_is_refused_with_the_mend(database: Database) -> None:
    await count_users(database)

    with pytest.raises(ConfigurationError, match="make one Database for each application or loop"):
        await asyncio.to_thread(asyncio.run, count_users(database))


async def test_a_database_that_was_disposed_of_serves_another_loop_while_the_first_one_lives(
    database: Database,
) -> None:
    await count_users(database)
    await database.dispose()

    async def work() -> int:
        try:
            return await count_users(database)
        finally:
            await database.dispose()

    assert await asyncio.to_thread(asyncio.run, work()) == 0


async def test_a_session_that_a_cancel_scope_ends_gives_its_connection_back_for_the_next(database: Database) -> None:
    async def backend() -> int:
        async with database.session() as session:
            return await session.scalar(text("SELECT pg_backend_pid()")) or 0

    before = await backend()
    with anyio.move_on_after(0.2):
        async with database.session() as session:
            await session.execute(text("SELECT 1"))
            await anyio.sleep(30)

    assert await backend() == before


USED_BEFORE_AND_AFTER_A_FORK = """
import asyncio, os, sys
from sqlalchemy import text
from flowforge_schema import Database

database = Database(sys.argv[1])

async def backend():
    async with database.session() as session:
        return await session.scalar(text("SELECT pg_backend_pid()"))

loop = asyncio.new_event_loop()
before = loop.run_until_complete(backend())
child = os.fork()
if child == 0:
    forked = asyncio.new_event_loop().run_until_complete(backend())
    os._exit(0 if forked != before else 1)
_, status = os.waitpid(child, 0)
after = loop.run_until_complete(backend())
loop.run_until_complete(database.dispose())
loop.close()
sys.exit(status or before != after)
"""


def test_a_forked_process_makes_connections_of_its_own_and_leaves_the_others_alone(database_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", USED_BEFORE_AND_AFTER_A_FORK, database_url], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
