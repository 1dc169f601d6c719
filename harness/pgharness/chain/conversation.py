"""Runs env.py around a database in a child of the agent, and asks it for one thing after another there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pgharness.chain.child import Child, ProcessEnded
from pgharness.chain.lock_waits import LockWaits
from pgharness.chain.messages import (
    Direction,
    ImportedTooEarlyError,
    Message,
    enums_of,
    failure_of,
    refused_of,
    statement_of,
    step_of,
)
from pgharness.chain.project import Project
from pgharness.chain.watch import Preparing, QueryRefused, Watch
from pgharness.databases import Database
from pgharness.findings import CannotRun, ChainFails
from pgharness.records.experiments import DeclaredEnum, LeftOut, RefusedDdl, UnimportedTable
from pgharness.records.steps import Failure, Step

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Drafted:
    """What autogenerate gave, or the failure that kept it from giving anything; `untold` is what it cannot see at all."""

    found: tuple[str, ...]
    failure: Failure | None = None
    untold: str = ""
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ask:
    """Asks the migration's own session while the agent waits."""

    child: Child
    said: tuple[str, ...] = ()

    def __call__(self, sql: str) -> list[tuple[str | None, ...]]:
        """Run a query there. Raises QueryRefused."""
        self.child.send(do="query", sql=sql)
        answer = self.child.receive("rows")
        if answer["refused"]:
            raise QueryRefused(answer["refused"])
        return [tuple(row) for row in answer["rows"]]


class Conversation:
    """One run of env.py, halted where it runs its migrations; `version_table` is where Alembic keeps the revision there."""

    def __init__(self, project: Project, child: Child, waits: LockWaits) -> None:
        self._child = child
        self._waits = waits
        self.has_ended = False
        """Whether a revision has ended the process, so that nothing more can be asked."""
        told = child.receive("environment")
        self.version_table: str = told["version_table"]
        self.backend: int = told["backend"]
        """The server's process that serves the migration."""
        if not child.imported_ahead:
            project.runs.names = told["names"]
        elif told["changes"] or project.runs.names not in {None, told["names"]}:
            raise ImportedTooEarlyError
        environment = {**os.environ, **told["variables"]}
        wanted = {name: told[name] for name in ("path", "stand_in", "changes", "set_early", "conventions")}
        self._runs = project.runs
        self._surroundings = {"folder": str(Path.cwd()), "environment": environment, **wanted}
        self._runs.import_ahead(self._surroundings, told["modules"])

    def steps(
        self,
        asked: Sequence[tuple[str, Direction]],
        *,
        apart: bool,
        watches: Sequence[Watch] = (),
    ) -> Iterator[Step]:
        """Run steps, yielding each while the agent waits; they end with the first that fails, if only by ending the process.

        `apart` gives each step a migration context of its own, as in a process of its own; else all share one, as in one
        `alembic upgrade`.
        """
        wanted = sorted(frozenset().union(*(watch.wants for watch in watches)))
        try:
            for watch in watches:
                if isinstance(watch, Preparing):
                    watch.before_steps(_Ask(self._child))
            self._child.send(do="steps", steps=asked, apart=apart, watched=wanted)
            yield from self._steps(watches)
        except ProcessEnded as ended:
            self.has_ended = True
            yield Step((), 0.0, None, ended.as_failure())

    def _steps(self, watches: Sequence[Watch]) -> Iterator[Step]:
        while (message := self._child.receive())["event"] != "ran":
            if message["event"] == "step":
                step = self._told(step_of(message))
                for watch in watches:
                    watch.after_step(step, _Ask(self._child))
                yield step
            else:
                self._call(message, watches)
            self._child.send(do="go")
        self._runs.import_ahead(self._surroundings, message["modules"])  # what revisions import, too

    def ask(self, sql: str) -> list[tuple[str | None, ...]]:
        """Run a query on the session that env.py has made, between steps, and give the rows as text."""
        return _Ask(self._child)(sql)

    def build_models(
        self,
    ) -> tuple[tuple[RefusedDdl, ...], tuple[DeclaredEnum, ...], tuple[UnimportedTable, ...]] | None:
        """Make in the database what the models declare; None where neither the settings nor env.py name any."""
        self._child.send(do="models")
        told = self._child.receive("models")
        if not told["named"]:
            return None
        unimported = tuple(UnimportedTable(**one) for one in told["unimported"])
        return refused_of(told["refused"]), enums_of(told["enums"]), unimported

    def by_hand(self, module: Path, function: str) -> str | None:
        """Call a function of a module with the connection of env.py, if it has one, and return why it fails; None where it passes."""
        self._child.send(do="by_hand", path=str(module), function=function)
        failure = failure_of(self._child.receive("by_hand")["failure"])
        return None if failure is None else f"{failure.error}: {failure.message}"

    def pending_operations(self) -> Drafted | None:
        """Ask what `alembic check` would still want; None where env.py names no models."""
        return self._drafted("compare", "pending")

    def write_draft(self) -> Drafted | None:
        """Let autogenerate write revisions into the folder of versions; give their ids, or why it could not."""
        return self._drafted("draft", "draft")

    def _drafted(self, do: str, event: str) -> Drafted | None:
        self._child.send(do=do)
        told = self._child.receive(event)
        if not told["named"]:
            return None
        left_out = tuple(sorted({LeftOut(**one) for one in told["left_out"]}))
        return Drafted(tuple(told["found"]), failure_of(told["failure"]), told["untold"], left_out)

    def _call(self, message: Message, watches: Sequence[Watch]) -> None:
        if message["event"] == "after_statement":
            self._waits.last_done = message["statement"]["sql"]
        ask = _Ask(self._child, tuple(message.get("said", ())))
        for watch in watches:
            if message["event"] not in watch.wants:
                continue
            if message["event"] == "after_commit":
                watch.after_commit(ask)
            else:
                getattr(watch, message["event"])(statement_of(message["statement"]), ask)

    def _told(self, step: Step) -> Step:
        if step.failure is None or not self._waits.ended:
            return step
        return replace(step, failure=replace(step.failure, waited=self._waits.ended))


