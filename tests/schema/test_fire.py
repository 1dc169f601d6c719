"""Under fire, on a server that goes on: the right error each time, and afterwards the pool is whole and the next request works."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import anyio
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema import (
    CommitUnknownError,
    Database,
    DatabaseUnavailableError,
    DbSession,
    DeadlockError,
    LockTimeoutError,
    PoolExhaustedError,
    ReadOnlyError,
    StatementTimeoutError,
    UnexpectedDatabaseError,
    User,
    install_error_handlers,
)
from pgharness.databases import Database as OwnDatabase

MakeDatabase = Callable[..., Database]

REQUESTS = 500


@pytest.fixture(autouse=True)
async def the_pool_is_whole_afterwards_and_the_next_request_works(database: Database) -> AsyncIterator[None]:
    yield
    assert database.pool_state().checked_out == 0
    async with database.session() as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def backend_of(session: AsyncSession) -> int:
    return await session.scalar(text("SELECT pg_backend_pid()")) or 0


def terminate(server: OwnDatabase, *backends: int) -> None:
    with server.connect() as connection:
        for backend in backends:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


def running_statements(server: OwnDatabase) -> int:
    with server.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()"
        ).fetchone()
    return row[0] if row else 0


async def no_statement_is_left(server: OwnDatabase) -> bool:
    """Whether every statement ends soon.

    A request to cancel may overtake its statement, and is then lost: the server stops that one when it next looks for its client.
    """
    async with asyncio.timeout(15):  # psycopg waits for 5 s, then hangs up
        while running_statements(server):  # noqa: ASYNC110 - a server tells nobody
            await asyncio.sleep(0.1)
    return True


# The backend is killed


async def sleep_and_be_killed(database: Database, server: OwnDatabase) -> None:
    async with database.session() as session:
        backend = await backend_of(session)
        sleeping = asyncio.ensure_future(session.execute(text("SELECT pg_sleep(10)")))
        await asyncio.sleep(0.05)
        await asyncio.to_thread(terminate, server, backend)
        await sleeping


async def test_a_backend_that_is_killed_in_a_statement_makes_the_database_unavailable(
    database: Database, migrated_database: OwnDatabase
) -> None:
    with pytest.raises(DatabaseUnavailableError) as raised:
        await sleep_and_be_killed(database, migrated_database)

    assert (type(raised.value), raised.value.retryable) == (DatabaseUnavailableError, True)


async def be_killed_before_commit(database: Database, server: OwnDatabase) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))
        await session.flush()
        terminate(server, await backend_of(session))


async def test_a_connection_that_is_lost_at_commit_leaves_the_outcome_unknown(
    database: Database, migrated_database: OwnDatabase
) -> None:
    with pytest.raises(CommitUnknownError) as raised:
        await be_killed_before_commit(database, migrated_database)

    assert not raised.value.retryable


async def be_killed_and_fail(database: Database, server: OwnDatabase, error: type[BaseException]) -> None:
    async with database.session() as session:
        terminate(server, await backend_of(session))
        raise error


@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError, KeyboardInterrupt])
async def test_the_error_of_the_block_is_not_hidden_by_a_lost_connection(
    database: Database, migrated_database: OwnDatabase, error: type[BaseException]
) -> None:
    with pytest.raises(error):
        await be_killed_and_fail(database, migrated_database, error)


async def hold(database: Database, everybody_is_here: asyncio.Barrier) -> int:
    async with database.session() as session:
        backend = await backend_of(session)
        await everybody_is_here.wait()
    return backend


async def fill_the_pool(database: Database) -> list[int]:
    """Open as many connections as the pool keeps, and give their backends."""
    barrier = asyncio.Barrier(database.settings.pool_size)
    return await asyncio.gather(*[hold(database, barrier) for _ in range(database.settings.pool_size)])


async def test_connections_that_are_killed_while_idle_are_replaced_without_an_error(
    database: Database, migrated_database: OwnDatabase
) -> None:
    backends = await fill_the_pool(database)
    terminate(migrated_database, *backends)

    assert set(await fill_the_pool(database)).isdisjoint(backends)


# The pool is exhausted


async def test_an_exhausted_pool_is_told_after_its_timeout(database_with: MakeDatabase) -> None:
    database = database_with(pool_size=1, max_overflow=1, pool_timeout_s=0.2)

    async with database.session() as first, database.session() as second:
        await first.execute(text("SELECT 1"))
        await second.execute(text("SELECT 1"))
        started = time.monotonic()
        with pytest.raises(PoolExhaustedError):
            async with database.session() as third:
                await third.execute(text("SELECT 1"))
        waited_s = time.monotonic() - started

    assert 0.2 <= waited_s < 4  # SQLAlchemy's own limit would be 30
    assert database.pool_state().checked_out == 0


async def test_a_request_that_waits_gets_the_connection_that_becomes_free(database_with: MakeDatabase) -> None:
    database = database_with(pool_size=1, max_overflow=0, pool_timeout_s=60)

    async def work() -> int:
        async with database.session() as session:
            return await session.scalar(text("SELECT 1 FROM pg_sleep(0.001)")) or 0

    assert sum(await asyncio.gather(*[work() for _ in range(100)])) == 100


# Requests are cancelled


async def sleep_in_the_database(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text("SELECT pg_sleep(30)"))


async def test_cancelling_500_tasks_in_a_query_leaves_no_connection_and_no_statement_behind(
    database: Database, migrated_database: OwnDatabase
) -> None:
    tasks = [asyncio.create_task(sleep_in_the_database(database)) for _ in range(REQUESTS)]
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
    assert database.pool_state().checked_out == 0
    assert await no_statement_is_left(migrated_database)


async def test_a_cancel_scope_that_cancels_again_and_again_leaves_no_connection_behind(
    database: Database, migrated_database: OwnDatabase
) -> None:
    with anyio.move_on_after(0.3) as scope:
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(sleep_in_the_database, database)

    assert scope.cancelled_caught
    assert database.pool_state().checked_out == 0
    assert await no_statement_is_left(migrated_database)


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(lifespan=database.lifespan)
    install_error_handlers(app)

    @app.get("/sleep")
    async def sleep(session: DbSession) -> None:
        await session.execute(text("SELECT pg_sleep(30)"))

    @app.get("/")
    async def root(session: DbSession) -> int:
        return await session.scalar(text("SELECT 1")) or 0

    transport = httpx.ASGITransport(app)
    async with database.lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


async def test_cancelling_500_http_requests_in_a_query_leaves_the_next_one_unharmed(
    database: Database, migrated_database: OwnDatabase, client: httpx.AsyncClient
) -> None:
    tasks = [asyncio.create_task(client.get("/sleep")) for _ in range(REQUESTS)]
    await asyncio.sleep(1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    answer = await client.get("/")

    assert (answer.status_code, answer.json()) == (200, 1)
    assert database.pool_state().checked_out == 0
    assert await no_statement_is_left(migrated_database)


async def test_clients_of_an_exhausted_pool_are_told_to_come_back(
    database_with: MakeDatabase,
) -> None:
    small = database_with(pool_size=1, max_overflow=0, pool_timeout_s=0.2)
    app = FastAPI(lifespan=small.lifespan)
    install_error_handlers(app)

    @app.get("/")
    async def root(session: DbSession) -> None:
        await session.execute(text("SELECT pg_sleep(1)"))

    async with small.lifespan(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as api:
        answers = await asyncio.gather(*[api.get("/") for _ in range(10)])

    assert sorted(answer.status_code for answer in answers) == [200, *[503] * 9]
    assert {answer.headers.get("retry-after") for answer in answers if answer.status_code == 503} == {"1"}


# A limit is reached


async def test_a_statement_beyond_its_timeout_is_stopped(database_with: MakeDatabase) -> None:
    database = database_with(statement_timeout_ms=500, lock_timeout_ms=250)

    with pytest.raises(StatementTimeoutError):
        await sleep_in_the_database(database)

    assert database.pool_state().checked_out == 0


async def test_a_transaction_beyond_its_timeout_is_stopped(database_with: MakeDatabase) -> None:
    database = database_with(transaction_timeout_ms=1000)

    with pytest.raises(StatementTimeoutError):
        await sleep_in_the_database(database)

    assert database.pool_state().checked_out == 0


async def wait_for_a_lock(holder: Database, waiter: Database, statement: str) -> None:
    async with holder.session() as first:
        await first.execute(text("LOCK TABLE users"))
        async with waiter.session() as second:
            await second.execute(text(statement))


@pytest.mark.parametrize("statement", ["SELECT * FROM users", "LOCK TABLE users NOWAIT"])
async def test_a_lock_that_is_not_to_be_had_is_a_lock_timeout(
    database: Database, database_with: MakeDatabase, statement: str
) -> None:
    waiter = database_with(lock_timeout_ms=250)

    with pytest.raises(LockTimeoutError):
        await wait_for_a_lock(database, waiter, statement)

    assert waiter.pool_state().checked_out == 0


async def idle_in_a_transaction(database: Database, statement_after: str | None) -> None:
    async with database.session() as session:
        session.add(User(email="ada@example.org"))
        await session.flush()
        await asyncio.sleep(1.5)
        if statement_after:
            await session.execute(text(statement_after))


@pytest.mark.parametrize("statement_after", ["SELECT 1", None], ids=["statement", "commit"])
async def test_a_transaction_that_idles_for_too_long_is_a_bug_of_ours(
    database_with: MakeDatabase, statement_after: str | None
) -> None:
    database = database_with(idle_in_transaction_timeout_ms=500)

    with pytest.raises(UnexpectedDatabaseError) as raised:
        await idle_in_a_transaction(database, statement_after)

    assert raised.value.sqlstate == "25P03"
    assert database.pool_state().checked_out == 0


async def test_a_connection_that_idles_for_too_long_is_closed_by_the_server_and_replaced(
    database_with: MakeDatabase,
) -> None:
    database = database_with(idle_timeout_s=1)
    async with database.session() as session:
        first = await backend_of(session)
    await asyncio.sleep(1.5)
    async with database.session() as session:
        second = await backend_of(session)

    assert first != second


# Two transactions are in each other's way


async def lock_two(database: Database, first: int, second: int, barrier: asyncio.Barrier) -> None:
    async with database.session() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": first})
        await barrier.wait()
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": second})


async def test_one_of_two_transactions_that_deadlock_is_told_and_the_other_goes_on(database: Database) -> None:
    barrier = asyncio.Barrier(2)

    outcomes = await asyncio.gather(
        lock_two(database, 1, 2, barrier), lock_two(database, 2, 1, barrier), return_exceptions=True
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [DeadlockError.__name__, "NoneType"]


# The database no longer takes changes


async def test_a_database_that_has_become_read_only_refuses_a_write(
    database: Database, migrated_database: OwnDatabase
) -> None:
    with migrated_database.connect() as connection:
        connection.execute(f"ALTER DATABASE {migrated_database.name} SET default_transaction_read_only = on")

    with pytest.raises(ReadOnlyError):
        async with database.session() as session:
            session.add(User(email="ada@example.org"))
