"""Runs the harness as settings say, on a server that runs already and by an agent that others use too, and tells findings in short."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable

from pgharness.chain.agent import Agent
from pgharness.chain.project import open_project
from pgharness.findings import Finding
from pgharness.running import Run, plan_run, run_on
from pgharness.servers import Server
from pgharness.settings import Settings


def run_with(settings: Settings, server: Server, agent: Agent) -> Run:
    """Return the run; what it started is ended."""
    project = open_project(settings, agent=agent)
    with contextlib.closing(project.runs):
        return run_on(server, plan_run(settings, project), started=time.perf_counter())


def told(findings: Iterable[Finding]) -> list[tuple[str, str, str, str]]:
    """Return what is said, short enough to be read where none is expected."""
    return [(one.code, one.subject, one.message, one.mend) for one in findings]
