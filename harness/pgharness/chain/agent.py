"""One running agent: started in the project's interpreter, forks a process for each run, ends with all that they started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import weakref
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from pgharness.findings import CannotRun
from pgharness.servers.private_folder import private_folder

FOLDER = Path(__file__).parents[1] / "agent"
# Loaded by file under a name of its own: in the project's interpreter pgharness need not be installed, nor be on the path.
# The folder in which the command was typed goes first: it may hold a `types` or a `logging`, which Python's own modules would import.
_BOOT = """
import sys
if sys.path[:1] == [""]: del sys.path[0]
import importlib.util
spec = importlib.util.spec_from_file_location("pgharness_agent", sys.argv[1] + "/__init__.py", submodule_search_locations=[sys.argv[1]])
sys.modules["pgharness_agent"] = importlib.util.module_from_spec(spec)
from pgharness_agent.__main__ import main
main(int(sys.argv[2]), sys.argv[3])
"""
# What the agent is asked for, each with a socket for the new process.
RUN, NURSERY = b"r", b"n"


class Agent:
    """An agent, starting since it was made; a context manager, which also ends when nobody holds it any more.

    Its children are processes of their own, so several may run at once, also from several threads.
    """

    def __init__(self, python: Path) -> None:
        self.python = python
        self._folder = private_folder()
        self._log = Path(self._folder.name) / "agent.log"
        self._control, theirs = socket.socketpair()
        with theirs, self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-c", _BOOT, str(FOLDER), str(theirs.fileno()), self._folder.name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C in a terminal reaches us alone, and we end it
            )
        self._end = weakref.finalize(self, _end, self._control, self._process, self._folder, os.getpid())

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """End it, and all that runs in it."""
        self.close()

    def close(self) -> None:
        """End it, and all that runs in it; those who wait for a child get CannotRun."""
        self._end()

    def new_output(self) -> str:
        """Return a file for what a run prints; it goes with the agent."""
        handle, output = tempfile.mkstemp(prefix="output-", dir=self._folder.name)
        os.close(handle)
        return output

    @cached_property
    def versions(self) -> dict[str, str]:
        """The versions of Python, Alembic and SQLAlchemy there; waits until it has started. Raises CannotRun."""
        answered = b""
        while not answered.endswith(b"\n"):
            part = self._control.recv(4096)
            if not part:
                raise CannotRun(
                    f"The agent that runs the project's code did not start in {self.python}.",
                    seen=_tail(self._log) or "it ended without output",
                    mend="name another interpreter: --python PATH; it needs Python 3.9 or later with Alembic 1.8 and SQLAlchemy 1.4",
                )
            answered += part
        found: dict[str, str] = json.loads(answered)
        return found

    def fork(self, what: bytes = RUN, *, parent: socket.socket | None = None, others: int = 0) -> list[socket.socket]:
        """Ask for a new process, forked from the agent or from a nursery of it; give the socket that leads there, and `others` more."""
        _ = self.versions
        pairs = [socket.socketpair() for _ in range(1 + others)]
        try:
            socket.send_fds(parent or self._control, [what], [theirs.fileno() for _, theirs in pairs])
        except OSError as error:
            for ours, _ in pairs:
                ours.close()
            raise CannotRun(
                "The agent that runs the project's code is gone.",
                seen=_tail(self._log) or str(error),
                mend="run again; if it stays, something ends its process",
            ) from error
        finally:
            for _, theirs in pairs:
                theirs.close()
        return [ours for ours, _ in pairs]


def _end(
    control: socket.socket,
    process: subprocess.Popen[bytes],
    folder: tempfile.TemporaryDirectory[str],
    owner: int,
) -> None:
    """Close our end, at which the agent ends its whole group, and make sure of it; a forked child of ours does nothing."""
    if os.getpid() != owner:
        return
    control.close()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    folder.cleanup()


def _tail(log: Path) -> str:
    return " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-600:]
