"""Counts who tells the faults that show only on a database with history: the harness, and what else people have in CI.

`nox -s bench -- history` prints the score; `nox -s bench -- history --write` writes docs/history.md anew. pytest-mrt comes from the package
index into an environment of its own, made by uv.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from pgharness.chain.agent import Agent
from pgharness.chain.project import open_project
from pgharness.findings import Finding
from pgharness.running import plan_run, run_on
from pgharness.servers import Server, open_server
from pgharness.settings import load_settings
from tests.harness.chains import Revision, write_chain
from tests.harness.history.groups import GROUPS, Group
from tests.harness.history.pairs import TWINS, Pair, Twin, chain_of, chain_of_twins

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "history.md"
RIVALS = Path(__file__).parent / "rivals.py"
MRT = "pytest-mrt==1.9.1"
TOOLS = ("harness", "`alembic upgrade head`", "pytest-alembic", "pytest-mrt", "`mrt check`")
# How a tool names a revision: by its file in a traceback, or by its id.
NAMES = r"versions/{0}\.py|\brevision {0}\b|chain-advance-{0}\b|\[{0}\]|\"file\": \"{0}\.py\""
# A chain of more takes one of them, which looks at all tables beside each revision, far longer.
AT_A_TIME = 5
ONLY_BAD, BOTH, NEITHER, UNASKED = "yes", "both", "–", "?"
# What pytest-mrt says where it has tried each revision, the one at fault or not.
JUDGED_EACH = "Some migrations are not safely reversible"
Told = dict[Twin, bool]


@dataclass(frozen=True, slots=True)
class Score:
    """What each tool says of one fault, in the order of `TOOLS`: something of it alone, of its mended twin too, or nothing."""

    group: str
    fails: str
    told: tuple[str, ...]


class Rival:
    """A tool that is asked of one chain after the other, in the interpreter in which it lives; a context manager."""

    def __init__(self, name: str, python: Path, server: Server) -> None:
        self._server = server
        self._database = f"history_bench_{name}"
        self._process = subprocess.Popen(
            [python, RIVALS, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        """Begin; the process is there already."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Let the process end, since nobody asks any more."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def says(self, revisions: Sequence[Revision], env: str) -> str | None:
        """Return what the tool prints of a chain on a database of its own; None where all is well with it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.TemporaryDirectory() as folder, _database(self._server, self._database) as url:
            ini = write_chain(Path(folder) / "chain", revisions, env)
            with ini.open("a", encoding="utf-8") as file:
                file.write(f"sqlalchemy.url = {url.replace('%', '%%')}\n")
            self._process.stdin.write(f"{json.dumps([str(ini.parent), url])}\n")
            self._process.stdin.flush()
            said: str | None = json.loads(self._process.stdout.readline())
        return said


def main() -> None:
    """Count, print, and write the page where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--minutes", type=float, default=60, help="how long each of the other tools may take")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(open_server("embedded"))
        agent = stack.enter_context(Agent(Path(sys.executable)))
        mrt = _environment(Path(stack.enter_context(tempfile.TemporaryDirectory())), MRT)
        rivals = [
            stack.enter_context(Rival(name, python, server))
            for name, python in (
                ("upgrade", Path(sys.executable)),
                ("pytest-alembic", Path(sys.executable)),
                ("pytest-mrt", mrt),
                ("mrt-check", mrt),
            )
        ]
        scores = list(_scores(server, agent, rivals, options.minutes))
        page = _page(scores, server.version, options.minutes)
    if options.write:
        PAGE.write_text(page, encoding="utf-8")
    print("\n".join(_summary(scores)))


def _environment(folder: Path, requirement: str) -> Path:
    """Return the interpreter of an environment that holds a tool, and no part of this project."""
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", python, requirement, "psycopg[binary]"], check=True)
    return python


def _scores(server: Server, agent: Agent, rivals: Sequence[Rival], minutes: float) -> Iterator[Score]:
    """Yield the scores, group by group; all are asked at the same time, and each of one chain after the other."""
    until = time.monotonic() + 60 * minutes
    with ThreadPoolExecutor(len(rivals)) as pool:
        asked = [pool.submit(_asked_of_all, rival, until) for rival in rivals]
        ours = [_ours(group, server, agent) for group in GROUPS]
        told = [ours, *(one.result() for one in asked)]
    for group, each in zip(GROUPS, zip(*told, strict=True), strict=True):
        for fails, words in zip(group.faults, zip(*each, strict=True), strict=True):
            yield Score(group.name, fails, tuple(map(_word, words)))


def _asked_of_all(rival: Rival, until: float) -> list[list[Told | None]]:
    return [_asked_of(rival, group, until) for group in GROUPS]


