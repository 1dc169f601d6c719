"""A node of the cluster that may be killed and started again."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Node:
    """A server, by the file that holds its process id, and the command that starts it."""

    name: str
    pid_file: Path
    start: str

    @classmethod
    def read(cls, name: str, told: str) -> Node:
        """Read a PID file and a command, separated by a blank."""
        pid_file, _, start = told.partition(" ")
        return cls(name, Path(pid_file), start)

    def kill(self) -> None:
        """End the server and all its sessions by SIGKILL, as a power cut does."""
        server = int(self.pid_file.read_text("utf-8").split()[0])
        children = _children(server)
        for pid in (server, *children):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def restart(self) -> None:
        """Start it, and wait until it answers."""
        subprocess.run(shlex.split(self.start), check=True, stdout=subprocess.DEVNULL, timeout=120)


def _children(server: int) -> list[int]:
    """Return the processes whose parent is the server."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == server:
            found.append(int(stat.parent.name))
    return found
