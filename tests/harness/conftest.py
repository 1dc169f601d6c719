"""What the harness's own tests share: example projects, changed as a test says, judged on the session's server or by the command line."""

from __future__ import annotations

import itertools
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pgharness import cli
from pgharness.chain.agent import Agent
from pgharness.findings import Finding
from pgharness.report.model import Report
from pgharness.running import Run
from pgharness.servers import Server, open_server
from pgharness.settings import load_settings
from tests.harness.chains import ENV, Revision, write_chain
from tests.harness.runs import run_with
from tests.harness.typed import SETTINGS

EXAMPLES = Path(__file__).parent / "examples"

# What runs a chain many times: left out where a test asks for no check in particular, so that hundreds of tests do not wait for it.
SLOW = ("crash", "modes", "compat")

# {file: (old text, new text)}, or the whole text of a file, or None for a file that is to be missing
Edits = Mapping[str, tuple[str, str] | str | None]


@dataclass(frozen=True)
class Ended:
    """How a command line ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _outside_of_continuous_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs that skip a check pass here wherever these tests run."""
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def example(tmp_path: Path) -> Callable[..., Path]:
    """Copy an example project and edit it.

    Its models get a module name of their own, so that one test's models are not another's.
    """

    def copy(name: str = "sound", edits: Edits | None = None) -> Path:
        project = tmp_path / "project"
        shutil.copytree(EXAMPLES / name, project, ignore=shutil.ignore_patterns("__pycache__"))
        for file, edit in (edits or {}).items():
            _edit(project / file, edit)
        _rename_models(project, "bookshop", "bookshop_" + re.sub(r"\W", "_", tmp_path.name))
        return project

    return copy


@pytest.fixture
def run_example(example: Callable[..., Path], pg_server: Server, agent: Agent) -> Callable[..., Run]:
    """Copy an example project, run the harness on it, and give the run."""

    def run(name: str = "sound", edits: Edits | None = None, **options: Any) -> Run:
        options = options if "only" in options else {"skip": SLOW, **options}
        settings = load_settings(None, alembic=example(name, edits) / "alembic.ini", **options)
        return run_with(settings, pg_server, agent)

    return run


@pytest.fixture
def judge_example(run_example: Callable[..., Run]) -> Callable[..., Report]:
    """Copy an example project, judge it, and give the report."""
    return lambda *arguments, **options: run_example(*arguments, **options).report


@pytest.fixture
def found(judge_example: Callable[..., Report]) -> Callable[..., list[Finding]]:
    """Judge an edited example by one check, and give what that check finds."""

    def find(check: str, edits: Edits | None = None, *, name: str = "sound", **options: Any) -> list[Finding]:
        report = judge_example(name, edits, **{"only": (check,), **options})
        return [finding for finding in report.findings if finding.check == check]

    return find


@pytest.fixture
def judge_chain(tmp_path: Path, pg_server: Server, agent: Agent) -> Callable[..., Run]:
    """Write a chain, judge it by what only running it tells, and give the run; each time in a folder of its own."""
    return _judging_on(pg_server, tmp_path, agent)


@pytest.fixture
def judge_chain_alone(tmp_path: Path, own_server: Server, agent: Agent) -> Callable[..., Run]:
    """Do so where nobody else takes away what is new on the server: for chains that make roles, and for copies, which are made only where none come."""
    return _judging_on(own_server, tmp_path, agent)


def _judging_on(server: Server, tmp_path: Path, agent: Agent) -> Callable[..., Run]:
    folders = (tmp_path / f"chain_{number}" for number in itertools.count())

    def judge(*revisions: Revision, env: str = ENV, **options: Any) -> Run:
        options = {"only": ("upgrade", "roundtrip"), **options}
        settings = load_settings(None, alembic=write_chain(next(folders), revisions, env), **options)
        return run_with(settings, server, agent)

    return judge


@pytest.fixture
def judge_again(pg_server: Server, agent: Agent) -> Callable[..., Report]:
    """Judge the chain of a report as its files are by now, with the settings that were typed in."""

    def judge(report: Report, **options: Any) -> Report:
        ini = Path(report.chain.revisions[0].path).parents[1] / "alembic.ini"
        # Python takes what it compiled for that of a file of the same length that was written within the same second.
        for compiled in ini.parent.rglob("__pycache__"):
            shutil.rmtree(compiled)
        file = ini.parent / SETTINGS
        settings = load_settings(file if file.exists() else None, alembic=ini, **options)
        return run_with(settings, pg_server, agent).report

    return judge


@pytest.fixture(scope="session")
def agent() -> Iterator[Agent]:
    """Yield one agent for all tests of a process that run projects in our own interpreter: to start one takes half a second."""
    with Agent(Path(sys.executable)) as running:
        yield running


@pytest.fixture(scope="session")
def own_server() -> Iterator[Server]:
    """Yield a server on which no other test makes databases, so that what is left there can be told."""
    with open_server("embedded") as server:
        yield server


@pytest.fixture
def quiet_url(own_server: Server) -> Iterator[str]:
    """Yield the URL of a server, and make sure at the end that no database was left there."""
    before = databases_on(own_server)
    yield own_server.url.render()
    assert databases_on(own_server) == before


@pytest.fixture
def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run the command line in this process, and give how it ended."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["pgharness", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def check_example(
    example: Callable[..., Path], quiet_url: str, command_line: Callable[..., Ended]
) -> Callable[..., Ended]:
    """Run `pgharness check` on an edited example, on a server where nothing may be left."""

    def run(*arguments: object, edits: Edits | None = None, name: str = "sound") -> Ended:
        project = example(name, edits)
        if not {"--only", "--skip"} & {*arguments}:
            arguments = (*arguments, *(part for check in SLOW for part in ("--skip", check)))
        return command_line("check", "--alembic", project / "alembic.ini", "--server", quiet_url, *arguments)

    return run


def databases_on(server: Server) -> list[str]:
    """List the databases of a server that the harness made."""
    with server.connect() as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^pgharness_' ORDER BY datname")
        return [str(name) for (name,) in rows]


@pytest.fixture(autouse=True)
def _away_from_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test read the [tool.pgharness] of this repository."""
    monkeypatch.chdir(tmp_path)


def _edit(file: Path, edit: tuple[str, str] | str | None) -> None:
    if edit is None:
        file.unlink()
    elif isinstance(edit, str):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(edit, encoding="utf-8")
    else:
        old, new = edit
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        file.write_text(text.replace(old, new), encoding="utf-8")


def _rename_models(project: Path, old: str, new: str) -> None:
    if (project / f"{old}.py").exists():
        (project / f"{old}.py").rename(project / f"{new}.py")
        for file in project.rglob("*.py"):
            file.write_text(file.read_text(encoding="utf-8").replace(f"from {old} import", f"from {new} import"))
