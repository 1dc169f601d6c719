"""The schema of problem details, and their place in an application's OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict

# What an operation on the database may answer beside its success; others come from outside of it (401, 405, 413 …).
PROBLEM_STATUSES = {
    400: "The request cannot be read.",
    404: "There is no such thing.",
    409: "This conflicts with what is stored, or somebody else has changed it in the meantime.",
    422: "A value is refused; `errors` says which, where the request shows it.",
    500: "Something went wrong on our side.",
    503: "The database is not available, or was busy; where `retryable` is true, come back after `Retry-After` seconds.",
    504: "This took too long and was stopped.",
}

# Operations with this tag answer whoever watches the process, and never with a problem.
WITHOUT_PROBLEMS = "health"

MEDIA_TYPE = "application/problem+json"

# FastAPI documents its own answer 422 by these, which no handler of ours sends.
_FASTAPIS_OWN = ("HTTPValidationError", "ValidationError")


class RefusedPart(BaseModel):
    """One part of a request that is refused; `pointer` is a JSON pointer (RFC 6901) that begins with where it was sent."""

    model_config = ConfigDict(extra="forbid")

    pointer: str
    detail: str
    type: str


class ProblemDetails(BaseModel):
    """Why a request failed (RFC 9457); `code` tells programs, `detail` people."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    retryable: bool
    errors: list[RefusedPart] | None = None


def document_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Add the problems to every operation of an OpenAPI document that does not document that status itself."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for operation in _operations(document):
        responses = operation.setdefault("responses", {})
        for status, description in PROBLEM_STATUSES.items():
            if str(status) not in responses or _is_fastapis_own(responses[str(status)]):
                responses[str(status)] = _response(description)
    for name in _FASTAPIS_OWN:
        schemas.pop(name, None)
    schema = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs"))
    schemas[ProblemDetails.__name__] = schema
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    methods = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
    for path in document.get("paths", {}).values():
        for method, operation in path.items():
            if method in methods and WITHOUT_PROBLEMS not in operation.get("tags", ()):
                yield operation


def _is_fastapis_own(response: dict[str, Any]) -> bool:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).endswith(f"/{_FASTAPIS_OWN[0]}")


def _response(description: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


def name_of(status: int) -> str:
    """Return the code of an answer that has no other than its status: `method_not_allowed`, or `http_499` without a name."""
    try:
        return HTTPStatus(status).name.lower()
    except ValueError:
        return f"http_{status}"
