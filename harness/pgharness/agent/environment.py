"""Runs env.py around a test database, and does there, where env.py runs its migrations, what the harness asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

from .asynchronous import hand_over_asynchronously, run_with_what_it_takes
from .connections import free_connection, require_test_database, version_table
from .drivers import collect_notices, serves_synchronously
from .guard import elsewhere, guard_connections, refused
from .project import script_directory
from .recipes import DRIVER_RECIPE, mend_of_env_py, words_of
from .statements import Statements
from .stopping import Stop, in_one_line
from .versions import rollback

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from .channel import Channel
    from .project import Project

Notice = dict[str, Any]


@dataclass
class Environment:
    """What env.py configured, and a connection to the test database that is in no transaction.

    `run_arguments` are what env.py gives to every upgrade() and downgrade().
    """

    project: Project
    alembic: EnvironmentContext
    context: MigrationContext
    connection: Connection
    run_arguments: dict[str, Any]
    statements: Statements
    notices: list[Notice]
    read_notices: Callable[[], None]

    @property
    def target_metadata(self) -> tuple[MetaData, ...]:
        """The models that env.py names, of which there may be several or none."""
        target: MetaData | Sequence[MetaData] | None = self.context.opts.get("target_metadata")
        return (target,) if isinstance(target, MetaData) else tuple(target or ())

    @property
    def version_table(self) -> str:
        """The table in which Alembic keeps the revision, as PostgreSQL prints it."""
        name = version_table(self.context, self.connection)
        rollback(self.connection)  # a migration context that meets a transaction leaves its commit to whoever began it
        return name

    @property
    def backend(self) -> int:
        """The server's process that serves the connection."""
        found = self.connection.scalar(text("SELECT pg_catalog.pg_backend_pid()"))
        rollback(self.connection)
        return int(str(found))

    def new_context(self, **options: Any) -> MigrationContext:
        """Make a migration context as env.py configured it, with one transaction per migration and `options` on top."""
        context = MigrationContext.configure(
            connection=self.connection,
            environment_context=self.alembic,
            opts={**self.context.opts, "transaction_per_migration": True, **options},
        )
        context._version = self.context._version  # one table, so that SQLAlchemy finds what it has compiled  # noqa: SLF001
        self.alembic._migration_context = context  # `alembic.context` in revisions speaks of this one  # noqa: SLF001
        return context


def run_environment(project: Project, channel: Channel, act: Callable[[Environment], None]) -> None:
    """Run env.py, and where it runs its migrations, act instead; this process ends there.

    env.py finds the database as `sqlalchemy.url` and in the variables that the settings name, and where it takes neither, as a live
    connection in `config.attributes["connection"]`, if the driver serves plain engines. Raises Stop where env.py fails, connects
    elsewhere, or runs no migrations.
    """
    statements = Statements()
    guard_connections(project)

    def run_migrations(self: EnvironmentContext, **run_arguments: Any) -> None:
        channel.conclude(lambda: _act(project, self, run_arguments, statements, act))

    EnvironmentContext.run_migrations = run_migrations  # type: ignore[method-assign]
    nothing = {"fn": lambda _revision, _context: [], "as_sql": False, "starting_rev": None, "destination_rev": "head"}
    with connection_for_env_py(project), EnvironmentContext(project.config, project.scripts, tag=None, **nothing):
        try:
            run_with_what_it_takes(project, project.scripts.run_env)
        except (Exception, SystemExit) as error:
            raise failed(project, error) from error
    raise Stop(
        f"{project.env_py} ended without running migrations.",
        seen="context.run_migrations() was not called",
        mend="call context.configure(connection=…) and context.run_migrations() in env.py's online mode",
    )


def failed(project: Project, error: BaseException) -> Stop:
    """Return a Stop that says that env.py failed, and what helps."""
    if (refusal := refused(error)) is not None:
        return elsewhere(project, refusal)
    return Stop(
        f"{project.env_py} failed.",
        seen=words_of(error),
        mend=mend_of_env_py(project, error),
    )


def _act(
    project: Project,
    alembic: EnvironmentContext,
    run_arguments: dict[str, Any],
    statements: Statements,
    act: Callable[[Environment], None],
) -> None:
    context = alembic.get_context()
    if project.task["versions_folder"]:
        project.scripts = script_directory(project.config)  # env.py may have chosen the folder of its revisions itself
    own = require_test_database(context, project)
    with free_connection(own) as connection:
        notices: list[Notice] = []

        def note(severity: str, sqlstate: str, message: str) -> None:
            notices.append(
                {
                    "severity": severity,
                    "sqlstate": sqlstate,
                    "message": message,
                    "statement": len(statements.sent) - 1,
                }
            )

        read_notices = collect_notices(connection, note)
        statements.at_end = read_notices
        statements.clear()
        act(Environment(project, alembic, context, connection, run_arguments, statements, notices, read_notices))


@contextlib.contextmanager
def connection_for_env_py(project: Project) -> Iterator[None]:
    """Let `config.attributes["connection"]` be a live connection, where the task says so, or where the project's own function put an engine there."""
    given = project.config.attributes.get("connection")
    if project.task["hand_over"]:
        with _handed_over(project):
            yield
    elif isinstance(given, Engine):
        with given.connect() as connection:
            project.config.attributes["connection"] = connection
            yield
    else:
        yield


@contextlib.contextmanager
def _handed_over(project: Project) -> Iterator[None]:
    """Put a live connection into `config.attributes["connection"]`; an asynchronous driver can make none here, and gives its engine."""
    if not serves_synchronously(project.driver):
        hand_over_asynchronously(project)
        yield
        return
    try:
        connection = create_engine(project.url, poolclass=NullPool).connect()
    except ImportError as error:
        raise Stop(
            "The driver of the project's URL is not installed beside it.",
            seen=in_one_line(error),
            mend=f"install it where the project is, or name another one: {DRIVER_RECIPE.partition(': ')[2]}",
        ) from error
    with connection:
        project.config.attributes["connection"] = connection
        yield
