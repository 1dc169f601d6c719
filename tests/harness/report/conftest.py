"""What the tests of the reports share: one chain, walked once."""

from __future__ import annotations

import contextlib
import time

import pytest

from pgharness.chain.agent import Agent
from pgharness.chain.project import open_project
from pgharness.running import Run, plan_run, run_on
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import write_chain
from tests.harness.report.making import WALKED


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory, pg_server: Server, agent: Agent) -> Run:
    """Return the run of a chain whose names are markup."""
    ini = write_chain(tmp_path_factory.mktemp("walked") / "chain", WALKED)
    settings = load_settings(None, alembic=ini, only=("upgrade", "locks", "roundtrip"))
    project = open_project(settings, agent=agent)
    with contextlib.closing(project.runs):
        return run_on(pg_server, plan_run(settings, project), started=time.perf_counter())
