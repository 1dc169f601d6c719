"""Does what `alembic upgrade` does, to the heads or to revisions that are named, with env.py exactly as it is, and notes how env.py goes about it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from .asynchronous import run_with_what_it_takes
from .configure_call import call_apart
from .connections import commits_each_statement, require_test_database, version_table
from .environment import failed
from .failures import describe
from .guard import guard_connections
from .statements import Statements
from .stopping import Stop
from .versions import rollback

if TYPE_CHECKING:
    from .project import Project

OPTIONS = ("transaction_per_migration", "transactional_ddl")


class Deployment:
    """One deployment; what is noted of it is plain values.

    Of each call of `context.run_migrations()`: the options that env.py gave to `configure`, whether a transaction had begun
    before, which statement had begun it, its call with each revision in a transaction of its own, and the version table. `begun` says whether `context.begin_transaction()` was called.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._statements = Statements()
        self._statements.files = (project.env_py,)
        self.runs: list[dict[str, Any]] = []
        self.begun = False
        self._running: Any = None
        self._configured: dict[str, Any] = {}

    def run(self) -> dict[str, Any]:
        """Upgrade to the task's targets, else to the heads; a revision's failure is told, one of env.py itself raises Stop."""
        self._listen()
        failure = None
        try:
            for target in self._project.task["targets"] or [self._heads]:
                self._project.type_revision(target)
                run_with_what_it_takes(self._project, partial(command.upgrade, self._project.config, target))
        except BaseException as error:  # a revision is anybody's code and may raise anything
            if isinstance(error, Stop):
                raise
            if not self.runs:
                raise failed(self._project, error) from error
            files = [self._running.path] if self._running is not None else []
            failure = describe(error, self._statements.last, files)
        if not self.runs:
            raise Stop(
                f"{self._project.env_py} ended without running migrations.",
                seen="context.run_migrations() was not called",
                mend="call context.configure(connection=…) and context.run_migrations() in env.py's online mode",
            )
        revision = self._running.revision if failure and self._running is not None else None
        after = self._statements.last_of_files() if failure is None else None
        return {"runs": self.runs, "begun": self.begun, "failure": failure, "revision": revision, "after": after}

    @property
    def _heads(self) -> str:
        """What people type to get to the end of the chain."""
        return "head" if len(self._project.scripts.get_heads()) == 1 else "heads"

    def _listen(self) -> None:
        """Stand beside what env.py calls; nothing that it does is changed."""
        configure, run_migrations = EnvironmentContext.configure, EnvironmentContext.run_migrations
        begin_transaction, upgrade_revs = EnvironmentContext.begin_transaction, ScriptDirectory._upgrade_revs  # noqa: SLF001

        def configuring(alembic: EnvironmentContext, connection: Any = None, **options: Any) -> None:
            in_transaction = connection is not None and connection.in_transaction()
            apart = call_apart(self._project.env_py, options)
            configure(alembic, connection, **{**options, **self._project.task["forced"]})
            self._configured = {
                "in_transaction": bool(in_transaction),
                "before": self._statements.last_of_files() if in_transaction else None,
                "options": {name: options[name] for name in OPTIONS if name in options},
                "apart": apart,
            }

        def running(alembic: EnvironmentContext, **arguments: Any) -> None:
            context = alembic.get_context()
            self.runs.append({**self._configured, **self._seen_of(context)})
            run_migrations(alembic, **arguments)
            self._statements.files = (self._project.env_py,)
            self._statements.clear()

        def beginning(alembic: EnvironmentContext) -> Any:
            self.begun = True
            return begin_transaction(alembic)

        def stepping(scripts: ScriptDirectory, *arguments: Any) -> Any:
            return [self._noted(step) for step in upgrade_revs(scripts, *arguments)]

        EnvironmentContext.configure = configuring  # type: ignore[method-assign,assignment]
        EnvironmentContext.run_migrations = running  # type: ignore[method-assign,assignment]
        EnvironmentContext.begin_transaction = beginning  # type: ignore[method-assign,assignment]
        ScriptDirectory._upgrade_revs = stepping  # type: ignore[method-assign,assignment]  # noqa: SLF001
        guard_connections(self._project)

    def _noted(self, step: Any) -> Any:
        """Let a step say that it runs."""
        act, script = step.migration_fn, step.revision

        def noted(**arguments: Any) -> Any:
            self._running = script
            self._statements.files = (script.path,)
            return act(**arguments)

        step.migration_fn = noted
        return step

    def _seen_of(self, context: MigrationContext) -> dict[str, Any]:
        """Return where Alembic keeps the revision, and leave the connection as it was. Raises Stop where it is another database's."""
        known = len(self._statements.sent)
        was_in_transaction = context.connection is not None and context.connection.in_transaction()
        connection = require_test_database(context, self._project)
        seen = {
            "version_table": version_table(context, connection),
            "commits_each": commits_each_statement(connection),
        }
        if not was_in_transaction:
            rollback(connection)
        del self._statements.sent[known:]
        return seen
