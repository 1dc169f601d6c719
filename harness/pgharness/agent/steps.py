"""Runs a list of revisions up or down, or only enters them in the version table, on the connection that env.py configured, and tells each step whole."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationStep

from .channel import Gone
from .connections import commits_each_statement, restore_settings, session_settings
from .failures import describe
from .queries import answer_query
from .versions import commit, rollback

if TYPE_CHECKING:
    from alembic.script import Script, ScriptDirectory
    from sqlalchemy.engine import Connection

    from .channel import Channel, Message
    from .environment import Environment, Notice

UP, DOWN, STAMP = "upgrade", "downgrade", "stamp"
Asked = Sequence[Sequence[str]]  # pairs of a revision and a direction


class Runner:
    """Runs steps one after the other and waits after each for the harness, which looks at the database meanwhile.

    `watched` names where it waits besides: "before_statement", "after_statement", "after_commit".
    """

    def __init__(self, environment: Environment, channel: Channel, watched: Sequence[str]) -> None:
        self._environment = environment
        self._channel = channel
        self._watched = watched
        self._heard = 0

    def run(self, asked: Asked, *, apart: bool) -> None:
        """Run steps until one fails: each with a memory of its own, or in one migration context as one `alembic upgrade` does.

        What a migration context remembers (an enum type that it made) is unknown to the next process of a deployment.
        """
        settings = self._settings(asked)
        if settings is None:
            return
        for several in [[step] for step in asked] if apart else [asked]:
            with self._watching():
                has_passed = self._run_in_one_context(several)
            if apart:
                with contextlib.nullcontext() if has_passed else contextlib.suppress(Exception):
                    restore_settings(self._environment.connection, settings)
            if not has_passed:
                return

    def _settings(self, asked: Asked) -> dict[str, str] | None:
        """Return the session's settings; None where the session has ended and env.py's connection is of no more use, which fails the first step."""
        connection = self._environment.connection
        rollback(connection)  # what was begun on a session that has ended
        try:
            return session_settings(connection)
        except Exception as error:  # drivers and dialects agree on no class
            step = _Step(self._environment, self._environment.project.scripts.get_revision(asked[0][0]), asked[0][1])
            self._tell(step, describe(error, "", [step.script.path]))
            return None
        finally:
            rollback(connection)

    def _run_in_one_context(self, asked: Asked) -> bool:
        """Run steps in one migration context, each in its own transaction; say whether all passed."""
        environment, scripts = self._environment, self._environment.project.scripts
        running: list[_Step] = []

        def one_by_one(_heads: Any, _context: Any) -> Iterator[MigrationStep]:
            for revision, direction in asked:
                script = scripts.get_revision(revision)
                assert script is not None, revision
                running[:] = [_Step(environment, script, direction)]
                self._heard = 0
                yield _step_of(scripts, script, direction)
                _require_committed(environment.connection, direction)
                self._tell(running.pop(), None)

        context = environment.new_context(fn=one_by_one)
        try:
            with Operations.context(context), context.begin_transaction():
                context.run_migrations(**environment.run_arguments)
            if environment.connection.in_transaction():
                commit(environment.connection)
        except Gone:
            raise
        except BaseException as error:  # a revision is anybody's code and may raise anything
            step = running.pop() if running else _Step(environment, scripts.get_revision(asked[0][0]), asked[0][1])
            cause = environment.statements.cause(error)
            failure = describe(cause, environment.statements.last, [step.script.path])
            failure["caught"] = cause is not error
            rollback(environment.connection)
            self._tell(step, failure)
            return False
        return True

    def _tell(self, step: _Step, failure: dict[str, Any] | None) -> None:
        self._environment.read_notices()
        self._pause("step", **step.told(), failure=failure)

    def _pause(self, event: str, **said: Any) -> None:
        """Report something and wait for "go"; meanwhile the harness may ask what only the migration's own session knows."""
        self._channel.send(event, **said)
        while (message := self._channel.receive())["do"] != "go":
            # While it commits, SQLAlchemy still says that it is in a transaction.
            self._answer(message, between_transactions=event in {"after_commit", "step"})

    def _answer(self, message: Message, *, between_transactions: bool) -> None:
        assert message["do"] == "query", message
        connection = self._environment.connection
        answer_query(self._channel, connection, message["sql"], between_transactions=between_transactions)

    def _newly_said(self) -> list[str]:
        """Return what the server remarked since this was asked last, of the present step."""
        self._environment.read_notices()
        notices = self._environment.notices
        said = [f"{one['severity']}: {one['message']}" for one in notices[self._heard :]]
        self._heard = len(notices)
        return said

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        """Pause where it is asked for, as long as steps run."""
        statements, dialect = self._environment.statements, self._environment.connection.dialect
        if "before_statement" in self._watched:
            statements.before = lambda statement: self._pause("before_statement", statement=statement)
        if "after_statement" in self._watched:
            statements.after = lambda statement: self._pause(
                "after_statement", statement=statement, said=self._newly_said()
            )
        do_commit = dialect.do_commit
        if "after_commit" in self._watched:

            def committing(connection: Any) -> None:
                do_commit(connection)
                self._pause("after_commit")

            dialect.do_commit = committing  # type: ignore[method-assign,assignment]
        try:
            yield
        finally:
            statements.before = statements.after = None
            dialect.do_commit = do_commit  # type: ignore[method-assign]


class UncommittedError(Exception):
    """A revision leaves a transaction behind that nobody commits."""


class _Step:
    """One step while it runs."""

    def __init__(self, environment: Environment, script: Script | None, direction: str) -> None:
        assert script is not None
        self.script = script
        self._direction = direction
        self._environment = environment
        self._began = time.perf_counter()
        environment.statements.files = (script.path,)
        environment.statements.clear()
        environment.read_notices()  # pg8000 keeps those of before, too
        environment.notices.clear()

    def told(self) -> dict[str, Any]:
        """Return what is known of it so far."""
        return {
            "revision": self.script.revision,
            "direction": self._direction,
            "statements": self._environment.statements.sent,
            "notices": [said for said in self._environment.notices if not _is_debugging(said)],
            "duration_s": time.perf_counter() - self._began,
        }


def _require_committed(connection: Connection, direction: str) -> None:
    """Raise where a revision has ended Alembic's transaction itself: what came after stands in one that nobody commits."""
    if connection.in_transaction() and not commits_each_statement(connection):
        raise UncommittedError(
            f"{direction}() ends the transaction that Alembic has begun, so nobody commits what comes after it, "
            "nor the revision in the version table"
        )


def _is_debugging(said: Notice) -> bool:
    """Whether the server said it only because the harness had asked it to tell all that it does."""
    return str(said["severity"]).startswith("DEBUG")


def _step_of(scripts: ScriptDirectory, script: Script, direction: str) -> MigrationStep:
    """Return what Alembic runs for a revision; a stamp enters it as `upgrade` does, and runs nothing."""
    make = MigrationStep.downgrade_from_script if direction == DOWN else MigrationStep.upgrade_from_script
    step = make(scripts.revision_map, script)
    if direction == STAMP:
        step.migration_fn = lambda **_arguments: None
    return step
