"""The operator is told why a database is not available, in the log and by /readyz; the client never is."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.engine import URL

from flowforge_schema import (
    AppError,
    Database,
    DatabaseUnavailableError,
    DbSession,
    check_readiness,
    install_error_handlers,
)

PASSWORD = "hush-hush"  # noqa: S105 - what must not be seen

RULES = "local all wanda scram-sha-256\nlocal all locked_out reject\nlocal all all trust\n"
ROLES = (
    f"CREATE ROLE wanda LOGIN PASSWORD '{PASSWORD}-indeed'",
    "CREATE ROLE locked_out LOGIN",
    "CREATE ROLE group_only NOLOGIN",
    "CREATE ROLE limited LOGIN CONNECTION LIMIT 0",
    "SELECT pg_reload_conf()",
)


class Server(Protocol):
    """What these tests need of a server of their own."""

    url: URL


class Proxy(Protocol):
    """What these tests need of the proxy."""

    url: URL


@pytest.fixture
def server(own_server: Server) -> Server:
    """Return a server that knows some roles, and refuses others."""
    folder = Path(str(own_server.url.query["host"]))
    (folder / "data" / "pg_hba.conf").write_text(RULES)
    with psycopg.connect(
        f"host={folder} user={own_server.url.username} dbname=postgres", autocommit=True
    ) as connection:
        for statement in ROLES:
            connection.execute(statement)
    return own_server


@pytest.fixture
async def proxy(server: Server, proxy_of: Callable[[Server], Awaitable[Proxy]]) -> Proxy:
    return await proxy_of(server)


CHANGES: dict[str, Callable[[URL], URL]] = {
    "wrong_database": lambda url: url.set(database="no_such_database"),
    "wrong_role": lambda url: url.set(username="nobody_knows"),
    "wrong_role, which may not log in": lambda url: url.set(username="group_only"),
    "refused_by_pg_hba": lambda url: url.set(username="locked_out"),
    "wrong_password": lambda url: url.set(username="wanda", password=PASSWORD),
    "wrong_password, which is missing": lambda url: url.set(username="wanda"),
    "too_many_connections": lambda url: url.set(username="limited"),
    "startup_refused": lambda url: url.update_query_dict({"options": "-c no_such_setting=1"}),
    "connection_refused": lambda url: url.set(host="127.0.0.1", port=1, query={}),
    "connection_refused, by no socket": lambda url: url.update_query_dict({"host": "/nowhere"}),
}


@pytest.fixture(params=CHANGES)
def case(request: pytest.FixtureRequest, server: Server) -> tuple[str, URL]:
    """Return what is wrong, and the URL of it."""
    return request.param.split(",")[0], CHANGES[request.param](server.url)


async def fail(database: Database) -> AppError:
    with pytest.raises(DatabaseUnavailableError) as raised:
        async with database.session() as session:
            await session.execute(text("SELECT 1"))
    return raised.value


def failures(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.name == "flowforge_schema.errors"]


async def test_the_log_names_the_reason_and_the_place(case: tuple[str, URL], caplog: pytest.LogCaptureFixture) -> None:
    reason, url = case

    error = await fail(Database(url))

    [record] = failures(caplog)
    assert (error.reason, record["reason"]) == (reason, reason)
    assert record["db_name"] == url.database
    assert record["db_host"] == (url.host or url.query["host"])
    assert record["error_class"] == "OperationalError"
    assert record["driver_message"] in record["message"]
    assert PASSWORD not in caplog.text


async def test_readyz_gives_the_reason_as_a_code(case: tuple[str, URL]) -> None:
    reason, url = case

    readiness = await check_readiness(Database(url))

    assert (readiness.is_ready, readiness.code) == (False, reason)


async def test_a_client_learns_nothing_of_it(case: tuple[str, URL]) -> None:
    _, url = case
    database = Database(url)
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/")
    async def root(session: DbSession) -> None:
        await session.execute(text("SELECT 1"))

    async with (
        database.lifespan(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client,
    ):
        answer = await client.get("/")

    assert (answer.status_code, answer.json()) == (
        503,
        {
            "type": "urn:flowforge:error:database-unavailable",
            "title": "The database is not available.",
            "status": 503,
            "detail": "The database is not available.",
            "code": "database_unavailable",
            "retryable": True,
        },
    )


async def test_a_server_without_tls_is_told(proxy: Proxy) -> None:
    error = await fail(Database(proxy.url.update_query_dict({"sslmode": "require"})))

    assert error.reason == "tls_refused"


@pytest.fixture
def unknown_host(monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the resolver, and not the network, say that there is no such host."""

    def resolve(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return "db.example.invalid"


async def test_a_host_that_nobody_knows_is_told(unknown_host: str, caplog: pytest.LogCaptureFixture) -> None:
    error = await fail(Database(f"postgresql://ada:{PASSWORD}@{unknown_host}/flowforge"))

    [record] = failures(caplog)
    assert (error.reason, record["db_host"]) == ("unknown_host", unknown_host)


async def test_hosts_that_all_refuse_are_named_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    await fail(Database("postgresql://ada@/flowforge?host=127.0.0.1:1&host=127.0.0.1:2"))

    [record] = failures(caplog)
    assert record["db_host"] == "127.0.0.1:1,127.0.0.1:2"
    assert "\n" not in record["message"]


@pytest.fixture
def bouncer(server: Server, pgbouncer_of: Callable[[Server], URL]) -> URL:
    return pgbouncer_of(server)


async def test_a_pooler_that_refuses_options_is_told(bouncer: URL) -> None:
    error = await fail(Database(bouncer))

    assert error.reason == "startup_refused"


async def end_its_own_session(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


async def test_a_session_that_the_server_ends_is_told_with_its_sqlstate(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(server.url)

    with pytest.raises(DatabaseUnavailableError):
        await end_its_own_session(database)

    [record] = failures(caplog)
    assert (record["reason"], record["sqlstate"]) == ("connection_lost", "57P01")
    await database.dispose()


async def test_what_a_request_does_wrong_is_no_failure_of_the_database(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(server.url)

    with suppress(AppError):
        async with database.session() as session:
            await session.execute(text("SELECT 1 / 0"))

    assert failures(caplog) == []
    await database.dispose()
