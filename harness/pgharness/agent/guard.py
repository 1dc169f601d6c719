"""Lets the project's code connect to nothing but the test server: what it does elsewhere is done for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from . import ahead
from .connections import SEVERAL_DATABASES_RECIPE
from .leading_here import connection_recipe
from .stopping import Stop

if TYPE_CHECKING:
    from .project import Project

# In these an env.py may look whether its database exists; it is the test database that it finds.
MAINTENANCE = ("postgres", "template1")


class AnotherDatabaseError(Exception):
    """The project's code is about to connect to another database than the one that it is given."""


def guard_connections(project: Project) -> None:
    """Refuse, before it is made, each connection of an engine to another PostgreSQL database than the test's."""
    given = project.task["parts"]

    def require_here(dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        if dialect.name != "postgresql":
            return
        ahead.lead_to(given, parameters)
        database = parameters.get("dbname") or parameters.get("database") or given["database"]
        host, port = str(parameters.get("host") or ""), str(parameters.get("port") or "")
        is_same_server = (host, port) == (given["host"], given["port"])
        if database == given["database"] or (is_same_server and database in MAINTENANCE):
            return
        raise AnotherDatabaseError(
            f"it connects to the database {database!r} on {host or 'a local socket'}, which is not the test database"
        )

    event.listen(Engine, "do_connect", require_here)


def refused(error: BaseException) -> AnotherDatabaseError | None:
    """Return the refusal that an error is, or that is behind it."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, AnotherDatabaseError):
        seen = getattr(seen, "orig", None) or seen.__cause__ or seen.__context__
    return seen


def elsewhere(project: Project, error: AnotherDatabaseError) -> Stop:
    """Return a Stop that says that env.py leads elsewhere, and what helps."""
    return Stop(
        "env.py ignores the connection it is given.",
        seen=f"{error}; nothing was run there",
        mend=SEVERAL_DATABASES_RECIPE if project.serves_several_databases else connection_recipe(project),
    )
