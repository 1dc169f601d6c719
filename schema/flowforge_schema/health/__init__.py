"""Health: `check_readiness` for any process, and routes for FastAPI, an extra, which are imported when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowforge_schema.health.chain import known_revisions
from flowforge_schema.health.readiness import Readiness, SchemaState, check_readiness

if TYPE_CHECKING:
    from flowforge_schema.health.routes import health_router

__all__ = ["Readiness", "SchemaState", "check_readiness", "health_router", "known_revisions"]


if not TYPE_CHECKING:  # a checker that saw it would take any name for one that exists

    def __getattr__(name: str) -> Any:
        if name != "health_router":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from flowforge_schema.health import routes  # noqa: PLC0415 - FastAPI is an extra

        return routes.health_router
