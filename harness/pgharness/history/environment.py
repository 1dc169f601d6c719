"""Runs a project's env.py around a test database, and hands over what it configured."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alembic import context as context_module
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, NullPool, create_engine, event, text
from sqlalchemy.exc import InvalidRequestError, SQLAlchemyError
from typing_extensions import override

from pgharness.databases import Database
from pgharness.findings import CannotRun
from pgharness.servers import STATEMENT_LIMIT

CONNECTION_RECIPE = (
    'let env.py begin with connection = config.attributes.get("connection") and use it where it is not None; '
    'or take the URL from config.get_main_option("sqlalchemy.url"); '
    'or, where it reads a variable, set environment = {DATABASE_URL = "{url}"} in [tool.pgharness]'
)


# What env.py may raise, words of its message, and what helps.
MENDS: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (ImportError,),
        "",
        "install the package that is missing, or put its folder on the path: prepend_sys_path in alembic.ini",
    ),
    (
        (RuntimeError,),
        "application context",
        "let env.py make the application itself where there is none: create_app().app_context().push()",
    ),
    (
        (RuntimeError,),
        "running event loop",
        "let env.py use the connection it is given instead of calling asyncio.run() where a loop runs already",
    ),
    ((SQLAlchemyError, OSError, KeyError, SystemExit), "", CONNECTION_RECIPE),
    ((BaseException,), "", "run `alembic current` to see the same error, and correct env.py or what it imports"),
)


_LOGGING: Any = logging  # its lists of handlers are in no stub


@dataclass(frozen=True, slots=True)
class Environment:
    """What env.py configured, on a connection to the test database that is in no transaction.

    `run_arguments` are what env.py gives to every upgrade() and downgrade(). `statements` and `parameters` grow with each
    statement that the connection sends.
    """

    context: MigrationContext
    connection: Connection
    run_arguments: Mapping[str, Any]
    statements: list[str]
    parameters: list[object]
    alembic: _ObservedEnvironment

    @property
    def version_table(self) -> str:
        """Give the name of the table in which Alembic keeps the revision, qualified and quoted as PostgreSQL prints it."""
        names = {"schema": self.context.version_table_schema or "public", "name": self.context.version_table}
        with self.connection.begin():
            return str(self.connection.scalar(text("SELECT quote_ident(:schema) || '.' || quote_ident(:name)"), names))

    @property
    def target_metadata(self) -> tuple[MetaData, ...]:
        """Give the models that env.py names, of which there may be several or none."""
        target: MetaData | Sequence[MetaData] | None = self.context.opts.get("target_metadata")
        return (target,) if isinstance(target, MetaData) else tuple(target or ())

    def new_context(self, **options: Any) -> MigrationContext:
        """Make a migration context as env.py configured it, with one transaction per migration and `options` on top."""
        context = MigrationContext.configure(
            connection=self.connection,
            environment_context=self.alembic,
            opts={**self.context.opts, "transaction_per_migration": True, **options},
        )
        self.alembic._use(context)  # noqa: SLF001 - public names would become functions of alembic.context
        return context


@dataclass(slots=True)
class _Outcome:
    """Whether env.py ran migrations, on which engine, and what was raised meanwhile."""

    has_run: bool = False
    engine: Engine | None = None
    error: BaseException | None = None


class _ObservedEnvironment(EnvironmentContext):
    """An environment whose `run_migrations` calls `body` instead of running revisions."""

    def __init__(
        self,
        config: Config,
        scripts: ScriptDirectory,
        database: Database,
        body: Callable[[Environment], None],
        outcome: _Outcome,
    ) -> None:
        super().__init__(config, scripts)
        self._database = database
        self._body = body
        self._outcome = outcome

    @override
    def configure(self, connection: Connection | None = None, **options: Any) -> None:  # type: ignore[override]  # the rest is handed on
        """Configure as asked, but let each revision have its own transaction, so that each can be looked at."""
        super().configure(connection, **{**options, "transaction_per_migration": True})

    @override
    def run_migrations(self, **run_arguments: Any) -> None:
        """Call the body once, however often env.py runs migrations."""
        if self._outcome.has_run:
            return
        self._outcome.has_run = True
        connection = self.get_context().connection
        self._outcome.engine = connection.engine if connection is not None else None
        try:
            with _observed(self.get_context(), self._database) as (connection, statements, parameters):
                self._body(Environment(self.get_context(), connection, run_arguments, statements, parameters, self))
        except BaseException as error:
            self._outcome.error = error
            raise

    def _use(self, context: MigrationContext) -> None:
        """Let `alembic.context` in revisions speak of this migration context."""
        self._migration_context = context


# `from alembic import context` is a module of functions that Alembic makes for one class; let it serve this one too.
_ObservedEnvironment.create_module_class_proxy(vars(context_module), vars(context_module))


def run_environment(
    config: Config,
    scripts: ScriptDirectory,
    database: Database,
    variables: Mapping[str, str],
    body: Callable[[Environment], None],
) -> None:
    """Run env.py on the database, calling `body` where env.py runs its migrations.

    The database is handed to env.py in three ways: as a live connection in `config.attributes["connection"]`, as
    `sqlalchemy.url`, and in the environment variables that the settings name. What env.py prints is kept for messages.
    Raises CannotRun where env.py fails, connects elsewhere, or runs no migrations; what `body` raises passes through.
    """
    config.set_main_option("sqlalchemy.url", _text(database).replace("%", "%%"))
    printed = io.StringIO()
    engine = create_engine(database.url, poolclass=NullPool)
    outcome = _Outcome()
    environment = _ObservedEnvironment(config, scripts, database, body, outcome)
    with _variables(variables, database), engine.connect() as connection, environment:
        config.attributes["connection"] = connection
        try:
            with _quiet(printed):
                scripts.run_env()
        except (Exception, SystemExit) as error:
            if outcome.error is not None:
                raise outcome.error from None
            raise CannotRun(
                f"{scripts.env_py_location} failed.",
                seen=f"{type(error).__name__}: {_shortened(str(error))}{_said(printed)}",
                mend=_mend(error),
            ) from error
        finally:
            config.attributes.pop("connection", None)
            _dispose(outcome.engine)
    if not outcome.has_run:
        raise CannotRun(
            f"{scripts.env_py_location} ended without running migrations.",
            seen=f"context.run_migrations() was not called{_said(printed)}",
            mend="call context.configure(connection=…) and context.run_migrations() in env.py's online mode",
        )


@contextlib.contextmanager
def _observed(context: MigrationContext, database: Database) -> Iterator[tuple[Connection, list[str], list[object]]]:
    """Give a connection to the database that env.py chose, in no transaction, once it is sure which that is."""
    if context.connection is None:
        raise CannotRun("env.py configured no connection.", seen="context.configure() got none", mend=CONNECTION_RECIPE)
    name = context.connection.scalar(text("SELECT pg_catalog.current_database()"))
    if name != database.name:
        raise CannotRun(
            "env.py ignores the connection it is given.",
            seen=f"it connected to the database {name!r} on {context.connection.engine.url.host or 'a local socket'}; "
            "nothing was run there",
            mend=CONNECTION_RECIPE,
        )
    statements: list[str] = []
    parameters: list[object] = []

    def remember(_connection: Any, _cursor: Any, statement: str, given: object, *_rest: Any) -> None:
        statements.append(statement)
        parameters.append(given)

    with _free_connection(context.connection) as connection:
        event.listen(connection, "before_cursor_execute", remember)
        try:
            yield connection, statements, parameters
        finally:
            event.remove(connection, "before_cursor_execute", remember)


@contextlib.contextmanager
def _free_connection(connection: Connection) -> Iterator[Connection]:
    """Give env.py's own connection where it can leave its transaction, else a new one from the same engine."""
    connection.commit()
    try:
        connection.scalar(text("SELECT 1"))
    except InvalidRequestError:  # env.py holds a `with engine.begin()` block
        with connection.engine.connect() as another:
            yield another
    else:
        connection.commit()
        yield connection


