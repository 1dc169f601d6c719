from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Body, FastAPI
from sqlalchemy import text

from flowforge_schema import (
    AppError,
    CommitUnknownError,
    Database,
    DbSession,
    LockTimeoutError,
    NotFoundError,
    PoolExhaustedError,
    User,
    install_error_handlers,
)


class SpentError(AppError):
    """An error of an application's own that names a time and is not to be tried again."""

    code = "spent"
    http_status = 409
    retry_after_s = 7


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(lifespan=database.lifespan)
    install_error_handlers(app)

    @app.post("/users", status_code=201)
    async def create_user(session: DbSession, email: Annotated[str, Body(embed=True)]) -> None:
        session.add(User(email=email))

    @app.post("/prices")
    async def set_prices(prices: dict[str, int]) -> None:
        pass

    @app.get("/raise/{code}")
    async def fail(code: str) -> None:
        errors: dict[str, type[AppError]] = {
            kind.code: kind
            for kind in (NotFoundError, LockTimeoutError, PoolExhaustedError, CommitUnknownError, SpentError)
        }
        raise errors[code]

    @app.get("/bug")
    async def bug(session: DbSession) -> None:
        await session.execute(text("SELECT * FROM no_such_table"))

    async with (
        database.lifespan(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client,
    ):
        yield client


async def conflict(client: httpx.AsyncClient) -> httpx.Response:
    await client.post("/users", json={"email": "ada@example.org"})
    return await client.post("/users", json={"email": "ada@example.org"})


async def test_a_conflict_is_answered_with_problem_details(client: httpx.AsyncClient) -> None:
    answer = await conflict(client)

    assert answer.json() == {
        "type": "urn:flowforge:error:conflict",
        "title": "This conflicts with something that exists already.",
        "status": 409,
        "detail": "A user with this e-mail address exists already.",
        "code": "conflict",
        "field": "email",
        "retryable": False,
    }


async def test_problem_details_have_the_media_type_and_the_status_of_the_problem(client: httpx.AsyncClient) -> None:
    answer = await conflict(client)

    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")


@pytest.mark.parametrize(
    ("code", "status", "retry_after"),
    [
        ("not_found", 404, None),
        ("lock_timeout", 503, "1"),
        ("pool_exhausted", 503, "1"),
        ("commit_unknown", 503, None),  # a client that comes back may write twice
        ("spent", 409, None),
    ],
)
async def test_an_answer_says_when_to_come_back_where_that_helps(
    client: httpx.AsyncClient, code: str, status: int, retry_after: str | None
) -> None:
    answer = await client.get(f"/raise/{code}")

    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)


async def test_a_bug_is_answered_without_its_cause(client: httpx.AsyncClient) -> None:
    answer = await client.get("/bug")

    assert (answer.status_code, answer.json()["detail"]) == (500, "Something went wrong.")


async def test_a_bug_is_logged_with_its_cause(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    await client.get("/bug")

    record = next(record for record in caplog.records if record.name == "flowforge_schema.errors.problems")
    assert record.levelno == logging.ERROR
    assert 'relation "no_such_table" does not exist' in caplog.text


BAD_BODIES: list[dict[str, Any]] = [{}, {"email": 1}, {"email": ["secret"]}]


@pytest.mark.parametrize("body", BAD_BODIES, ids=str)
async def test_a_request_that_fastapi_refuses_is_answered_with_a_pointer_and_without_values(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await client.post("/users", json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/body/email"]
    assert "secret" not in answer.text


async def test_a_pointer_is_escaped(client: httpx.AsyncClient) -> None:
    answer = await client.post("/prices", json={"a/b~c": "dear"})

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/body/a~1b~0c"]


async def test_a_lone_surrogate_in_a_request_is_refused_and_not_a_failure(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/users", content=rb'{"email": ["\ud800"]}', headers={"content-type": "application/json"}
    )

    assert answer.status_code == 422
