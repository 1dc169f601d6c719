"""How long our claims about a chain take, beside pytest-alembic's four tests and beside plain Alembic, on one server in one run.

`python benchmarks/roundtrip.py [--revisions 50] [--rounds 3]`. Ours and pytest-alembic's run in pytest, all three in processes of
their own, in turn. The figures are seconds: of the tests alone as pytest sums them (of the commands, for plain Alembic), and of the
whole process, interpreter and imports included. Plain Alembic is the floor: upgrade head, downgrade base, upgrade head and check.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from generated_chain import write_chain

from pgharness.databases import Databases
from pgharness.servers import Server, open_server

CLAIMS = ("graph", "drift", "autogenerate", "roundtrip")

OURS = """\
[tool.pgharness]
alembic = "alembic.ini"
only = {claims}
[tool.pytest.ini_options]
addopts = ["-p", "no:cacheprovider"]
"""

THEIRS = """\
import os

import pytest
from pytest_alembic.config import Config
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import NullPool, create_engine


@pytest.fixture
def alembic_config():
    return Config(config_options={"file": "alembic.ini"})


@pytest.fixture
def alembic_engine(empty_database):
    return create_engine(empty_database.url, poolclass=NullPool)
"""


FLOOR = """\
import sys
import time

from alembic import command
from alembic.config import Config

config = Config("alembic.ini")
config.set_main_option("sqlalchemy.url", sys.argv[1])
started = time.perf_counter()
command.upgrade(config, "head")
command.downgrade(config, "base")
command.upgrade(config, "head")
command.check(config)
print(time.perf_counter() - started)
"""


def main() -> None:
    """Write the chain, run both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--revisions", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pgharness-bench-") as folder, open_server("embedded") as server:
        project = Path(folder)
        write_chain(project, asked.revisions)
        (project / "pyproject.toml").write_text(OURS.format(claims=list(CLAIMS)), encoding="utf-8")
        (project / "test_theirs.py").write_text(THEIRS, encoding="utf-8")
        url = server.url.render()
        print(
            f"{asked.revisions} revisions on {server.description}; seconds, the median of {asked.rounds} rounds",
            flush=True,
        )
        measured: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": [], "floor": []}
        for number in range(asked.rounds):
            print(f"round {number + 1} of {asked.rounds}", file=sys.stderr, flush=True)
            measured["ours"].append(_pytest(project, url, "--pgharness", "--ignore=test_theirs.py"))
            measured["theirs"].append(_pytest(project, url, "test_theirs.py"))
            measured["floor"].append(_plain_alembic(project, server))
    _tell(measured)


def _pytest(project: Path, url: str, *arguments: str) -> tuple[float, float]:
    """Run pytest and give the seconds of its tests and of the whole process."""
    command = [sys.executable, "-m", "pytest", "-q", "--durations=0", "-vv", f"--pgharness-server={url}", *arguments]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=project, env=_environment(), capture_output=True, text=True, check=False)
    whole_s = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    tests_s = sum(
        float(seconds) for seconds in re.findall(r"^([\d.]+)s (?:setup|call|teardown)", done.stdout, re.MULTILINE)
    )
    return tests_s, whole_s


def _plain_alembic(project: Path, server: Server) -> tuple[float, float]:
    """Run the commands of plain Alembic on an empty database, and give their seconds and those of the whole process."""
    with Databases(server) as databases, databases.experiment("floor") as database:
        started = time.perf_counter()
        url = database.project_location.render("psycopg")
        done = subprocess.run(
            [sys.executable, "-c", FLOOR, url],
            cwd=project,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        whole_s = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"plain Alembic ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return float(done.stdout.splitlines()[-1]), whole_s


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PGHARNESS_", "PYTEST_"))}


def _tell(measured: dict[str, list[tuple[float, float]]]) -> None:
    print(f"{'':36}{'tests alone':>12}{'whole process':>15}")
    rows = {
        f"ours ({len(CLAIMS)} claims and upgrade)": "ours",
        "pytest-alembic (its four tests)": "theirs",
        "plain Alembic (three ways, check)": "floor",
    }
    medians = {
        who: tuple(statistics.median(column) for column in zip(*measured[who], strict=True)) for who in rows.values()
    }
    for told, who in rows.items():
        print(f"{told:36}{medians[who][0]:12.2f}{medians[who][1]:15.2f}")
    for told, other in (("ours / pytest-alembic", "theirs"), ("ours / plain Alembic", "floor")):
        ratios = [ours / others for ours, others in zip(medians["ours"], medians[other], strict=True)]
        print(f"{told:36}{ratios[0]:12.2f}{ratios[1]:15.2f}")


if __name__ == "__main__":
    main()
