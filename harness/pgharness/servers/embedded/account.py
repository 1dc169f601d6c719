"""The user under which a server's processes run: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgharness.findings import CannotRun

_UNPRIVILEGED = ("nobody", "postgres")


@dataclass(frozen=True, slots=True)
class Account:
    """A user; `is_switched` says that processes have to be started under it, because this one is root."""

    name: str
    uid: int
    gid: int
    is_switched: bool

    def process_arguments(self) -> dict[str, Any]:
        """Return what `subprocess.Popen` needs so that the program runs under this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_switched else {}

    def can_reach(self, path: Path) -> bool:
        """Whether this account may read and enter `path`: every folder above it must let it pass."""
        resolved = path.resolve()
        return all(self._may(parent, stat.S_IXOTH) for parent in resolved.parents) and self._may(
            resolved, stat.S_IROTH | stat.S_IXOTH
        )

    def give(self, path: Path) -> None:
        """Make this account the owner of `path`."""
        if self.is_switched:
            os.chown(path, self.uid, self.gid)

    def _may(self, path: Path, bits_for_others: int) -> bool:
        try:
            status = path.stat()
        except OSError:
            return False
        if status.st_uid == self.uid:
            bits = bits_for_others << 6
        elif status.st_gid == self.gid:
            bits = bits_for_others << 3
        else:
            bits = bits_for_others
        return status.st_mode & bits == bits


def server_account() -> Account:
    """Choose the user for the server: this one, or an unprivileged one when this one is root. Raises CannotRun."""
    if os.getuid() != 0:
        return Account("this user", os.getuid(), os.getgid(), is_switched=False)
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid, is_switched=True)
    raise CannotRun(
        "Could not start the embedded server: PostgreSQL refuses to run as root.",
        seen=f"running as root, and there is none of the accounts {', '.join(_UNPRIVILEGED)} to use instead",
        mend="run as an ordinary user, or make one of the accounts: useradd --system postgres",
    )
