"""Routes for whoever watches the process: /healthz says that it runs, /readyz whether it can serve."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

from pydantic import BaseModel

from flowforge_schema.health.readiness import SchemaState, check_readiness
from flowforge_schema.session import Database, PoolState, get_database

try:
    from fastapi import APIRouter, Depends
    from fastapi.responses import JSONResponse
except ModuleNotFoundError as error:
    raise ImportError("The health routes need FastAPI.\n  fix: pip install 'flowforge-schema[fastapi]'") from error

health_router = APIRouter(tags=["health"])

NEVER_CACHED = {"Cache-Control": "no-store"}


class ReadinessReport(BaseModel):
    """Whether the process can serve, and if not, why: `code` for programs, `reason` for people."""

    status: Literal["ready", "not_ready"]
    is_ready: bool
    code: str | None
    reason: str
    revision: str | None
    expected_revision: str
    schema_state: SchemaState | None
    pool: PoolState
    took_ms: float


@health_router.get("/healthz", summary="The process runs")
async def healthz() -> dict[str, str]:
    """Answer without touching the database: restarting a process does not mend a database."""
    return {"status": "ok"}


@health_router.get(
    "/readyz",
    summary="The process can serve",
    response_model=ReadinessReport,
    responses={503: {"description": "It cannot, and why", "model": ReadinessReport}},
)
async def readyz(database: Annotated[Database, Depends(get_database)]) -> JSONResponse:
    """Answer 200 when the database answers, takes writes and has a schema that fits, else 503 with the reason, within two seconds."""
    readiness = await check_readiness(database)
    body: dict[str, Any] = {"status": "ready" if readiness.is_ready else "not_ready", **dataclasses.asdict(readiness)}
    body["took_ms"] = round(readiness.took_ms, 1)
    return JSONResponse(body, 200 if readiness.is_ready else 503, NEVER_CACHED)
