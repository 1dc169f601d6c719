from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import event, insert, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.pool import NullPool, QueuePool

from flowforge_schema import (
    ConfigurationError,
    ConflictError,
    Database,
    DatabaseSettings,
    InvalidDataError,
    OutboxEvent,
    RunStepLog,
    StatementTimeoutError,
    User,
    Workflow,
    WorkflowRun,
    WorkflowStep,
)
from flowforge_schema.base import new_id
from flowforge_schema.engine import create_script_engine, dump_json

MakeDatabase = Callable[..., Database]


async def setting(database: Database, name: str) -> str:
    async with database.session() as session:
        return await session.scalar(text("SELECT current_setting(:name)"), {"name": name}) or ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("application_name", "flowforge"),
        ("statement_timeout", "30s"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("idle_session_timeout", "5min"),
        ("transaction_timeout", "1min"),
        ("client_connection_check_interval", "2s"),
        ("TimeZone", "UTC"),
        ("transaction_isolation", "read committed"),
        ("transaction_read_only", "off"),
    ],
)
async def test_a_connection_has_the_setting(database: Database, name: str, value: str) -> None:
    assert await setting(database, name) == value


async def test_a_setting_of_the_role_does_not_change_the_isolation_level(database: Database) -> None:
    async with database.session() as session:
        await session.execute(
            text(
                "ALTER DATABASE "
                + (database.engine.url.database or "")
                + " SET default_transaction_isolation = 'serializable'"
            )
        )
    await database.dispose()

    assert await setting(database, "transaction_isolation") == "read committed"


async def test_every_connection_of_the_pool_has_the_timeouts(database_with: MakeDatabase) -> None:
    database = database_with(statement_timeout_ms=1234, lock_timeout_ms=567)

    async with database.session() as one, database.session() as two:
        seen = [await session.scalar(text("SHOW statement_timeout")) for session in (one, two)]

    assert seen == ["1234ms", "1234ms"]


async def test_options_in_the_url_are_kept_and_win(database_url: str) -> None:
    database = Database(f"{database_url}&options=-c%20work_mem%3D5MB%20-c%20lock_timeout%3D9s")

    assert (await setting(database, "work_mem"), await setting(database, "lock_timeout")) == ("5MB", "9s")
    await database.dispose()


