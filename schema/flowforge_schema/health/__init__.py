"""Health: `check_readiness` for any process, and routes for FastAPI, an extra, which are imported when asked for."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from flowforge_schema.chain import known_revisions
from flowforge_schema.health.readiness import Readiness, SchemaState, check_readiness
from flowforge_schema.lazy import importing

if TYPE_CHECKING:
    from flowforge_schema.health.routes import health_router

__all__ = ["Readiness", "SchemaState", "check_readiness", "known_revisions"]

if find_spec("fastapi") is not None:
    __all__ += ["health_router"]


if not TYPE_CHECKING:  # a checker that saw it would take any name for one that exists
    __getattr__ = importing(__name__, {"health_router": "routes"})
