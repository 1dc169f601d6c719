"""Killed with -9 at any moment, a run is outlived by nothing that it started, and the next run removes all that it left."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pgharness.servers import Server
from pgharness.servers.embedded.run_folder import base_folders
from pgharness.servers.private_folder import OWNED_PREFIX
from tests.harness.conftest import databases_on

PROGRAM = Path(sys.executable).with_name("pgharness")
MOMENTS = 6
LIMIT_S = 60.0
# What keeps files of its own while it runs: the draft that autogenerate writes, beside the server, the agent and databases.
CHECKS = ("autogenerate", "roundtrip")


@pytest.fixture
def runs(example: Callable[..., Path], tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start a run on a small chain, whose processes all know one variable and whose files lie in one folder."""
    project, started = example(), []
    (tmp_path / "files").mkdir()
    tmp_path.chmod(0o755)

    def start(server: str, *checks: str) -> subprocess.Popen[bytes]:
        only = [part for check in checks for part in ("--only", check)]
        command: list[str | Path] = [
            PROGRAM,
            "check",
            "--alembic",
            project / "alembic.ini",
            "--server",
            server,
            "--quiet",
            *only,
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        environment |= {"TMPDIR": str(tmp_path / "files"), "KILLED_BY": str(tmp_path)}
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("kind", ["embedded", "a given one"])
def test_a_run_that_is_killed_at_any_moment_leaves_nothing_behind_the_next(
    kind: str, runs: Callable[..., subprocess.Popen[bytes]], own_server: Server, tmp_path: Path
) -> None:
    server = kind if kind == "embedded" else own_server.url.render()
    before = databases_on(own_server)
    began = time.monotonic()
    assert runs(server, *CHECKS).wait(LIMIT_S) == 0
    length_s = time.monotonic() - began

    killed = []
    for seed in range(MOMENTS):
        process = runs(server, *CHECKS)
        time.sleep(length_s * (seed + random.Random(seed).random()) / MOMENTS)  # noqa: S311 - a moment, the same on each run
        process.kill()
        process.wait()
        killed.append(process.pid)
        outlived = soon_empty(lambda: processes_of(tmp_path))
        assert outlived == [], f"killed as number {seed} of {MOMENTS}"

    assert runs(server, "upgrade").wait(LIMIT_S) == 0
    assert (processes_of(tmp_path), folders_of(killed), list((tmp_path / "files").iterdir())) == ([], [], [])
    assert databases_on(own_server) == before
    assert locks_of_runs(own_server) == 0


def processes_of(mark: Path) -> list[str]:
    """List the commands of processes that were started by the runs of a test, and of servers in their folders."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and f"KILLED_BY={mark}\0".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " "))
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


def folders_of(killed: list[int]) -> list[Path]:
    """List the data directories of runs, wherever these may lie."""
    return [path for base in base_folders() for pid in killed for path in base.glob(f"{OWNED_PREFIX}*-{pid}-*")]


def locks_of_runs(server: Server) -> int:
    """Count the advisory locks that are held on a server."""
    with server.connect() as connection:
        row = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
    assert row is not None
    return int(row[0])


def soon_empty(found: Callable[[], list[str]]) -> list[str]:
    """Return what is still found after a while; empty as soon as there is nothing."""
    give_up_at = time.monotonic() + LIMIT_S / 4
    while (left := found()) and time.monotonic() < give_up_at:
        time.sleep(0.02)
    return left
