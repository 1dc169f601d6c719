"""What one pytest session shares: the settings, one server, and one run of the checks, over all xdist workers."""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pytest
from filelock import FileLock

from pgharness.chain.project import Project, open_project
from pgharness.databases import Database, Databases
from pgharness.findings import CannotRun
from pgharness.report.model import Report
from pgharness.running import Plan, plan_run, run_on
from pgharness.servers import Server, ended_in_order, kept_by_variable, open_server
from pgharness.servers.private_folder import private_folder
from pgharness.settings import Settings, load_settings

KEPT = "kept"
WORKER_SERVER, WORKER_FOLDER = "pgharness_server", "pgharness_folder"


class HarnessSession:
    """Opens what is asked for when it is first asked for, and closes it in `close`."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._stack = ExitStack()
        self._worker: dict[str, Any] = getattr(config, "workerinput", {})
        self._has_kept = False
        self.report: Report | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings of the project that is tested, with pytest's own options on top."""
        named = self._config.getoption("--pgharness-config")
        file = Path(named) if named else self._config.rootpath / "pyproject.toml"
        server = self._config.getoption("--pgharness-server")
        return load_settings(file if named or file.is_file() else None, server=server)

    @cached_property
    def server(self) -> Server:
        """The one server of this session; workers use the controller's."""
        told = self._worker.get(WORKER_SERVER)
        if told is not None:
            self._stack.enter_context(ended_in_order())
            return Server.shared(told)
        opened = open_server(self.settings.server, image=self.settings.image, keeps=self._keeps_server)
        return self._stack.enter_context(opened)

    @cached_property
    def databases(self) -> Databases:
        """The databases that this process makes."""
        return self._stack.enter_context(Databases(self.server))

    @cached_property
    def project(self) -> Project:
        """The project's chain, whose code runs where pytest does unless the settings say otherwise. Raises CannotRun."""
        project = open_project(self.settings, own_first=True)
        self._stack.callback(project.runs.agent.close)
        self._stack.callback(project.runs.close)
        return project

    @cached_property
    def plan(self) -> Plan:
        """The checks that are to be made, known without a server."""
        return plan_run(self.settings, self.project)

    @cached_property
    def folder(self) -> Path:
        """A folder that all processes of this session share."""
        shared = self._worker.get(WORKER_FOLDER)
        if shared is not None:
            return Path(shared)
        return Path(self._stack.enter_context(private_folder()))

    def judged(self) -> Report:
        """Return the report of the checks; whichever process asks first makes it for all."""
        if self.report is None:
            file = self.folder / "report.pickle"
            with FileLock(self.folder / "report.lock"):
                if not file.exists():
                    with self._server_to_judge_on() as server:
                        file.write_bytes(pickle.dumps(_outcome(server, self.plan)))
            outcome = pickle.loads(file.read_bytes())  # noqa: S301 - written by this session, in its private folder
            if isinstance(outcome, CannotRun):
                raise outcome
            self.report = cast("Report", outcome)
        return self.report

    @contextmanager
    def _server_to_judge_on(self) -> Iterator[Server]:
        """Yield the session's server, or another of its kind where templates have made roles or may do so meanwhile.

        Roles belong to a whole server: a chain that makes them cannot be walked beside a database that the same chain made.
        """
        if not self.server.is_ours or not (self._worker or self.databases.outside()):
            yield self.server
            return
        with open_server(self.server.kind, image=self.settings.image) as server:
            yield replace(server, reason=self.server.reason)

    def find_report(self) -> Report | None:
        """Return the report that a worker made, if one did."""
        file = self.folder / "report.pickle" if "folder" in self.__dict__ else None
        if self.report is None and file is not None and file.exists():
            outcome = pickle.loads(file.read_bytes())  # noqa: S301 - written by this session, in its private folder
            self.report = outcome if isinstance(outcome, Report) else None
        return self.report

    def keep(self, databases: Iterable[Database]) -> list[str]:
        """Leave these databases, and their server, when the session ends; give for each a sentence that says where it is."""
        kept = [self.databases.keep(database) for database in databases if database in self.databases]
        if kept:
            (self.folder / KEPT).touch()
        return kept

    def for_worker(self) -> dict[str, Any]:
        """Return what a worker must know to share this session; starts the server."""
        return {WORKER_SERVER: self.server.tell(), WORKER_FOLDER: str(self.folder)}

    def close(self) -> None:
        """Stop and remove all that was opened, but for a server that holds kept databases."""
        self._has_kept = (
            "folder" in self.__dict__ and (self.folder / KEPT).exists()
        )  # the folder goes before the server
        self._stack.close()

    def _keeps_server(self) -> bool:
        return self._has_kept or kept_by_variable()


def _outcome(server: Server, plan: Plan) -> Report | CannotRun:
    """Run once for all; a fault of the harness itself is told once for all too, with the place where it is."""
    try:
        report = run_on(server, plan, started=time.perf_counter()).report
        return replace(report, walked=())  # nothing is drawn of it here, and every worker reads the file
    except CannotRun as reason:
        return reason
    except Exception:  # noqa: BLE001 - other items and workers would run into the same
        return CannotRun(
            "Internal error in pgharness.",
            seen=traceback.format_exc(),
            mend="please report it with the lines of `pgharness check`",
        )
