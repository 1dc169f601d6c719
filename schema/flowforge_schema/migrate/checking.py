"""The check: whether a database's schema is the one that this release describes."""

from __future__ import annotations

from typing import Any

import alembic_postgresql_enum  # noqa: F401 - importing it teaches autogenerate to compare enum types
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from flowforge_schema.migrate.configuring import configure
from flowforge_schema.migrate.connecting import Target, reading
from flowforge_schema.migrate.messages import say_invalid
from flowforge_schema.migrate.status import refuse_unknown, status_of
from flowforge_schema.models import metadata


def check(target: Target) -> tuple[str, ...]:
    """Return what is wrong with the database's schema, each as a line; empty where it is the one that the models describe.

    Looks for pending revisions, invalid indexes, and whatever Alembic's autogenerate would change. Changes nothing, and
    waits for no upgrade. Raises MigrationError where the database cannot be reached or read, or is of a later release.
    """
    with reading(target) as connection:
        status = status_of(connection, configure())
        refuse_unknown(status)
        behind = [f"revision {name} has not been run; mend: flowforge-schema upgrade" for name in status.pending]
        invalid = [say_invalid(index) for index in status.invalid_indexes]
        return (*behind, *invalid, *(() if behind else _differences(connection)))


def _differences(connection: Connection) -> tuple[str, ...]:
    """Compare as `alembic check` does, but without env.py, which would first wait until no upgrade runs."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    found = compare_metadata(context, metadata)
    flat = [entry for diff in found for entry in (diff if isinstance(diff, list) else [diff])]
    return tuple(f"{_difference(*entry)}; mend: alembic revision --autogenerate" for entry in flat)


def _difference(operation: str, *subject: Any) -> str:
    names = ", ".join(str(getattr(item, "name", item)) for item in subject if item is not None)
    return f"the models and the database differ: {operation} {names}"
