"""Sessions: `Database` gives them to workers and scripts, the dependencies to FastAPI.

The dependencies need FastAPI, an extra; they are imported when first asked for.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from flowforge_schema.lazy import importing
from flowforge_schema.session.database import Database, PoolState

if TYPE_CHECKING:
    from flowforge_schema.session.dependencies import (
        DbSession,
        ReadSession,
        get_database,
        get_db_session,
        get_read_session,
    )

__all__ = ["Database", "PoolState"]

if find_spec("fastapi") is not None:
    __all__ += ["DbSession", "ReadSession", "get_database", "get_db_session", "get_read_session"]


if not TYPE_CHECKING:  # a checker that saw it would take any name for one that exists
    __getattr__ = importing(
        __name__,
        dict.fromkeys(
            ("DbSession", "ReadSession", "get_database", "get_db_session", "get_read_session"), "dependencies"
        ),
    )
