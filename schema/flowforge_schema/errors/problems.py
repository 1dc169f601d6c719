"""Answers of an API to whatever fails: RFC 9457 problem details, without a value from a row or a request."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from flowforge_schema.errors.documenting import MEDIA_TYPE, document_problems, name_of
from flowforge_schema.errors.tree import AppError, InvalidDataError

try:
    from fastapi import FastAPI
    from fastapi.exceptions import RequestValidationError
    from fastapi.requests import HTTPConnection
    from fastapi.responses import JSONResponse, Response
    from fastapi.utils import is_body_allowed_for_status_code
    from starlette.exceptions import HTTPException
except ModuleNotFoundError as error:
    raise ImportError("The error handlers need FastAPI.\n  fix: pip install 'flowforge-schema[fastapi]'") from error

logger = logging.getLogger(__name__)

SERVER_ERROR = 500


def install_error_handlers(app: FastAPI) -> None:
    """Make the application answer every failure with problem details, log each 5xx, and say so in its OpenAPI document.

    Failures are AppError, requests that FastAPI refuses, HTTPException (of an unknown route or method too), and whatever else
    is raised, which the server sees after the answer.
    """
    app.add_exception_handler(AppError, _answer_app_error)
    app.add_exception_handler(RequestValidationError, _answer_refused_request)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(Exception, _answer_unforeseen)
    _document(app)


def problem_details(error: AppError) -> dict[str, Any]:
    """Return the members of the problem details of an error; those that are not known are left out."""
    members = {
        "type": problem_type(error.code),
        "title": error.title,
        "status": error.http_status,
        "detail": error.message,
        "code": error.code,
        "field": error.field,
        "retryable": error.retryable,
    }
    return {name: value for name, value in members.items() if value is not None}


def problem_type(code: str) -> str:
    """Return the URI that names this kind of problem."""
    return f"urn:flowforge:error:{code.replace('_', '-')}"


async def _answer_app_error(request: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, AppError)
    _log(request, problem_details(error), error, reason=error.reason, sqlstate=error.sqlstate)
    # `Retry-After` beside `"retryable": false` would be a contradiction.
    headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s and error.retryable else {}
    return _answer(problem_details(error), headers)


async def _answer_refused_request(_request: HTTPConnection, error: Exception) -> Response:
    """Name what is wrong and where; FastAPI's own answer repeats the values, and fails on some of them."""
    assert isinstance(error, RequestValidationError)
    errors = [
        {"pointer": _pointer(seen["loc"]), "detail": seen["msg"], "type": seen["type"]} for seen in error.errors()
    ]
    return _answer({**problem_details(InvalidDataError("The request is not valid.")), "errors": errors})


async def _answer_http_exception(request: HTTPConnection, error: Exception) -> Response:
    """Answer by the status, with the detail where that is a sentence: anything else may be what no answer holds."""
    assert isinstance(error, HTTPException)
    headers = {name.title(): value for name, value in (error.headers or {}).items()}
    if not is_body_allowed_for_status_code(error.status_code):
        return Response(status_code=error.status_code, headers=headers)
    code = name_of(error.status_code)
    title = code.replace("_", " ").capitalize() + "."
    problem = {
        "type": problem_type(code),
        "title": title,
        "status": error.status_code,
        "detail": error.detail if isinstance(error.detail, str) else title,
        "code": code,
        "retryable": "Retry-After" in headers,
    }
    _log(request, problem, error)
    return _answer(problem, headers)


async def _answer_unforeseen(request: HTTPConnection, error: Exception) -> Response:
    problem = problem_details(AppError())
    _log(request, problem, error)
    return _answer(problem)


def _answer(problem: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(problem, problem["status"], headers, MEDIA_TYPE)


def _pointer(location: Iterable[str | int]) -> str:
    """Write a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _log(request: HTTPConnection, problem: dict[str, Any], error: Exception, **causes: str | None) -> None:
    """Log what the client is not told, with its traceback where it is a bug; a client's own mistakes are not logged."""
    status, code, method, path = problem["status"], problem["code"], request.scope.get("method"), request.url.path
    if status < SERVER_ERROR:
        return
    is_bug = status == HTTPStatus.INTERNAL_SERVER_ERROR
    cause = next((f" ({cause})" for cause in causes.values() if cause), "")
    logger.log(
        logging.ERROR if is_bug else logging.WARNING,
        "%s%s in %s %s",
        *(code, cause, method, path),
        exc_info=error if is_bug else None,
        extra={"error_code": code, "http_status": status, "http_method": method, "http_path": path, **causes},
    )


def _document(app: FastAPI) -> None:
    make_document = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document_problems(make_document())  # which FastAPI keeps
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the document
