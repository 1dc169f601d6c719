"""Through a PgBouncer in transaction mode, whose two connections serve everybody by turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text
from sqlalchemy.engine import URL, make_url

from flowforge_schema import (
    Database,
    DatabaseSettings,
    DatabaseUnavailableError,
    ReadOnlyError,
    StatementTimeoutError,
    User,
)

TIMEOUTS = (
    "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
    " current_setting('idle_in_transaction_session_timeout'), current_setting('TimeZone')"
)


class Server(Protocol):
    """What these tests need of a server of their own."""

    url: URL


@pytest.fixture
def bouncer_url(own_server: Server, pgbouncer_of: Callable[[Server], URL]) -> SecretStr:
    return SecretStr(pgbouncer_of(own_server).render_as_string(hide_password=False))


@pytest.fixture
async def database_with(bouncer_url: SecretStr) -> AsyncIterator[Callable[..., Database]]:
    """Yield what makes a Database through the PgBouncer with other settings than the usual."""
    made: list[Database] = []

    def make(**settings: Any) -> Database:
        made.append(Database(DatabaseSettings(url=bouncer_url, through_pgbouncer=True, **settings)))
        return made[-1]

    yield make
    for database in made:
        await database.dispose()


@pytest.fixture
def database(database_with: Callable[..., Database]) -> Database:
    return database_with(application_name="api")


@pytest.fixture
def hasty_database(database_with: Callable[..., Database]) -> Database:
    return database_with(statement_timeout_ms=500, lock_timeout_ms=200)


async def run(database: Database, statement: str) -> tuple[object, ...]:
    async with database.session() as session:
        return tuple((await session.execute(text(statement))).one())


async def test_without_its_mode_the_startup_is_refused(bouncer_url: SecretStr) -> None:
    database = Database(DatabaseSettings(url=bouncer_url))

    with pytest.raises(DatabaseUnavailableError) as raised:
        await run(database, "SELECT 1")

    assert "unsupported startup parameter in options" in str(raised.value.__cause__)


async def test_every_transaction_has_the_timeouts(hasty_database: Database) -> None:
    seen = await asyncio.gather(*[run(hasty_database, TIMEOUTS) for _ in range(10)])

    assert set(seen) == {("500ms", "200ms", "30s", "UTC")}


async def test_a_timeout_is_in_force(hasty_database: Database) -> None:
    with pytest.raises(StatementTimeoutError):
        await run(hasty_database, "SELECT 1 FROM pg_sleep(10)")

    assert await run(hasty_database, "SELECT 1") == (1,)


async def test_nothing_of_a_transaction_is_left_for_the_next_client(
    hasty_database: Database, bouncer_url: SecretStr
) -> None:
    await asyncio.gather(*[run(hasty_database, TIMEOUTS) for _ in range(10)])

    # A client that sets nothing itself sees what was left.
    url = make_url(bouncer_url.get_secret_value())
    async with await psycopg.AsyncConnection.connect(
        host=str(url.query["host"]), port=url.port, user=url.username, dbname=url.database, autocommit=True
    ) as other:
        seen = {(await (await other.execute(TIMEOUTS)).fetchone() or ("",))[0] for _ in range(10)}

    assert seen == {"0"}


async def test_the_application_name_is_passed_on(database: Database) -> None:
    assert await run(database, "SELECT current_setting('application_name')") == ("api",)


async def use_often(database: Database, times: int) -> None:
    for _ in range(times):
        async with database.session() as session:
            await session.execute(select(User).where(User.email == "ada@example.org"))


async def test_prepared_statements_work_while_transactions_move_between_connections(database: Database) -> None:
    await asyncio.gather(*[use_often(database, 20) for _ in range(8)])

    prepared = await run(database, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM users%'")
    assert prepared == (1,)


async def test_statements_are_not_prepared_where_the_settings_say_so(database_with: Callable[..., Database]) -> None:
    database = database_with(prepares_statements=False)
    await asyncio.gather(*[use_often(database, 20) for _ in range(8)])

    assert await run(database, "SELECT count(*) FROM pg_prepared_statements") == (0,)


async def test_prepared_statements_survive_a_change_of_the_table(database: Database) -> None:
    await use_often(database, 20)
    async with database.session() as session:
        await session.execute(text("ALTER TABLE users ADD COLUMN nickname text"))

    await use_often(database, 20)


async def test_many_clients_share_the_two_connections(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.session() as session:
            session.add(User(email=f"{number}@example.org"))

    await asyncio.gather(*[write(number) for number in range(50)])

    async with database.session() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 50


async def test_a_read_session_refuses_to_write(database: Database) -> None:
    async with database.read_session() as session:
        with pytest.raises(ReadOnlyError):
            await session.execute(text("DELETE FROM users"))


async def test_a_failed_transaction_leaves_the_connection_usable(hasty_database: Database) -> None:
    for _ in range(10):
        with pytest.raises(StatementTimeoutError):
            await run(hasty_database, "SELECT 1 FROM pg_sleep(1)")

    assert hasty_database.pool_state().checked_out == 0
    assert await run(hasty_database, "SELECT 1") == (1,)
