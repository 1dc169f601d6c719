"""Under pytest-xdist all workers share one server, one walk and one template, and one grid is shown."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PLUGINS = ("-p", "xdist", "-p", "pgharness.plugin", "-p", "no:cacheprovider")

TESTS = """
import os

import pytest


@pytest.mark.parametrize("number", range(4))
def test_own(migrated_database, pg_server, number):
    with migrated_database.connect() as connection:
        connection.execute("DROP TABLE book")
    with open(SEEN, "a") as seen:
        print(os.environ["PYTEST_XDIST_WORKER"], pg_server.project_url("postgres").render(), pg_server.is_ours, file=seen)
"""

# Each time that env.py runs its migrations it leaves a line: for the walk, for the deployment, and for the template. Not beside the chain, of
# which another template is made where its files are other ones.
COUNTED = ("context.run_migrations()", "print('run', file=open({!r}, 'a')) or context.run_migrations()")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the inner session know nothing of the outer one, and load no plugin that it does not need."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def result(pytester: pytest.Pytester, example: Callable[..., Path], tmp_path: Path) -> pytest.RunResult:
    plain, counted = COUNTED
    project = example(edits={"env.py": (plain, counted.format(str(tmp_path / "runs")))})
    shutil.copytree(project, pytester.path, dirs_exist_ok=True)
    pytester.makepyprojecttoml(
        '[tool.pgharness]\nalembic = "alembic.ini"\nserver = "embedded"\nonly = ["graph", "upgrade"]\n'
    )
    pytester.makepyfile(test_shop=f"SEEN = {str(tmp_path / 'seen')!r}\n{TESTS}")
    return pytester.runpytest_subprocess(*PLUGINS, "-n2", "--pgharness", "-v")


def test_workers_share_one_server_one_walk_one_template_and_one_grid(result: pytest.RunResult, tmp_path: Path) -> None:
    seen = [line.split() for line in (tmp_path / "seen").read_text().splitlines()]
    shown = result.stdout.str()

    result.assert_outcomes(passed=16)
    assert {worker for worker, _, _ in seen} == {"gw0", "gw1"}
    assert len({server for _, server, _ in seen}) == 1
    assert {(server.split("@")[1].startswith("127.0.0.1:"), is_ours) for _, server, is_ours in seen} == {(True, "True")}
    assert (tmp_path / "runs").read_text() == "run\n" * 3
    assert shown.count("┃revision") == 1
    assert "server: embedded PostgreSQL" in shown


def test_a_server_that_cannot_be_had_ends_the_session_before_any_worker(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml("[tool.pgharness]\n")
    pytester.makepyfile("def test_own():\n    pass\n")

    ended = pytester.runpytest_subprocess(
        *PLUGINS, "-n1", "-q", "--no-header", "--pgharness-server=postgresql://localhost:1/shop"
    )

    said = ended.stdout.str() + ended.stderr.str()
    assert ended.ret == 2
    assert "Could not connect to the server" in said
    assert "Traceback" not in said