async def test_a_peer_that_is_gone_is_looked_for_by_the_kernel(database: Database) -> None:
    async with database.session() as session:
        connection = await (await session.connection()).get_raw_connection()
        assert connection.driver_connection is not None
        parameters = connection.driver_connection.info.get_parameters()

    named = ("tcp_user_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "connect_timeout")
    assert [parameters[name] for name in named] == ["10000", "30", "10", "3", "5"]


async def test_what_the_url_names_wins_over_the_settings(database_url: str) -> None:
    database = Database(f"{database_url}&application_name=mine&connect_timeout=33&tcp_user_timeout=7000")

    async with database.session() as session:
        connection = await (await session.connection()).get_raw_connection()
        assert connection.driver_connection is not None
        parameters = connection.driver_connection.info.get_parameters()
    await database.dispose()

    assert [parameters[name] for name in ("application_name", "connect_timeout", "tcp_user_timeout")] == [
        "mine",
        "33",
        "7000",
    ]


def test_a_url_that_names_what_only_a_setting_can_is_refused(database_url: str) -> None:
    with pytest.raises(ConfigurationError, match="FLOWFORGE_DB_PREPARES_STATEMENTS"):
        Database(f"{database_url}&prepare_threshold=0")


async def test_the_pool_is_made_as_the_settings_say(database: Database) -> None:
    pool = database.engine.pool

    assert isinstance(pool, QueuePool)
    assert (pool.size(), pool._max_overflow, pool._timeout, pool._recycle) == (5, 5, 5.0, 1800)
    assert (pool._pre_ping, pool._pool.use_lifo) == (True, True)


@pytest.mark.parametrize(("rest_s", "pings"), [(60.0, 0), (0.0, 2)])
async def test_a_connection_is_pinged_only_after_a_rest(
    database_with: MakeDatabase, monkeypatch: pytest.MonkeyPatch, rest_s: float, pings: int
) -> None:
    pinged: list[object] = []

    def note(_dialect: object, connection: object) -> bool:
        pinged.append(connection)
        return True

    monkeypatch.setattr("flowforge_schema.engine.sparing.PING_AFTER_S", rest_s)
    monkeypatch.setattr(PGDialectAsync_psycopg, "do_ping", note)
    database = database_with()
    for _ in range(3):  # the first makes the connection
        async with database.session() as session:
            await session.execute(text("SELECT 1"))

    assert len(pinged) == pings


async def test_a_connection_that_was_lost_a_moment_after_its_use_is_replaced(database: Database) -> None:
    async with database.session() as session:
        lost = await session.scalar(text("SELECT pg_backend_pid()"))
    engine = create_script_engine(database.settings)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": lost})
    async with database.session() as session:
        found = await session.scalar(text("SELECT pg_backend_pid()"))

    assert found != lost


async def test_a_connection_that_is_too_old_is_replaced(
    database_with: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    database = database_with(pool_recycle_s=60)
    async with database.session() as session:
        first = await session.scalar(text("SELECT pg_backend_pid()"))
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 61)
    async with database.session() as session:
        second = await session.scalar(text("SELECT pg_backend_pid()"))

    assert first != second


async def test_the_most_recently_used_connection_is_used_again(database: Database) -> None:
    async with database.session() as one, database.session() as two:
        await one.execute(text("SELECT 1"))
        await two.execute(text("SELECT 1"))

    async def backend() -> int:
        async with database.session() as session:
            return await session.scalar(text("SELECT pg_backend_pid()")) or 0

    assert len({await backend() for _ in range(5)}) == 1


# JSON


def test_json_holds_dates_and_uuids_as_texts() -> None:
    value = {"at": datetime(2026, 1, 2, tzinfo=UTC), "id": UUID(int=1)}

    assert json.loads(dump_json(value)) == {"at": "2026-01-02T00:00:00Z", "id": str(UUID(int=1))}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_never_holds_what_jsonb_refuses(number: float) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        dump_json({"number": number})


async def test_a_jsonb_column_takes_dates_and_uuids(database: Database) -> None:
    async with database.session() as session:
        user = User(email="ada@example.org")
        session.add(user)
        await session.flush()
        workflow = Workflow(owner_id=user.id, name="report", settings={"owner": user.id})
        session.add(workflow)
        await session.flush()
        await session.refresh(workflow)

    assert workflow.settings == {"owner": str(user.id)}


# Slow statements


async def test_a_slow_statement_is_logged_with_its_time_and_without_its_values(
    database_with: MakeDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    database = database_with(slow_statement_ms=20)

    async with database.session() as session:
        await session.execute(text("SELECT pg_sleep(0.03), :secret"), {"secret": "s3cret"})

    [record] = [record for record in caplog.records if record.name == "flowforge_schema.engine"]
    assert record.levelno == logging.WARNING
    assert "SELECT pg_sleep(0.03)" in record.message
    assert record.__dict__["took_ms"] >= 30
    assert "s3cret" not in caplog.text


async def test_a_statement_that_times_out_is_logged_as_slow(
    database_with: MakeDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    database = database_with(slow_statement_ms=20, statement_timeout_ms=100, lock_timeout_ms=50)

    with pytest.raises(StatementTimeoutError):
        async with database.session() as session:
            await session.execute(text("SELECT pg_sleep(5), :secret"), {"secret": "s3cret"})

    [record] = [record for record in caplog.records if record.name == "flowforge_schema.engine"]
    assert "SELECT pg_sleep(5)" in record.message
    assert record.__dict__["took_ms"] >= 100
    assert "s3cret" not in caplog.text


async def read_slowly_until_the_rows_fail(database: Database) -> None:
    async with database.read_session() as session:
        rows = await session.stream(text("SELECT 1 / (5000 - number) FROM generate_series(1, 10000) AS number"))
        await asyncio.sleep(1)
        async for _ in rows:
            pass


async def test_a_statement_does_not_count_as_slow_because_its_rows_are_read_late_and_then_fail(
    database_with: MakeDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InvalidDataError):
        await read_slowly_until_the_rows_fail(database_with(slow_statement_ms=1000))

    assert [record for record in caplog.records if record.name == "flowforge_schema.engine"] == []


async def test_a_slow_statement_is_not_logged_without_end(
    database_with: MakeDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    database = database_with(slow_statement_ms=1)

    async with database.session() as session:
        session.add_all([User(email=f"{number}@example.org") for number in range(1000)])

    assert max(len(record.message) for record in caplog.records) < 2_100


async def test_a_quick_statement_is_not_logged(database_with: MakeDatabase, caplog: pytest.LogCaptureFixture) -> None:
    database = database_with(slow_statement_ms=5000)

    async with database.session() as session:
        await session.execute(text("SELECT 1"))

    assert caplog.records == []


async def test_slow_statements_are_not_looked_for_when_the_limit_is_0(
    database_with: MakeDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    database = database_with(slow_statement_ms=0)

    async with database.session() as session:
        await session.execute(text("SELECT pg_sleep(0.6)"))

    assert caplog.records == []


# Scripts


def test_a_script_uses_the_same_url_and_gets_the_same_errors(database_url: str) -> None:
    engine = create_script_engine(DatabaseSettings(url=SecretStr(database_url)))
    insert = text("INSERT INTO users (email) VALUES ('ada@example.org')")

    with engine.begin() as connection:
        connection.execute(insert)
    with pytest.raises(ConflictError), engine.begin() as connection:
        connection.execute(insert)


def test_a_script_has_the_timeouts_and_keeps_no_connection(database_url: str) -> None:
    engine = create_script_engine(DatabaseSettings(url=SecretStr(database_url)))

    with engine.connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "30s"
    assert isinstance(engine.pool, NullPool)


# Many rows


@pytest.mark.parametrize("model", [User, OutboxEvent])
async def test_many_new_rows_are_sent_in_few_statements(database: Database, model: type[User | OutboxEvent]) -> None:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    rows: list[User | OutboxEvent] = [
        User(email=f"{number}@example.org")
        if model is User
        else OutboxEvent(aggregate_type="user", aggregate_id=new_id(), event_type="made", payload={})
        for number in range(1000)
    ]
    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with database.session() as session:
        session.add_all(rows)

    assert len(sent) <= 2


async def test_many_step_logs_are_sent_at_once_by_an_insert(database: Database) -> None:
    async with database.session() as session:
        user = User(email="ada@example.org")
        session.add(user)
        await session.flush()
        workflow = Workflow(owner_id=user.id, name="report")
        session.add(workflow)
        await session.flush()
        step = WorkflowStep(workflow_id=workflow.id, key="load", name="Load", step_type="http", position=0)
        run = WorkflowRun(workflow_id=workflow.id, workflow_version=1)
        session.add_all([step, run])
    sent: list[str] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *seen: sent.append(seen[2]))
    rows = [{"run_id": run.id, "step_id": step.id, "step_key": "load", "attempt": number} for number in range(1, 101)]

    async with database.session() as session:
        await session.execute(insert(RunStepLog), rows)

    assert len(sent) == 1
