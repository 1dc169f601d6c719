"""What runs that were killed left on this machine: servers, and folders of files. Live runs are never touched."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from pgharness.servers.embedded.account import Account
from pgharness.servers.embedded.cache import cache_folder
from pgharness.servers.embedded.run_folder import KEPT, base_folders
from pgharness.servers.embedded.watchdog import end_leftover
from pgharness.servers.private_folder import OWNED_PREFIX
from pgharness.servers.run_identity import owner_is_here, owner_lives

# PostgreSQL touches its socket's lock file about every hour; a folder in which nothing moved for a day is abandoned.
ABANDONED_AFTER_S = 24 * 60 * 60


def sweep_run_folders(account: Account) -> None:
    """End the servers of dead runs and remove all their folders; the watchdog may have been killed with its run."""
    for base in (*base_folders(), cache_folder()):
        for folder in base.glob(f"{OWNED_PREFIX}*-*-*-*"):
            if _is_ours(folder, account) and _is_abandoned(folder) and not _is_kept(folder):
                end_leftover(folder)


def _is_ours(folder: Path, account: Account) -> bool:
    with contextlib.suppress(OSError):
        return folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid in (os.getuid(), account.uid)
    return False


def _is_kept(folder: Path) -> bool:
    """Whether somebody keeps its server, which still runs, since less than a day."""
    try:
        pid = int((folder / "data" / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])
        os.kill(pid, 0)
        return time.time() - (folder / KEPT).stat().st_mtime < ABANDONED_AFTER_S
    except PermissionError:
        return (folder / KEPT).exists()
    except (OSError, ValueError):
        return False


def _is_abandoned(folder: Path) -> bool:
    owner = "-".join(folder.name.removeprefix(OWNED_PREFIX).split("-")[:3])
    try:
        if owner_is_here(owner):
            return not owner_lives(owner)
        newest = max(path.stat().st_mtime for path in (folder, *folder.glob(".s.*")))
    except (OSError, ValueError):
        return False
    return time.time() - newest > ABANDONED_AFTER_S
