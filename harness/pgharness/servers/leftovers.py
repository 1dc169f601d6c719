"""What runs that were killed left on this machine: servers and their folders. Live runs are never touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from pgharness.servers.account import Account
from pgharness.servers.owner import owner_is_here, owner_lives
from pgharness.servers.places import RUN_FOLDER_PREFIX, base_folders

# PostgreSQL touches its socket's lock file about every hour; a folder in which nothing moved for a day is abandoned.
ABANDONED_AFTER_S = 24 * 60 * 60


def sweep_run_folders(account: Account) -> None:
    """End the servers of dead runs and remove their folders; the watchdog may have been killed with its run."""
    for base in base_folders():
        for folder in base.glob(f"{RUN_FOLDER_PREFIX}*-*-*-*"):
            if _is_ours(folder, account) and _is_abandoned(folder):
                _end_server(folder)
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path, account: Account) -> bool:
    with contextlib.suppress(OSError):
        return folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid in (os.getuid(), account.uid)
    return False


def _is_abandoned(folder: Path) -> bool:
    owner = "-".join(folder.name.removeprefix(RUN_FOLDER_PREFIX).split("-")[:3])
    try:
        if owner_is_here(owner):
            return not owner_lives(owner)
        newest = max(path.stat().st_mtime for path in (folder, *folder.glob(".s.*")))
    except (OSError, ValueError):
        return False
    return time.time() - newest > ABANDONED_AFTER_S


def _end_server(folder: Path) -> None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((folder / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        # A process id may have been given to somebody else since: only a process started with our folder is ours.
        if str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGQUIT)
            _await_end(pid)


def _await_end(pid: int) -> None:
    give_up_at = time.monotonic() + 5
    while time.monotonic() < give_up_at and Path(f"/proc/{pid}/cmdline").read_bytes():  # a zombie's is empty
        time.sleep(0.005)
