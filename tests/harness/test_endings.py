"""However a run ends, nothing of it is left: no server, no folder, no database; after kill -9 at the latest when the next run starts."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pgharness.databases import Databases
from pgharness.servers import Server, open_server
from pgharness.servers.embedded.run_folder import base_folders
from pgharness.servers.private_folder import OWNED_PREFIX

COUNTRY = "versions/0003_add_country.py"
PROGRAM = Path(sys.executable).with_name("pgharness")
LIMIT_S = 60.0


@pytest.fixture
def waiting_run(example: Callable[..., Path], tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start the program on a chain whose last revision waits, and give its process once it waits there."""
    reached = tmp_path / "reached"
    waits = f"def upgrade():\n    open({str(reached)!r}, 'w').close()\n    op.execute('SELECT pg_sleep(60)')"
    started: list[subprocess.Popen[str]] = []

    def start(server: str) -> subprocess.Popen[str]:
        project = example(edits={COUNTRY: ("def upgrade():", waits)})
        started.append(start_check(project, server))
        await_true(lambda: reached.exists() or started[0].poll() is not None)
        assert reached.exists(), started[0].communicate()
        return started[0]

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "Interrupted; everything that the run created is removed.\n"),
        (signal.SIGTERM, 143, ""),
    ],
)
def test_a_run_that_is_asked_to_end_removes_its_server(
    waiting_run: Callable[..., subprocess.Popen[str]], number: int, code: int, said: str
) -> None:
    process = waiting_run("embedded")
    folder, server_pid = server_of(process.pid)
    process.send_signal(number)
    out, err = process.communicate(timeout=LIMIT_S)

    assert (process.returncode, out, err) == (code, "", said)
    assert not folder.exists()
    assert not lives(server_pid)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_asked_to_end_removes_its_databases_from_a_given_server(
    waiting_run: Callable[..., subprocess.Popen[str]], own_server: Server, quiet_url: str, number: int, code: int
) -> None:
    process = waiting_run(quiet_url)
    made = databases_of_runs(own_server)
    process.send_signal(number)
    process.communicate(timeout=LIMIT_S)

    assert made
    assert process.returncode == code
    assert databases_of_runs(own_server) == []


def test_a_server_ends_soon_after_its_run_is_killed(waiting_run: Callable[..., subprocess.Popen[str]]) -> None:
    process = waiting_run("embedded")
    folder, server_pid = server_of(process.pid)
    process.kill()
    process.wait()

    await_true(lambda: not folder.exists() and not lives(server_pid))


def test_the_next_run_removes_a_server_whose_run_and_watchdog_were_killed(
    waiting_run: Callable[..., subprocess.Popen[str]],
) -> None:
    process = waiting_run("embedded")
    folder, server_pid = server_of(process.pid)
    os.kill(watchdog_of(folder), signal.SIGKILL)
    process.kill()
    process.wait()
    outlived = lives(server_pid)  # asked at once: what another test starts beside this one is a next run too

    with open_server("embedded"):
        assert outlived
        assert not folder.exists()
        assert not lives(server_pid)


def test_the_next_run_drops_the_databases_that_a_killed_run_left_on_a_given_server(
    waiting_run: Callable[..., subprocess.Popen[str]], own_server: Server, quiet_url: str
) -> None:
    process = waiting_run(quiet_url)
    process.kill()
    process.wait()
    left = databases_of_runs(own_server)
    await_true(lambda: not sessions_of_runs(own_server))

    with open_server(quiet_url) as given, Databases(given):
        assert left
        assert databases_of_runs(own_server) == []


def test_the_databases_of_a_live_run_are_left_alone_by_the_next(
    waiting_run: Callable[..., subprocess.Popen[str]], own_server: Server, quiet_url: str
) -> None:
    process = waiting_run(quiet_url)
    before = databases_of_runs(own_server)

    with open_server(quiet_url) as given, Databases(given):
        assert before
        assert databases_of_runs(own_server) == before
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=LIMIT_S)


def test_two_runs_at_the_same_time_do_not_disturb_each_other(
    example: Callable[..., Path], own_server: Server, quiet_url: str
) -> None:
    project = example()
    runs = [start_check(project, quiet_url, "--only", "roundtrip") for _ in range(2)]
    ended = [run.communicate(timeout=LIMIT_S) for run in runs]

    assert [run.returncode for run in runs] == [0, 0], ended
    assert databases_of_runs(own_server) == []


def start_check(project: Path, server: str, *arguments: str) -> subprocess.Popen[str]:
    command: list[str | Path] = [
        PROGRAM,
        "check",
        "--alembic",
        project / "alembic.ini",
        "--server",
        server,
        "--only",
        "graph",
        *arguments,
    ]
    # Where coverage measures subprocesses it handles SIGTERM itself, and the program then leaves it that.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=project
    )


def server_of(pid: int) -> tuple[Path, int]:
    """Return the run folder and the server's process of a run."""
    (file,) = [path for base in base_folders() for path in base.glob(f"{OWNED_PREFIX}*-{pid}-*/data/postmaster.pid")]
    return file.parents[1], int(file.read_text().splitlines()[0])


def watchdog_of(folder: Path) -> int:
    """Return the process that watches over a run folder."""
    (pid,) = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and command_of(int(entry.name)).endswith(f"watchdog.sh\0{folder}\0")
    ]
    return pid


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def lives(pid: int) -> bool:
    """Whether the process runs; the command of a zombie is empty."""
    return bool(re.search("postgres", command_of(pid)))


def sessions_of_runs(server: Server) -> list[Any]:
    """List the sessions that say that a run lives."""
    with server.connect() as connection:
        return connection.execute("SELECT FROM pg_stat_activity WHERE application_name ~ '^pgharness .'").fetchall()


def databases_of_runs(server: Server) -> list[str]:
    """List the databases that runs have made, templates left out."""
    with server.connect() as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE datname ~ '^pgharness_[0-9a-f]{8}_' ORDER BY datname"
        )
        return [str(name) for (name,) in rows]


def await_true(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
