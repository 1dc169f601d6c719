"""Who owns what a run makes: a name that tells later runs whether that run still lives."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import subprocess
from pathlib import Path

_ZOMBIE_STATES = ("Z", "X")


@functools.cache
def _machine() -> str:
    """Name the place in which process ids mean the same: one boot and one process namespace of one machine."""
    parts = [platform.node()]
    boot_id = Path("/proc/sys/kernel/random/boot_id")
    if boot_id.exists():
        parts += [boot_id.read_text(encoding="ascii"), str(Path("/proc/self/ns/pid").readlink())]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:8]


def this_owner() -> str:
    """Name this process: machine, process id, and when it began, so that a process id used again is not mistaken."""
    pid = os.getpid()
    return f"{_machine()}-{pid}-{_began(pid)}"


def owner_is_here(owner: str) -> bool:
    """Whether this process can judge if the owner lives; it cannot in another container or after a reboot."""
    return owner.startswith(f"{_machine()}-")


def owner_lives(owner: str) -> bool:
    """Whether the process that `owner` names runs; a zombie is dead."""
    _, pid, began = owner.split("-")
    return _began(int(pid)) == began


def _began(pid: int) -> str | None:
    """Return a word for the moment when the process began, or None when there is none or it is a zombie."""
    if Path("/proc/self/stat").exists():
        return _began_by_proc(pid)
    listing = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, began = listing.stdout.strip().partition(" ")
    return None if not began or state.startswith(_ZOMBIE_STATES) else hashlib.sha256(began.encode()).hexdigest()[:8]


def _began_by_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # proc(5): the command in parentheses may hold blanks; after it come the state (3rd field) and the start time (22nd).
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in _ZOMBIE_STATES else fields[19]
