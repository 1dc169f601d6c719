"""Counts the faults that show only on a database with history: told by the harness, by pytest-alembic's tests, by `alembic upgrade head`.

`nox -s bench -- history` prints the score; `nox -s bench -- history --write` writes docs/history.md anew.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pgharness.chain.agent import Agent
from pgharness.chain.project import open_project
from pgharness.running import plan_run, run_on
from pgharness.servers import Server, open_server
from pgharness.settings import load_settings
from tests.harness.chains import write_chain
from tests.harness.history.pairs import Pair, Twin, chain_of

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "history.md"
PAIRS = ROOT / "tests" / "harness" / "history"
PYTEST_ALEMBIC = """\
import pytest
from pytest_alembic.config import Config
from pytest_alembic.tests import test_single_head_revision, test_up_down_consistency, test_upgrade
from sqlalchemy import create_engine


@pytest.fixture
def alembic_config():
    return Config(config_options={"file": "alembic.ini"})


@pytest.fixture
def alembic_engine():
    return create_engine(URL)
"""
AT_FAULT = re.compile(r"versions/((?:bad|good)_\w+)\.py")
HEAD = """\
# What a database with history shows

Each pair is a fault of a revision that shows only where rows, sessions or earlier releases meet it, and a mended twin. Both are run among all the
others of their check, in one chain; a fault counts as told where the finding is at its revision and its object, and a word about a twin is a
false alarm. Beside the harness run what people have in CI: `alembic upgrade head` on an empty database, and the tests that
pytest-alembic brings (single head, upgrade, up and down again).

Generated on PostgreSQL {server}, Alembic {alembic} and pytest-alembic {pytest_alembic} by `nox -s bench -- history --write`. The pairs are in
`tests/harness/history/`, and the tests hold the harness to all of them.
"""


@dataclass(frozen=True, slots=True)
class Score:
    """Who tells one pair's fault, and who says something of its twin."""

    pair: Pair
    told: tuple[bool, bool, bool]
    alarms: tuple[bool, bool, bool]


def main() -> None:
    """Count, print, and write the page where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    write = parser.parse_args().write
    with open_server("embedded") as server, Agent(Path(sys.executable)) as agent:
        scores = [score for pairs in _modules() for score in _scores(pairs, server, agent)]
        page = _page(scores, server.version)
    if write:
        PAGE.write_text(page, encoding="utf-8")
    print("\n".join(_summary(scores)))


def _modules() -> Iterator[Sequence[Pair]]:
    """Yield the pairs of each check that are written as entries of a table of this kind."""
    for file in sorted(PAIRS.glob("*_pairs.py")):
        if not file.name.startswith("test_"):
            found = getattr(importlib.import_module(f"tests.harness.history.{file.stem}"), "PAIRS", ())
            pairs = [one for one in found if isinstance(one, Pair)]
            if pairs:
                yield pairs


def _scores(pairs: Sequence[Pair], server: Server, agent: Agent) -> Iterator[Score]:
    ours = _ours(pairs, server, agent)
    others = [_stopped(pairs, server, run) for run in (_upgrade, _pytest_alembic)]
    for pair in pairs:
        told = (pair.expected() in ours, *(pair.name("bad") in one for one in others))
        said = any(revision == pair.name("good") for _, revision, _ in ours)
        yield Score(pair, told, (said, *(pair.name("good") in one for one in others)))  # type: ignore[arg-type]


def _ours(pairs: Sequence[Pair], server: Server, agent: Agent) -> set[tuple[str, str | None, str]]:
    """Return check, revision and subject of what the harness finds in the chain of all pairs."""
    with tempfile.TemporaryDirectory() as folder:
        ini = write_chain(Path(folder) / "chain", chain_of(pairs))
        settings = load_settings(None, alembic=ini, only=tuple({pair.check for pair in pairs}))
        project = open_project(settings, agent=agent)
        with contextlib.closing(project.runs):
            report = run_on(server, plan_run(settings, project), started=time.perf_counter()).report
    return {(one.check, one.revision, one.subject) for one in report.findings}


def _stopped(pairs: Sequence[Pair], server: Server, run: Callable[[Path], str]) -> set[str]:
    """Return the revisions at which a tool stops; each is taken out, and the others are tried again."""
    stopped: set[str] = set()
    for twin in ("bad", "good"):
        remaining = list(pairs)
        while remaining and (revision := _stops_at(remaining, twin, server, run)) is not None:
            stopped.add(revision)
            remaining = [one for one in remaining if one.name(twin) != revision]
    return stopped


def _stops_at(pairs: Sequence[Pair], twin: Twin, server: Server, run: Callable[[Path], str]) -> str | None:
    with tempfile.TemporaryDirectory() as folder, _database(server) as url:
        ini = write_chain(Path(folder) / "chain", chain_of(pairs, (twin,)))
        ini.write_text(
            f"{ini.read_text(encoding='utf-8')}sqlalchemy.url = {url.replace('%', '%%')}\n", encoding="utf-8"
        )
        (ini.parent / "test_chain.py").write_text(f"URL = {url!r}\n{PYTEST_ALEMBIC}", encoding="utf-8")
        found = AT_FAULT.findall(run(ini))
    return found[-1] if found else None


@contextlib.contextmanager
def _database(server: Server) -> Iterator[str]:
    with server.connect() as connection:
        connection.execute("CREATE DATABASE history_bench")
        try:
            yield server.project_url("history_bench").render("psycopg")
        finally:
            connection.execute("DROP DATABASE history_bench WITH (FORCE)")


def _upgrade(ini: Path) -> str:
    return _said(["-m", "alembic", "-c", ini.name, "upgrade", "head"], ini.parent)


def _pytest_alembic(ini: Path) -> str:
    return _said(
        ["-m", "pytest", "-q", "-p", "no:schemathesis", "-p", "no:cacheprovider", "--full-trace", "test_chain.py"],
        ini.parent,
    )


def _said(arguments: Sequence[str], folder: Path) -> str:
    """Return what a tool prints where it fails, empty where it passes."""
    ended = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return f"{ended.stdout}\n{ended.stderr}" if ended.returncode else ""


def _summary(scores: Sequence[Score]) -> list[str]:
    checks = dict.fromkeys(score.pair.check for score in scores)
    rows = [_counted(check, [one for one in scores if one.pair.check == check]) for check in checks]
    return [
        "| faults of | number | harness | `alembic upgrade head` | pytest-alembic | false alarms of the harness |",
        "|---|---|---|---|---|---|",
        *rows,
        _counted("**all**", scores),
    ]


def _counted(name: str, scores: Sequence[Score]) -> str:
    told = " | ".join(str(sum(score.told[place] for score in scores)) for place in range(3))
    return f"| {name} | {len(scores)} | {told} | {sum(score.alarms[0] for score in scores)} |"


def _page(scores: Sequence[Score], server: str) -> str:
    head = HEAD.format(server=server, alembic=version("alembic"), pytest_alembic=version("pytest-alembic"))
    rows = [
        f"| `{one.pair.check}` | {one.pair.fails} | {' | '.join('yes' if it else '–' for it in one.told)} |"
        for one in scores
    ]
    table = ["| | fault | harness | `alembic upgrade head` | pytest-alembic |", "|---|---|---|---|---|", *rows]
    return "\n".join([head, *_summary(scores), "", "## Each fault", "", *table, ""])


if __name__ == "__main__":
    main()
