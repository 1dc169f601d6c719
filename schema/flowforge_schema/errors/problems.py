"""Answers of an API to this layer's errors: RFC 9457 problem details, without a value from a row or a request."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from flowforge_schema.errors.tree import AppError, InvalidDataError

try:
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
except ModuleNotFoundError as error:
    raise ImportError("The error handlers need FastAPI.\n  mend: pip install 'flowforge-schema[fastapi]'") from error

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


def install_error_handlers(app: FastAPI) -> None:
    """Make the application answer AppError, and requests that FastAPI refuses, with problem details."""
    app.add_exception_handler(AppError, _answer_app_error)
    app.add_exception_handler(RequestValidationError, _answer_refused_request)


def problem_details(error: AppError) -> dict[str, Any]:
    """Give the members of the problem details of an error; those that are not known are left out."""
    members = {
        "type": problem_type(error),
        "title": error.title,
        "status": error.http_status,
        "detail": error.message,
        "code": error.code,
        "field": error.field,
        "retryable": error.retryable,
    }
    return {name: value for name, value in members.items() if value is not None}


def problem_type(error: AppError | type[AppError]) -> str:
    """Give the URI that names this kind of problem."""
    return f"urn:flowforge:error:{error.code.replace('_', '-')}"


async def _answer_app_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AppError)
    _log(request, error)
    return JSONResponse(problem_details(error), error.http_status, _headers(error), MEDIA_TYPE)


def _headers(error: AppError) -> dict[str, str]:
    if error.retry_after_s is None or not error.retryable:  # one would contradict the other
        return {}
    return {"Retry-After": str(error.retry_after_s)}


async def _answer_refused_request(_request: Request, error: Exception) -> JSONResponse:
    """Name what is wrong and where; FastAPI's own answer repeats the values, and fails on some of them."""
    assert isinstance(error, RequestValidationError)
    problem = InvalidDataError("The request is not valid.")
    errors = [
        {"pointer": _pointer(seen["loc"]), "detail": seen["msg"], "type": seen["type"]} for seen in error.errors()
    ]
    return JSONResponse({**problem_details(problem), "errors": errors}, problem.http_status, media_type=MEDIA_TYPE)


def _pointer(location: Iterable[str | int]) -> str:
    """Write a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _log(request: Request, error: AppError) -> None:
    """Log what the client is not told; a client's own mistakes are not logged."""
    if error.http_status < AppError.http_status:
        return
    is_bug = error.http_status == AppError.http_status
    about = {
        "error_code": error.code,
        "sqlstate": error.sqlstate,
        "reason": error.reason,
        "http_method": request.method,
        "http_path": request.url.path,
        "http_status": error.http_status,
    }
    cause = f"{error.code} ({error.reason or error.sqlstate})" if error.reason or error.sqlstate else error.code
    logger.log(
        logging.ERROR if is_bug else logging.WARNING,
        "%s in %s %s",
        cause,
        request.method,
        request.url.path,
        exc_info=error if is_bug else None,
        extra=about,
    )
