"""Judges a chain once more where it lies, after somebody has typed into its files."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgharness.chain.agent import Agent
from pgharness.chain.project import open_project
from pgharness.report.model import Report
from pgharness.running import plan_run, run_on
from pgharness.servers import Server
from pgharness.settings import load_settings


@pytest.fixture
def judge_again(pg_server: Server, agent: Agent) -> Callable[..., Report]:
    """Judge the chain of a report as its files are by now."""

    def judge(report: Report, **options: Any) -> Report:
        ini = Path(report.chain.revisions[0].path).parents[1] / "alembic.ini"
        settings = load_settings(None, alembic=ini, **options)
        project = open_project(settings, agent=agent)
        with contextlib.closing(project.runs):
            return run_on(pg_server, plan_run(settings, project), started=time.perf_counter()).report

    return judge