def _asked_of(rival: Rival, group: Group, until: float) -> list[Told | None]:
    """Return of which twins a tool says something, fault by fault; None of those to which it has not come in time."""
    told: list[Told | None] = []
    for start in range(0, len(group.pairs), AT_A_TIME):
        pairs = group.pairs[start : start + AT_A_TIME]
        named = _named(rival, pairs, group.env) if time.monotonic() < until else None
        told += [None if named is None else {twin: pair.name(twin) in named for twin in TWINS} for pair in pairs]
    for whole in group.wholes:
        said = [
            rival.says(whole.revisions(twin), whole.env(twin, group.env)) is not None
            for twin in TWINS
            if time.monotonic() < until
        ]
        told.append(dict(zip(TWINS, said, strict=True)) if len(said) == len(TWINS) else None)
    return told


def _named(rival: Rival, pairs: Sequence[Pair], env: str) -> set[str]:
    """Return the twins at which a tool fails; those are taken out of the chain, and the others tried again."""
    named: set[str] = set()
    standing = [(pair, twin) for twin in TWINS for pair in pairs]
    while standing and (said := rival.says(chain_of_twins(standing), env)) is not None:
        failed = {name for pair, twin in standing if re.search(NAMES.format(re.escape(name := pair.name(twin))), said)}
        named |= failed
        standing = [(pair, twin) for pair, twin in standing if pair.name(twin) not in named]
        if not failed or JUDGED_EACH in said:
            break
    return named


def _ours(group: Group, server: Server, agent: Agent) -> list[Told]:
    """Return of which twins the harness says something, fault by fault."""

    def found(revisions: Sequence[Revision], env: str, **options: object) -> Sequence[Finding]:
        with tempfile.TemporaryDirectory() as folder:
            ini = write_chain(Path(folder) / "chain", revisions, env)
            settings = load_settings(None, alembic=ini, only=(group.check,), **options)
            project = open_project(settings, agent=agent)
            with contextlib.closing(project.runs):
                return run_on(server, plan_run(settings, project), started=time.perf_counter()).report.findings

    ours = found(chain_of(group.pairs), group.env, **group.options) if group.pairs else ()
    told: list[Told] = [
        {
            "bad": any((one.check, one.revision, one.subject) == pair.expected() for one in ours),
            "good": any(one.revision == pair.name("good") for one in ours),
        }
        for pair in group.pairs
    ]
    for whole in group.wholes:
        bad, good = (found(whole.revisions(twin), whole.env(twin, group.env)) for twin in TWINS)
        expected = (whole.revision, whole.subject)
        told.append({"bad": any((one.revision, one.subject) == expected for one in bad), "good": bool(good)})
    return told


def _word(told: Told | None) -> str:
    if told is None:
        return UNASKED
    return NEITHER if not told["bad"] else BOTH if told["good"] else ONLY_BAD


@contextlib.contextmanager
def _database(server: Server, name: str) -> Iterator[str]:
    with server.connect() as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield server.project_url(name).render("psycopg")
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _summary(scores: Sequence[Score]) -> list[str]:
    groups = dict.fromkeys(score.group for score in scores)
    rows = [_counted(name, [one for one in scores if one.group == name]) for name in groups]
    head = ["| faults of | number |", "|---|---|"]
    return [
        f"{head[0]} {' | '.join(TOOLS)} |",
        f"{head[1]}{'---|' * len(TOOLS)}",
        *rows,
        _counted("**all**", scores),
    ]


def _counted(name: str, scores: Sequence[Score]) -> str:
    cells = [Counter(score.told[place] for score in scores) for place in range(len(TOOLS))]
    told = " | ".join(", ".join(_counts(one)) for one in cells)
    return f"| {name} | {len(scores)} | {told} |"


def _counts(cell: Counter[str]) -> Iterator[str]:
    yield str(cell[ONLY_BAD])
    for word in (BOTH, UNASKED):
        if cell[word]:
            yield f"{cell[word]} {word}"


def _page(scores: Sequence[Score], server: str, minutes: float) -> str:
    head = (ROOT / "benchmarks" / "history_page.md").read_text(encoding="utf-8")
    rows = [f"| {one.group} | {one.fails} | {' | '.join(one.told)} |" for one in scores]
    table = [f"| | fault | {' | '.join(TOOLS)} |", f"|---|---|{'---|' * len(TOOLS)}", *rows]
    versions = {
        "minutes": f"{minutes:g}",
        "server": server,
        "alembic": version("alembic"),
        "pytest_alembic": version("pytest-alembic"),
        "mrt": MRT.partition("==")[2],
    }
    return head.format(**versions, summary="\n".join(_summary(scores)), faults="\n".join(table))


if __name__ == "__main__":
    main()
