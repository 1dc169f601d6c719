"""The project's code runs in processes of its own: none outlives the run, and what it prints or ends is told and disturbs nothing."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.chains import ENV, Revision, sql, table, write_chain

PROGRAM = Path(sys.executable).with_name("pgharness")
SOON_S = 10.0  # on an idle machine 2 are plenty
STARTED_S = 60.0


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def check(tmp_path: Path, quiet_url: str) -> Callable[..., Ended]:
    """Write a chain, run `pgharness check` on it as a program, and give how it ended."""

    def run(*revisions: Revision, env: str = ENV) -> Ended:
        ended = subprocess.run(
            command(write_chain(tmp_path / "chain", revisions, env), quiet_url),
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def sleeping_run(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start the program on a revision that has started a process and sleeps in the server; give it once it does."""
    reached = tmp_path / "reached"
    sleeps = f"import subprocess\nsubprocess.Popen(['sleep', '611'])\nopen({str(reached)!r}, 'w').close()\n" + sql(
        "SELECT pg_sleep(60)"
    )
    started: list[subprocess.Popen[str]] = []

    def start(server: str) -> subprocess.Popen[str]:
        ini = write_chain(tmp_path / "chain", [table("a"), Revision("sleeps", sleeps)])
        process = subprocess.Popen(command(ini, server), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        await_true(lambda: reached.exists() or process.poll() is not None, STARTED_S)
        assert reached.exists(), process.communicate()
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def test_modules_in_the_folder_where_the_command_is_typed_are_not_taken_for_pythons_own(
    tmp_path: Path, quiet_url: str
) -> None:
    chain = write_chain(tmp_path / "chain", (table("book", "id int"),), ENV)
    for name in ("types", "logging", "contextlib", "socket"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not this one')", encoding="utf-8")

    ended = subprocess.run(command(chain, quiet_url), cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_no_process_of_a_run_outlives_it_when_it_is_killed_and_no_folder(
    sleeping_run: Callable[[str], subprocess.Popen[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = sleeping_run("embedded")
    family = descendants(process.pid)
    names = " ".join(command_of(pid) for pid in family)
    assert list(tmp_path.glob(f"pgharness-*-{process.pid}-*"))
    process.kill()

    await_true(lambda: not any(lives(pid) for pid in family), SOON_S)
    assert not list(tmp_path.glob(f"pgharness-*-{process.pid}-*"))
    assert "pgharness_agent" in names
    assert "sleep\0" in names
    assert "postgres" in names


def test_a_run_whose_agent_is_killed_ends_with_one_message_and_leaves_no_process(
    sleeping_run: Callable[[str], subprocess.Popen[str]], quiet_url: str
) -> None:
    process = sleeping_run(quiet_url)
    family = descendants(process.pid)
    (agent,) = [pid for pid in children(process.pid) if "pgharness_agent" in command_of(pid)]
    os.kill(agent, signal.SIGKILL)
    _, err = process.communicate(timeout=STARTED_S)

    assert process.returncode == 2
    assert said(err)[0] in {
        "The agent that runs the project's code is gone.",
        "The project's code ended the process in which it ran.",
    }
    await_true(lambda: not any(lives(pid) for pid in family), SOON_S)


LOGS = """
import logging.config, os, sys
from pathlib import Path
Path("logs.ini").write_text('''
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys =
[logger_root]
level = DEBUG
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stdout,)
''')
logging.config.fileConfig("logs.ini")
"""
NOISE = {
    "prints": "print('NOISE', flush=True)",
    "writes to the descriptor": "import os\nos.write(1, b'NOISE')\nos.write(2, b'NOISE')",
    "starts a program that prints": "import subprocess\nsubprocess.run(['echo', 'NOISE'], check=True)",
    "closes its output": "import sys\nif not sys.stdout.closed:\n    print('NOISE')\nsys.stdout.close()\nsys.stderr.close()",
    "logs and configures logging": LOGS + "logging.getLogger('noise').error('NOISE')",
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_our_output_stays_json_where_a_revision(
    noise: str, check: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    ended = check(Revision("noisy", f"{noise}\n{sql('CREATE TABLE a ()')}", sql("DROP TABLE a")), env=f"{noise}\n{ENV}")

    assert json.loads(ended.out)["findings"] == []
    assert (ended.code, ended.err) == (0, "")
    assert "NOISE" not in ended.out


def test_the_end_of_the_process_in_env_py_is_told_in_one_message_with_what_was_printed(
    check: Callable[..., Ended],
) -> None:
    ends = "import os\nprint('the last words', flush=True)\nos._exit(3)"

    ended = check(table("a"), env=f"{ends}\n{ENV}")

    assert (ended.code, ended.out) == (2, "")
    assert said(ended.err) == ["The project's code ended the process in which it ran."]
    assert "it printed: the last words" in " ".join(ended.err.split())
    assert "look for os._exit" in " ".join(ended.err.split())


def command(ini: Path, server: str) -> list[str]:
    """Return the command that checks a chain by what only running it tells."""
    options = ["--only", "upgrade", "--only", "roundtrip", "--format", "json"]
    return [str(PROGRAM), "check", "--alembic", str(ini), "--server", server, *options]


def said(err: str) -> list[str]:
    """Return the first line of each message, which "seen" and "mend" follow; and no traceback."""
    assert "Traceback" not in err, err
    assert len(re.findall(r"^\s*fix:", err, re.MULTILINE)) == 1, err
    return [err.splitlines()[0].strip()]


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "stat").read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(int(entry.name))
    return found


def descendants(pid: int) -> list[int]:
    """Return these and all that they have started."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def lives(pid: int) -> bool:
    """Whether the process runs; the command of a zombie is empty."""
    return bool(command_of(pid))


def await_true(condition: Callable[[], bool], limit_s: float) -> None:
    give_up_at = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
