"""Whether a run still lives can be told from its name, and only what dead runs left on this machine is removed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from pgharness.findings import CannotRun
from pgharness.servers import run_identity
from pgharness.servers.embedded import run_folder as folders
from pgharness.servers.embedded import sweep
from pgharness.servers.embedded.account import Account, server_account
from pgharness.servers.embedded.cache import cache_folder
from pgharness.servers.embedded.run_folder import run_folder
from pgharness.servers.embedded.sweep import sweep_run_folders
from pgharness.servers.private_folder import OWNED_PREFIX, private_folder
from pgharness.servers.run_identity import owner_is_here, owner_lives, this_owner


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield an empty folder as the only one in which run folders lie."""
    folder = Path(tempfile.mkdtemp(prefix="runs-"))
    folder.chmod(0o755)
    monkeypatch.setattr(sweep, "base_folders", lambda: [folder])
    monkeypatch.setattr(folders, "SHARED_MEMORY", folder)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def left(base: Path) -> Callable[[str], Path]:
    """Make the run folder of an owner."""

    def make(named: str) -> Path:
        folder = base / f"{OWNED_PREFIX}{named}-abcd1234"
        (folder / "data").mkdir(parents=True)
        return folder

    return make


@pytest.fixture(scope="module")
def dead_owner() -> str:
    """Return the name of a process of this machine that has ended."""
    script = "from pgharness.servers.run_identity import this_owner; print(this_owner())"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def test_this_process_lives_and_is_here() -> None:
    assert owner_is_here(this_owner())
    assert owner_lives(this_owner())


def test_a_process_that_ended_is_here_and_dead(dead_owner: str) -> None:
    assert owner_is_here(dead_owner)
    assert not owner_lives(dead_owner)


def test_a_process_id_that_was_given_to_another_process_is_not_mistaken_for_the_owner() -> None:
    machine, pid, began = this_owner().split("-")

    assert not owner_lives(f"{machine}-{pid}-{int(began) - 1}")


def test_a_zombie_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    give_up_at = time.monotonic() + 60
    while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < give_up_at
        time.sleep(0.005)

    assert run_identity._began(process.pid) is None
    process.wait()


def test_an_owner_on_another_machine_is_not_here() -> None:
    assert not owner_is_here("00000000-1-1")


def test_where_there_is_no_proc_the_process_list_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {"stdout": "Ss   Wed Nov 25 20:00:00 2026\n"}
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda command, **_: subprocess.CompletedProcess(command, 0, shown["stdout"], ""),
    )

    first = run_identity._began(1)
    shown["stdout"] = "Ss   Wed Nov 25 20:00:01 2026\n"
    later = run_identity._began(1)
    shown["stdout"] = "Z    Wed Nov 25 20:00:01 2026\n"
    zombie = run_identity._began(1)
    shown["stdout"] = ""
    gone = run_identity._began(1)

    assert first is not None
    assert first != later
    assert (zombie, gone) == (None, None)


def test_the_folder_of_a_dead_run_is_removed(left: Callable[[str], Path], dead_owner: str) -> None:
    folder = left(dead_owner)

    sweep_run_folders(server_account())

    assert not folder.exists()


def test_what_a_dead_run_began_to_keep_for_later_runs_is_removed(
    base: Path, monkeypatch: pytest.MonkeyPatch, dead_owner: str
) -> None:
    cache = base / "cache"
    unfinished = cache / f"{OWNED_PREFIX}{dead_owner}-abcd1234"
    unfinished.mkdir(parents=True)
    monkeypatch.setenv("PGHARNESS_CACHE_DIR", str(cache))

    with private_folder(cache) as begun:
        sweep_run_folders(server_account())
        assert list(cache.iterdir()) == [Path(begun)]
    assert list(cache.iterdir()) == []


def test_the_folder_of_a_live_run_is_left_alone(left: Callable[[str], Path]) -> None:
    folder = left(this_owner())

    sweep_run_folders(server_account())

    assert folder.exists()


