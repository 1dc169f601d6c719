"""Finds the folders of revisions that env.py chooses while it runs (`context.script.version_locations = …`), without a database."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import event
from sqlalchemy.engine import Engine

from .worker_threads import run_where_it_can

if TYPE_CHECKING:
    from .project import Project


def chosen_folders(project: Project) -> list[str]:
    """Return the folders that env.py sets, first as it writes SQL, then as it connects, which it is kept from; none where it sets none."""
    event.listen(Engine, "do_connect", _refuse)
    run_migrations = EnvironmentContext.run_migrations
    EnvironmentContext.run_migrations = lambda *_, **__: None  # type: ignore[method-assign]
    try:
        return _chosen(project, as_sql=True) or _chosen(project, as_sql=False)
    finally:
        EnvironmentContext.run_migrations = run_migrations  # type: ignore[method-assign]
        event.remove(Engine, "do_connect", _refuse)


def _chosen(project: Project, *, as_sql: bool) -> list[str]:
    scripts = project.scripts
    before = scripts.version_locations
    asked: dict[str, Any] = {"fn": lambda *_: [], "as_sql": as_sql, "starting_rev": None, "destination_rev": "head"}
    with contextlib.suppress(Exception, SystemExit), EnvironmentContext(project.config, scripts, tag=None, **asked):
        run_where_it_can(scripts.run_env)  # whatever it raises is told when it is run with a database
    now = scripts.version_locations
    return [] if now == before or not now else [str(folder) for folder in now]


def _refuse(*_: Any) -> None:
    raise ConnectionRefusedError("nothing is to be connected to while the chain is read")
