"""The private folder of one run, in memory where there is room, that is gone when the run is."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pgharness.findings import CannotRun
from pgharness.servers.embedded.account import Account
from pgharness.servers.embedded.watchdog import watched
from pgharness.servers.private_folder import owned_prefix
from pgharness.servers.server import Keeps, kept_by_variable

KEPT = "kept"
"""The file that says of a run folder that somebody wants to look at its server."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it, private and with a random name

# One clone of a database takes 8 MB, the cluster 28 MB, WAL up to 256 MB; Docker's default of 64 MB is too small.
NEEDED_BYTES = 512 * 1024 * 1024

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, and the name of the socket ends with the port.
LONGEST_FOLDER = 103 - len("/.s.PGSQL.65535")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The private folder of one server: data directory, socket, access rules and log; `note` is empty where it is in memory."""

    path: Path
    note: str

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.path / "data"

    @property
    def access_rules(self) -> Path:
        """The pg_hba.conf with which the server is started, in place of the one in the data directory."""
        return self.path / "pg_hba.conf"

    @property
    def log(self) -> Path:
        """What the server writes to standard error."""
        return self.path / "server.log"


@contextlib.contextmanager
def run_folder(account: Account, keeps: Keeps = kept_by_variable) -> Iterator[RunFolder]:
    """Make a private folder and remove it at the end unless it is kept, also when this process is killed: a watchdog sees to that."""
    base, note = _base_folder(account)
    path = Path(tempfile.mkdtemp(prefix=owned_prefix(), dir=base))
    with watched(path):
        try:
            account.give(path)
            yield RunFolder(path, note)
        finally:
            if keeps():
                (path / KEPT).touch()
            else:
                shutil.rmtree(path, ignore_errors=True)


def base_folders() -> list[Path]:
    """List the folders in which run folders may lie, best first."""
    folders = [SHARED_MEMORY, Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - see above
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def _base_folder(account: Account) -> tuple[Path, str]:
    seen = []
    for folder in base_folders():
        if problem := _problem(folder, account):
            seen.append(f"{folder}: {problem}")
            continue
        note = "" if folder == SHARED_MEMORY else f"data in {folder}, which is slower than memory"
        return folder, note
    raise CannotRun(
        "The embedded server has no place for its data.",
        seen="; ".join(seen),
        mend=f"free {NEEDED_BYTES // 2**20} MB in one of them, or set TMPDIR to a folder with a short path",
    )


def _problem(folder: Path, account: Account) -> str:
    if not os.access(folder, os.W_OK | os.X_OK):
        return "not writable"
    if not account.can_reach(folder):
        return f"closed to the account {account.name}"
    longest = len(str(folder / f"{owned_prefix()}12345678"))
    if longest > LONGEST_FOLDER:
        return "its path is too long for a socket"
    free_bytes = shutil.disk_usage(folder).free
    return f"only {free_bytes // 2**20} MB free" if free_bytes < NEEDED_BYTES else ""
