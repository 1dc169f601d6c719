"""Every answer that is no success is problem details, whoever made it, says what OpenAPI says, and a 5xx is in the log."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Body, FastAPI, HTTPException
from pydantic import ValidationError

from flowforge_schema import (
    AppError,
    CommitUnknownError,
    ConflictError,
    DatabaseUnavailableError,
    PoolExhaustedError,
    StatementTimeoutError,
    health_router,
    install_error_handlers,
)
from flowforge_schema.errors.documenting import PROBLEM_STATUSES, ProblemDetails

ERRORS = {
    error.code: error
    for error in (AppError, CommitUnknownError, ConflictError, DatabaseUnavailableError, PoolExhaustedError)
} | {"statement_timeout": StatementTimeoutError}


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    install_error_handlers(app)
    app.include_router(health_router)

    @app.post("/things")
    async def make(name: Annotated[str, Body(embed=True)]) -> str:
        return name

    @app.get("/raise/{code}")
    async def fail(code: str) -> None:
        raise ERRORS[code]

    @app.get("/http/{status}")
    async def refuse(status: int) -> None:
        raise HTTPException(status, "no such luck", {"Retry-After": "7"} if status == 429 else None)

    @app.get("/http-with-more")
    async def refuse_with_more() -> None:
        raise HTTPException(409, {"secret": "s3cret"})

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError("s3cret")

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


REQUESTS: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "an unknown route": ("GET", "/nowhere", {}, 404, "not_found"),
    "a method that the route does not have": ("DELETE", "/things", {}, 405, "method_not_allowed"),
    "a body that is no JSON": (
        "POST",
        "/things",
        {"content": b"{", "headers": {"content-type": "application/json"}},
        422,
        "invalid_data",
    ),
    "a body of another type": ("POST", "/things", {"content": b"name=x"}, 422, "invalid_data"),
    "a body nested too deep": (
        "POST",
        "/things",
        {"content": b'{"a": ' * 100_000, "headers": {"content-type": "application/json"}},
        400,
        "bad_request",
    ),
    "a refusal of the route": ("GET", "/http/403", {}, 403, "forbidden"),
    "a refusal with more than a sentence": ("GET", "/http-with-more", {}, 409, "conflict"),
    "a refusal by a status that has no name": ("GET", "/http/499", {}, 499, "http_499"),
    "a failure that the route tells": ("GET", "/http/502", {}, 502, "bad_gateway"),
    "a failure that nobody foresaw": ("GET", "/bug", {}, 500, "internal_error"),
    "an error of the data layer": ("GET", "/raise/database_unavailable", {}, 503, "database_unavailable"),
    "a parameter that is none": ("GET", "/http/x", {}, 422, "invalid_data"),
}


@pytest.fixture(params=REQUESTS)
async def answered(
    request: pytest.FixtureRequest, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> tuple[httpx.Response, int, str]:
    """Return an answer, and the status and the code that it should have."""
    method, path, options, status, code = REQUESTS[request.param]
    caplog.clear()
    return await client.request(method, path, **options), status, code


async def test_an_answer_is_problem_details(answered: tuple[httpx.Response, int, str]) -> None:
    answer, status, code = answered

    problem = ProblemDetails.model_validate(answer.json())
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem.status, problem.code) == (status, status, code)
    assert problem.type == f"urn:flowforge:error:{code.replace('_', '-')}"
    assert "s3cret" not in answer.text


async def test_a_5xx_and_nothing_else_has_a_line_in_the_log(
    answered: tuple[httpx.Response, int, str], caplog: pytest.LogCaptureFixture
) -> None:
    answer, status, code = answered

    records = caplog.get_records("setup")
    lines = [vars(record) for record in records if record.name == "flowforge_schema.errors.problems"]
    assert [(line["error_code"], line["http_status"]) for line in lines] == ([(code, status)] if status >= 500 else [])
    assert [line["http_path"] for line in lines] == [answer.request.url.path for _ in lines]


async def test_come_back_later_is_said_exactly_where_that_helps(answered: tuple[httpx.Response, int, str]) -> None:
    answer, _, _ = answered

    assert ("retry-after" in answer.headers) == answer.json()["retryable"]


def every_error(root: type[AppError] = AppError) -> list[type[AppError]]:
    """Return our errors; those that other tests define are theirs."""
    ours = [kind for kind in root.__subclasses__() if kind.__module__.startswith("flowforge_schema.")]
    return [root, *(error for kind in ours for error in every_error(kind))]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.code)
def test_an_error_says_when_to_come_back_only_where_trying_again_helps(error: type[AppError]) -> None:
    assert (error.retry_after_s is not None) <= error.retryable


async def test_a_refusal_by_fastapi_keeps_its_headers(client: httpx.AsyncClient) -> None:
    method = await client.delete("/things")
    later = await client.get("/http/429")

    assert (method.headers["allow"], later.headers["retry-after"]) == ("POST", "7")


async def test_an_answer_that_may_have_no_body_has_none(client: httpx.AsyncClient) -> None:
    answer = await client.get("/http/304")

    assert (answer.status_code, answer.content) == (304, b"")


async def test_a_failure_that_nobody_foresaw_is_logged_with_its_cause(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await client.get("/bug")

    [record] = [record for record in caplog.records if record.name == "flowforge_schema.errors.problems"]
    assert (record.levelno, record.exc_info is not None) == (logging.ERROR, True)


def test_a_member_that_no_problem_has_is_refused() -> None:
    with pytest.raises(ValidationError):
        ProblemDetails.model_validate({"type": "a", "title": "b", "status": 404, "detail": "c", "code": "d", "x": 1})


# OpenAPI


def operations(app: FastAPI) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in app.openapi()["paths"].items()
        for method, operation in item.items()
    }


def test_every_operation_documents_the_problems_that_it_may_answer(app: FastAPI) -> None:
    of_the_application = {name: operation for name, operation in operations(app).items() if "z" not in name}

    reference = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    for name, operation in of_the_application.items():
        for status in ("400", "404", "409", "422", "500", "503", "504"):
            assert operation["responses"][status]["content"] == {"application/problem+json": reference}, name
    assert set(PROBLEM_STATUSES) == {400, 404, 409, 422, 500, 503, 504}


def test_the_schema_of_problems_is_in_the_document_and_fastapis_own_is_not(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]

    assert "ProblemDetails" in schemas
    assert {"HTTPValidationError", "ValidationError"} & set(schemas) == set()


def test_what_an_operation_documents_itself_is_kept(app: FastAPI) -> None:
    @app.get("/own", responses={409: {"description": "It is taken."}})
    async def own() -> None: ...

    assert operations(app)["GET /own"]["responses"]["409"] == {"description": "It is taken."}


def test_health_documents_what_it_answers(app: FastAPI) -> None:
    documented = operations(app)

    assert set(documented["GET /healthz"]["responses"]) == {"200"}
    assert set(documented["GET /readyz"]["responses"]) == {"200", "503"}
    for status in ("200", "503"):
        schema = documented["GET /readyz"]["responses"][status]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ReadinessReport"}


def test_a_route_that_is_added_later_is_documented_too(app: FastAPI) -> None:
    app.openapi()

    @app.get("/later")
    async def later() -> None: ...

    app.openapi_schema = None
    assert "503" in operations(app)["GET /later"]["responses"]
