"""The connection on which revisions run: env.py's own where it is free, else one like it from the same engine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from .leading_here import connection_recipe
from .stopping import Stop
from .versions import commit

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine import Connection

    from .project import Project

SEVERAL_DATABASES_RECIPE = (
    "check one of its databases at a time: let env.py run for the one that context.get_x_argument() names, on the URL in "
    'config.get_main_option("sqlalchemy.url"), and run pgharness check -x database=NAME for each'
)

# What this session has set, by SET or SET LOCAL; what belongs to a single transaction ends with it.
_SESSION_SETTINGS = (
    "SELECT name, setting FROM pg_catalog.pg_settings WHERE source = 'session' AND name NOT LIKE 'transaction~_%' ESCAPE '~' "
    "UNION ALL SELECT 'role', current_setting('role')"
)


def require_test_database(context: MigrationContext, project: Project) -> Connection:
    """Return the connection that env.py configured, once it is sure that it leads to the test database. Raises Stop."""
    connection = context.connection
    if connection is None:
        raise Stop(
            "env.py configured no connection.", seen="context.configure() got none", mend=connection_recipe(project)
        )
    if connection.dialect.name != "postgresql":
        raise Stop(
            "env.py ignores the connection it is given.",
            seen=f"it connected to {connection.dialect.name}, not to PostgreSQL; nothing was run there",
            mend=connection_recipe(project),
        )
    name = project.task["parts"]["database"]
    connected_to = connection.scalar(text("SELECT pg_catalog.current_database()"))
    if connected_to != name:
        raise Stop(
            "env.py ignores the connection it is given.",
            seen=f"it connected to the database {connected_to!r} on {connection.engine.url.host or 'a local socket'}; "
            "nothing was run there",
            mend=connection_recipe(project),
        )
    return connection


@contextlib.contextmanager
def free_connection(connection: Connection) -> Iterator[Connection]:
    """Yield a connection in no transaction, on env.py's own session and with the settings that it made there.

    What env.py did so far is committed: a schema that it made has to be there.
    """
    settings = session_settings(connection)
    connection.connection.commit()  # by the driver itself, since SQLAlchemy lets nobody end a `with engine.begin()` block
    try:
        commit(connection)
        restore_settings(connection, settings)
    except SQLAlchemyError:  # env.py holds a `with engine.begin()` block
        options: dict[str, Any] = {**connection.get_execution_options()}
        another = type(connection)(connection.engine, connection=connection.connection).execution_options(**options)
        restore_settings(another, settings)
        yield another
    else:
        yield connection


def commits_each_statement(connection: Connection) -> bool:
    """Whether the driver commits each statement by itself, as with isolation_level="AUTOCOMMIT" in env.py's engine."""
    return bool(getattr(connection.connection, "autocommit", False))


def version_table(context: MigrationContext, connection: Connection) -> str:
    """Return the name of the table in which Alembic keeps the revision, qualified and quoted as PostgreSQL prints it.

    It is where the session's search_path, or the connection's schema_translate_map, puts it.
    """
    translated: dict[str | None, str | None] = connection.get_execution_options().get("schema_translate_map") or {}
    schema = translated.get(context.version_table_schema, context.version_table_schema)
    found = connection.scalar(
        text(
            "SELECT coalesce(quote_ident(CAST(:schema AS text)), (SELECT quote_ident(nspname) FROM pg_catalog.pg_class "
            "JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace "
            "WHERE pg_class.oid = to_regclass(quote_ident(CAST(:name AS text)))), quote_ident(current_schema()), 'public') "
            "|| '.' || quote_ident(CAST(:name AS text))"
        ),
        {"schema": schema, "name": context.version_table},
    )
    return str(found)


def session_settings(connection: Connection) -> dict[str, str]:
    """Return what the session has set, by name; "role" is always among them."""
    return {str(name): str(setting) for name, setting in connection.execute(text(_SESSION_SETTINGS))}


def restore_settings(connection: Connection, wanted: dict[str, str]) -> None:
    """Bring the session back to these settings, whatever has been set or has ended since."""
    now = session_settings(connection)
    if now.keys() - wanted.keys():
        connection.execute(text("RESET ALL"))
        now = session_settings(connection)
    for name, setting in wanted.items():
        if now.get(name) != setting:
            connection.execute(text("SELECT set_config(:name, :setting, false)"), {"name": name, "setting": setting})
    commit(connection)
