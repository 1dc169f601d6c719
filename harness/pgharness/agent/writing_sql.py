"""Lets Alembic write the chain as SQL, as `alembic upgrade head --sql` does, with env.py as it is, and cuts it by revisions."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from .failures import describe
from .guard import guard_connections
from .worker_threads import run_where_it_can

if TYPE_CHECKING:
    from .project import Project


def write_sql(project: Project) -> dict[str, Any]:
    """Return `parts` of the script, each with the revision that it is of (None: before the first), and why it broke off.

    A part begins where the revision's own upgrade() does, and ends where the next one's begins: the line of the version table is in it.
    `revision` is the one that cannot be written, or None where env.py itself fails.
    """
    writing = _Writing(project)
    failure = None
    try:
        for target in project.task["targets"] or ["heads"]:
            run_where_it_can(partial(command.upgrade, project.config, target, sql=True))
    except BaseException as error:  # a revision is anybody's code and may raise anything
        files = [writing.running.path] if writing.running is not None else []
        failure = describe(error, None, files)
    revision = writing.running.revision if failure is not None and writing.running is not None else None
    return {"parts": writing.parts(), "failure": failure, "revision": revision}


class NoScriptError(Exception):
    """What a revision does cannot be written down."""


def refuse_parameters() -> None:
    """Let the connection that op.get_bind() gives offline refuse parameters, which Alembic would leave out of the script in silence."""
    stdout_connection = MigrationContext._stdout_connection  # noqa: SLF001

    def refusing(self: MigrationContext, connection: Any) -> Any:
        mock = stdout_connection(self, connection)
        execute = mock.execute

        def checked(statement: Any, parameters: Any = None, *more: Any, **named: Any) -> Any:
            if parameters or more or named.get("params") or named.get("multiparams"):
                raise NoScriptError(
                    "parameters of op.get_bind().execute(…) stand in no script; op.execute(text(…).bindparams(…)) writes them"
                )
            return execute(statement)

        mock.execute = checked  # type: ignore[method-assign,assignment]
        return mock

    MigrationContext._stdout_connection = refusing  # type: ignore[method-assign]  # noqa: SLF001


class _Writing:
    """One script while it is written."""

    def __init__(self, project: Project) -> None:
        self._output = io.StringIO()
        self._begun: list[tuple[str | None, int]] = [(None, 0)]
        self.running: Any = None
        project.config.output_buffer = self._output
        project.config.cmd_opts.sql = True  # type: ignore[union-attr]  # it is there: versions.make_config
        upgrade_revs = ScriptDirectory._upgrade_revs  # noqa: SLF001

        def stepping(scripts: ScriptDirectory, *arguments: Any) -> Any:
            return [self._noted(step) for step in upgrade_revs(scripts, *arguments)]

        ScriptDirectory._upgrade_revs = stepping  # type: ignore[method-assign,assignment]  # noqa: SLF001
        guard_connections(project)
        refuse_parameters()

    def parts(self) -> list[dict[str, Any]]:
        """Return what has been written so far, cut where revisions begin."""
        text = self._output.getvalue()
        ends = [*(begin for _, begin in self._begun[1:]), len(text)]
        return [{"revision": revision, "sql": text[begin:end]} for (revision, begin), end in zip(self._begun, ends)]

    def _noted(self, step: Any) -> Any:
        """Let a step say where its part begins."""
        act, script = step.migration_fn, step.revision

        def noted(**arguments: Any) -> Any:
            self.running = script
            self._begun.append((script.revision, self._output.tell()))
            return act(**arguments)

        step.migration_fn = noted
        return step