def test_a_folder_from_another_machine_is_removed_after_a_day_without_any_sign(left: Callable[[str], Path]) -> None:
    old, young = left("00000000-1-1"), left("00000000-2-2")
    two_days_ago = time.time() - 2 * sweep.ABANDONED_AFTER_S
    os.utime(old, (two_days_ago, two_days_ago))

    sweep_run_folders(server_account())

    assert not old.exists()
    assert young.exists()


def test_a_folder_of_somebody_else_is_left_alone(left: Callable[[str], Path], dead_owner: str) -> None:
    folder = left(dead_owner)
    stranger = Account("stranger", 12345, 12345, is_switched=True)
    if os.getuid() != 0:
        pytest.skip("only root can give a folder to somebody else")
    os.chown(folder, 54321, 54321)

    sweep_run_folders(stranger)

    assert folder.exists()


def test_a_link_in_place_of_a_folder_is_not_followed(base: Path, tmp_path: Path, dead_owner: str) -> None:
    (tmp_path / "precious").mkdir()
    link = base / f"{OWNED_PREFIX}{dead_owner}-abcd1234"
    link.symlink_to(tmp_path / "precious")

    sweep_run_folders(server_account())

    assert (tmp_path / "precious").exists()


def test_only_a_process_that_was_started_with_the_folder_is_ended(left: Callable[[str], Path], dead_owner: str) -> None:
    folder = left(dead_owner)
    stranger = subprocess.Popen(["sleep", "30"])
    server = subprocess.Popen(["sh", "-c", f"sleep 30; : {folder}/data"])
    ended = []
    for process in (stranger, server):
        (folder / "data").mkdir(parents=True, exist_ok=True)
        (folder / "data" / "postmaster.pid").write_text(f"{process.pid}\n")
        sweep_run_folders(server_account())
        ended.append(process.poll() is not None)
    for process in (stranger, server):
        process.kill()
        process.wait()

    assert ended == [False, True]


def test_a_name_that_is_not_ours_is_left_alone(left: Callable[[str], Path]) -> None:
    folder = left(f"{this_owner().split('-')[0]}-x-y")

    sweep_run_folders(server_account())

    assert folder.exists()


def test_a_run_folder_is_private_and_goes_at_the_end(base: Path) -> None:
    with run_folder(server_account()) as folder:
        made = folder.path
        mode = made.stat().st_mode & 0o777

    assert made.parent == base
    assert mode == 0o700
    assert not made.exists()


def test_a_run_folder_goes_when_the_run_fails(base: Path) -> None:
    def run() -> None:
        with run_folder(server_account()) as folder:
            (folder.path / "file").touch()
            raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        run()
    assert list(base.iterdir()) == []


@pytest.mark.parametrize(
    ("attribute", "value", "seen"),
    [
        ("NEEDED_BYTES", 2**60, "MB free"),
        ("LONGEST_FOLDER", 10, "its path is too long for a socket"),
    ],
)
def test_a_machine_without_a_place_is_told_why(
    base: Path, monkeypatch: pytest.MonkeyPatch, attribute: str, value: Any, seen: str
) -> None:
    monkeypatch.setattr(folders, attribute, value)

    with pytest.raises(CannotRun, match="no place for its data") as caught, run_folder(server_account()):
        pass
    assert f"{base}: " in caught.value.seen
    assert seen in caught.value.seen


def test_a_folder_that_the_servers_account_cannot_enter_is_passed_over(base: Path) -> None:
    base.chmod(0o700)
    stranger = Account("stranger", 12345, 12345, is_switched=True)

    assert folders._problem(base, stranger) == "closed to the account stranger"


def test_the_cache_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHARNESS_CACHE_DIR", "/srv/cache")

    assert cache_folder() == Path("/srv/cache")


@pytest.mark.parametrize(("uid", "expected"), [(0, Path("/var/cache/pgharness")), (1000, Path("/home/user/cache"))])
def test_the_cache_of_root_is_one_that_other_accounts_may_enter(
    uid: int, expected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGHARNESS_CACHE_DIR", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: uid)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda _name: Path("/home/user/cache"))

    assert cache_folder() == expected
