"""What happens after an error that is caught inside the block."""

from __future__ import annotations

import contextlib
import gc

import pytest
from sqlalchemy import select, text

from flowforge_schema import AppError, ConflictError, Database, DatabaseUnavailableError, InvalidDataError, User


async def test_a_savepoint_lets_a_unit_of_work_go_on_after_a_conflict(database: Database) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))

    async with database.session() as session:
        with pytest.raises(ConflictError):
            async with session.begin_nested():
                session.add(User(email="ada@example.org"))
        session.add(User(email="grace@example.org"))

    async with database.read_session() as session:
        assert len((await session.scalars(select(User))).all()) == 2


async def swallow(database: Database, statement: str) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))
        await session.flush()
        with contextlib.suppress(AppError):
            await session.execute(text(statement))


@pytest.mark.parametrize(
    "statement", ["SELECT 1 / 0", "SELECT pg_terminate_backend(pg_backend_pid())"], ids=["failed", "lost"]
)
async def test_a_failure_that_is_swallowed_does_not_pass_for_a_commit(database: Database, statement: str) -> None:
    with contextlib.suppress(AppError):
        await swallow(database, statement)
        pytest.fail("the block ended as if everything had been stored")

    async with database.read_session() as session:  # the next who takes the connection is served
        assert (await session.scalars(select(User))).all() == []


async def lose_the_connection_in_a_stream(database: Database) -> None:
    async with database.session() as session:
        backend = await session.scalar(text("SELECT pg_backend_pid()"))
        rows = await session.stream(text("SELECT repeat('x', 1000) FROM generate_series(1, 100000)"))
        async with database.session() as other:
            await other.execute(text("SELECT pg_terminate_backend(:backend, 5000)"), {"backend": backend})
        async for _ in rows:
            pass


@pytest.mark.filterwarnings("ignore:.*ServerCursor.*was deleted while still open")  # its server is gone
async def test_a_connection_that_is_lost_in_a_stream_leaves_nothing_unknown_though_it_has_committed_before(
    database: Database,
) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))

    with pytest.raises(DatabaseUnavailableError):
        await lose_the_connection_in_a_stream(database)
    gc.collect()


async def test_an_error_in_the_middle_of_a_stream_is_translated(database: Database) -> None:
    async with database.read_session() as session:
        rows = await session.stream(text("SELECT 1 / (5000 - number) FROM generate_series(1, 10000) AS number"))
        with pytest.raises(InvalidDataError):
            async for _ in rows:
                pass
