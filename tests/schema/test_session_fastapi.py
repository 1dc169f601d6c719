from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, WebSocket
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Message, Receive, Scope, Send

from flowforge_schema import (
    ConfigurationError,
    Database,
    DbSession,
    ReadSession,
    User,
    get_database,
    get_db_session,
    install_error_handlers,
)
from pgharness.databases import ClonePool


def asking(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://api")


def add_routes(app: FastAPI) -> FastAPI:
    install_error_handlers(app)

    @app.post("/users/{email}", status_code=201)
    async def create_user(session: DbSession, email: str) -> None:
        session.add(User(email=email))

    @app.post("/fail/{email}", status_code=201)
    async def create_user_and_fail(session: DbSession, email: str) -> None:
        session.add(User(email=email))
        await session.flush()
        raise RuntimeError

    @app.get("/users")
    async def count_users(session: ReadSession) -> int:
        return await session.scalar(select(func.count()).select_from(User)) or 0

    @app.post("/read/{email}", status_code=201)
    async def write_in_a_read_session(session: ReadSession, email: str) -> None:
        session.add(User(email=email))
        await session.flush()

    return app


async def test_a_request_is_committed_before_its_answer(database: Database) -> None:
    app = add_routes(FastAPI(lifespan=database.lifespan))

    async with database.lifespan(app), asking(app) as api:
        created = await api.post("/users/ada@example.org")
        counted = await api.get("/users")

    assert (created.status_code, counted.json()) == (201, 1)


async def test_a_request_that_fails_stores_nothing(database: Database) -> None:
    app = add_routes(FastAPI(lifespan=database.lifespan))

    async with database.lifespan(app), asking(app) as api:
        failed = await api.post("/fail/ada@example.org")
        counted = await api.get("/users")

    assert (failed.status_code, counted.json()) == (500, 0)


async def test_a_read_session_of_a_request_refuses_to_write(database: Database) -> None:
    app = add_routes(FastAPI(lifespan=database.lifespan))

    async with database.lifespan(app), asking(app) as api:
        answer = await api.post("/read/ada@example.org")

    assert (answer.status_code, answer.json()["code"]) == (503, "read_only")


async def test_a_websocket_gets_a_session_too(database: Database) -> None:
    app = FastAPI(lifespan=database.lifespan)
    sent: list[Message] = []

    @app.websocket("/users")
    async def count_users(socket: WebSocket, session: DbSession) -> None:
        await socket.accept()
        await socket.send_json(await session.scalar(select(func.count()).select_from(User)))
        await socket.close()

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/users", "headers": [], "query_string": b"", "subprotocols": []}
    async with database.lifespan(app):
        await app(scope, receive, send)

    assert sent[1]["text"] == "0"


# A commit that fails


DefaultScope = Annotated[AsyncSession, Depends(get_db_session)]


async def answer_of_a_failing_commit(database: Database, path: str) -> int:
    """Ask an application whose constraint is checked at COMMIT, and give the status that the client sees."""
    async with database.session() as session:
        await session.execute(text("CREATE TABLE tickets (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    app = FastAPI(lifespan=database.lifespan)
    install_error_handlers(app)

    @app.post("/default", status_code=201)
    async def with_the_default_scope(session: DefaultScope) -> None:
        await session.execute(text("INSERT INTO tickets VALUES (1), (1)"))

    @app.post("/ours", status_code=201)
    async def with_our_scope(session: DbSession) -> None:
        await session.execute(text("INSERT INTO tickets VALUES (1), (1)"))

    async with database.lifespan(app), asking(app) as api:
        return (await api.post(path)).status_code


async def test_a_commit_that_fails_reaches_the_client_as_an_error(database: Database) -> None:
    assert await answer_of_a_failing_commit(database, "/ours") == 409


async def test_with_the_default_scope_it_would_reach_the_client_as_a_success(database: Database) -> None:
    assert await answer_of_a_failing_commit(database, "/default") == 201


# Where the Database is found


async def test_two_applications_in_one_process_have_a_database_each(
    database: Database, migrated_pool: ClonePool
) -> None:
    place = migrated_pool.acquire()
    other = Database(place.url)
    first, second = add_routes(FastAPI(lifespan=database.lifespan)), add_routes(FastAPI(lifespan=other.lifespan))

    async with database.lifespan(first), other.lifespan(second), asking(first) as one, asking(second) as two:
        await one.post("/users/ada@example.org")
        counted = (await one.get("/users")).json(), (await two.get("/users")).json()

    migrated_pool.release(place)
    assert counted == (1, 0)


async def test_the_lifespan_is_composed_with_the_applications_own(database: Database) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with database.lifespan(app):
            seen.append("started")
            yield
        seen.append("stopped")

    app = add_routes(FastAPI(lifespan=lifespan))
    async with app.router.lifespan_context(app), asking(app) as api:
        answer = await api.get("/users")

    assert (answer.status_code, seen) == (200, ["started", "stopped"])


def test_an_application_may_be_started_again_in_another_event_loop(database_url: str) -> None:
    database = Database(database_url)
    app = add_routes(FastAPI(lifespan=database.lifespan))

    async def serve_once() -> int:
        async with app.router.lifespan_context(app), asking(app) as api:
            return (await api.get("/users")).status_code

    assert [asyncio.run(serve_once()) for _ in range(2)] == [200, 200]


async def test_a_mounted_application_finds_the_database_of_the_one_that_holds_it(database: Database) -> None:
    outer, inner = FastAPI(lifespan=database.lifespan), add_routes(FastAPI())
    outer.mount("/inner", inner)

    async with outer.router.lifespan_context(outer) as state:

        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            """Hand over the state of the lifespan as a server does."""
            await outer({**scope, "state": dict(state or {})}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://api") as api:
            answer = await api.get("/inner/users")

    assert answer.status_code == 200


async def test_a_mounted_application_with_a_database_of_its_own_uses_that(
    database: Database, migrated_pool: ClonePool
) -> None:
    place = migrated_pool.acquire()
    own = Database(place.url)
    outer, inner = FastAPI(lifespan=database.lifespan), add_routes(FastAPI())
    outer.mount("/inner", inner)
    async with outer.router.lifespan_context(outer) as state, own.lifespan(inner):

        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            await outer({**scope, "state": dict(state or {})}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://api") as api:
            await api.post("/inner/users/ada@example.org")
        used = own.pool_state().idle, database.pool_state().idle

    migrated_pool.release(place)
    assert used == (1, 0)


async def test_an_application_without_a_database_says_what_to_write() -> None:
    app = add_routes(FastAPI())

    with pytest.raises(ConfigurationError, match=r"FastAPI\(lifespan=database.lifespan\)"):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(bare(app)), base_url="http://api") as api:
            await api.get("/users")


def bare(app: FastAPI) -> FastAPI:
    """Take the error handlers away."""
    app.exception_handlers.clear()
    return app


async def test_the_database_can_be_overridden(database: Database) -> None:
    app = add_routes(FastAPI())
    app.dependency_overrides[get_database] = lambda: database

    async with asking(app) as api:
        assert (await api.get("/users")).status_code == 200


async def test_the_session_can_be_overridden(database: Database) -> None:
    app = add_routes(FastAPI())

    async with database.session() as session:
        app.dependency_overrides[get_db_session] = lambda: session
        async with asking(app) as api:
            await api.post("/users/ada@example.org")
        await session.flush()
        seen = await session.scalar(select(func.count()).select_from(User))
        await session.rollback()

    assert seen == 1


# Without FastAPI


WITHOUT_FASTAPI = """
import sys
sys.modules["fastapi"] = None
sys.modules["starlette"] = None
import flowforge_schema, flowforge_schema.health
assert flowforge_schema.Database and flowforge_schema.session.Database
try:
    {statement}
except ImportError as error:
    assert "pip install 'flowforge-schema[fastapi]'" in str(error), error
else:
    sys.exit("imported")
"""


@pytest.mark.parametrize(
    "statement",
    [
        "from flowforge_schema import get_db_session",
        "from flowforge_schema import DbSession",
        "from flowforge_schema.session import get_read_session",
        "from flowforge_schema import install_error_handlers",
        "from flowforge_schema import health_router",
    ],
)
def test_without_fastapi_the_core_imports_and_the_rest_says_what_to_install(statement: str) -> None:
    program = WITHOUT_FASTAPI.format(statement=statement)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_every_public_name_can_be_imported_from_the_top() -> None:
    import flowforge_schema

    assert [name for name in flowforge_schema.__all__ if not hasattr(flowforge_schema, name)] == []


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    import flowforge_schema

    with pytest.raises(AttributeError, match="no attribute 'get_session'"):
        _ = flowforge_schema.get_session  # type: ignore[attr-defined]  # that is the claim


def test_importing_the_data_layer_connects_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import socket, sys; socket.socket.connect = lambda *_: sys.exit('connected')\n"
        "import flowforge_schema; flowforge_schema.DbSession; assert 'alembic' not in sys.modules"
    )
    monkeypatch.delenv("FLOWFORGE_DB_URL", raising=False)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