@contextlib.contextmanager
def _variables(variables: Mapping[str, str], database: Database) -> Iterator[None]:
    """Set the environment variables that the settings name, and libpq's own for the limits, for as long as env.py runs."""
    url = database.url
    parts = {
        "url": _text(database),
        "host": url.query.get("host") or url.host or "",
        "port": url.query.get("port") or url.port or "",
        "user": url.username or "",
        "password": url.password or "",
        "database": database.name,
    }
    limits = {"PGOPTIONS": os.environ.get("PGOPTIONS", STATEMENT_LIMIT)}
    wanted = {**limits, **{name: value.format_map(parts) for name, value in variables.items()}}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _quiet(printed: io.StringIO) -> Iterator[None]:
    """Keep what env.py and revisions print, and undo what `fileConfig` does to logging.

    It closes every handler that logging knows of, for good, so meanwhile logging knows of none.

    Their warnings are warnings, also where the caller (pytest with -W error) turns its own into errors.
    """
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    known = [item for item in logging.root.manager.loggerDict.values() if isinstance(item, logging.Logger)]
    states = [(logger, logger.disabled, logger.level, logger.handlers[:]) for logger in known]
    listed, named = _LOGGING._handlerList[:], dict(_LOGGING._handlers)  # noqa: SLF001 - there is no public way
    _know_handlers([], {})
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
            warnings.simplefilter("default")
            yield
    finally:
        root.handlers[:], root.level = handlers, level
        for logger, disabled, logger_level, logger_handlers in states:
            logger.disabled, logger.handlers[:] = disabled, logger_handlers
            logger.setLevel(logger_level)
        _know_handlers(listed, named)


def _know_handlers(listed: list[Any], named: Mapping[str, logging.Handler]) -> None:
    _LOGGING._handlerList[:] = listed  # noqa: SLF001 - as above
    _LOGGING._handlers.clear()  # noqa: SLF001
    _LOGGING._handlers.update(named)  # noqa: SLF001


def _text(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def _said(printed: io.StringIO) -> str:
    """Give the last lines that env.py printed, or nothing."""
    lines = printed.getvalue().strip().splitlines()[-5:]
    return f"; it printed: {' / '.join(lines)}" if lines else ""


def _shortened(message: str, limit: int = 600) -> str:
    in_one_line = " ".join(message.split())
    return in_one_line if len(in_one_line) <= limit else f"{in_one_line[:limit]}…"


def _mend(error: BaseException) -> str:
    return next(mend for kinds, words, mend in MENDS if isinstance(error, kinds) and words in str(error))


def _dispose(engine: Engine | None) -> None:
    """Close the connections that env.py's engine keeps; an async one can be closed in its own loop only."""
    if engine is not None and not engine.dialect.is_async:
        engine.dispose()
