"""What the harness's own tests share: example projects, changed as a test says, and judged on the session's server."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pgharness.report.model import Report
from pgharness.running import Run, plan_run, run_on
from pgharness.servers import Server
from pgharness.settings import load_settings

EXAMPLES = Path(__file__).parent / "examples"

Edits = Mapping[str, tuple[str, str]]


@pytest.fixture
def example(tmp_path: Path) -> Callable[..., Path]:
    """Copy an example project, with `edits` {file: (old text, new text)}; a file that is not there yet is written whole.

    Its models get a module name of their own, so that one test's models are not another's.
    """

    def copy(name: str = "sound", edits: Edits | None = None) -> Path:
        project = tmp_path / "project"
        shutil.copytree(EXAMPLES / name, project, ignore=shutil.ignore_patterns("__pycache__"))
        for file, (old, new) in (edits or {}).items():
            _edit(project / file, old, new)
        _rename_models(project, "bookshop", "bookshop_" + re.sub(r"\W", "_", tmp_path.name))
        return project

    return copy


@pytest.fixture
def run_example(example: Callable[..., Path], pg_server: Server) -> Callable[..., Run]:
    """Copy an example project, run the harness on it, and give the run."""

    def run(name: str = "sound", edits: Edits | None = None, **options: Any) -> Run:
        settings = load_settings(None, alembic=example(name, edits) / "alembic.ini", **options)
        return run_on(pg_server, plan_run(settings), started=time.perf_counter())

    return run


@pytest.fixture
def judge_example(run_example: Callable[..., Run]) -> Callable[..., Report]:
    """Copy an example project, judge it, and give the report."""
    return lambda *arguments, **options: run_example(*arguments, **options).report


@pytest.fixture(autouse=True)
def _away_from_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test read the [tool.pgharness] of this repository."""
    monkeypatch.chdir(tmp_path)


def _edit(file: Path, old: str, new: str) -> None:
    if not file.exists():
        file.write_text(new, encoding="utf-8")
        return
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def _rename_models(project: Path, old: str, new: str) -> None:
    if (project / f"{old}.py").exists():
        (project / f"{old}.py").rename(project / f"{new}.py")
        for file in project.rglob("*.py"):
            file.write_text(file.read_text(encoding="utf-8").replace(f"from {old} import", f"from {new} import"))