def with_imports_ahead(
    project: Project, act: Callable[[], Result], again: Callable[[], Result] | None = None
) -> Result:
    """Act; and where env.py has to come before the project's modules, `again` (or the same) with every run importing for itself."""
    try:
        return act()
    except ChainFails:
        raise  # env.py has come to its revisions
    except (CannotRun, ImportedTooEarlyError):
        if not project.runs.import_nothing_ahead():
            raise
        project.runs.reopen()
    return (again or act)()


@contextlib.contextmanager
def converse(project: Project, database: Database, *, versions_folder: str = "") -> Iterator[Conversation]:
    """Run env.py around a database. Raises CannotRun where env.py fails, connects elsewhere, or runs no migrations."""
    with LockWaits(database) as waits, contextlib.ExitStack() as stack:
        yield _begun(project, database, versions_folder, waits, stack)


def _begun(
    project: Project, database: Database, versions_folder: str, waits: LockWaits, stack: contextlib.ExitStack
) -> Conversation:
    """Let env.py find the database by its URL, as in production, and else hand it a connection; the way that works is remembered."""
    ways = (True,) if project.runs.hands_over else (False, True)
    for hand_over in ways:
        task = project.task("converse", database, versions_folder=versions_folder, hand_over=hand_over)
        child = stack.enter_context(project.runs.child(task))
        child.on_silence = waits.look
        try:
            conversation = Conversation(project, child, waits)
        except CannotRun as reason:
            if hand_over or isinstance(reason, ProcessEnded):
                raise
        else:
            project.runs.hands_over = hand_over
            return conversation
    raise AssertionError("one of the ways returns or raises")
