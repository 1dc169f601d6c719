"""One running agent: started in the project's interpreter, asked for children, ended with all that they started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pgharness.chain.messages import Message, Task
from pgharness.findings import CannotRun

FOLDER = Path(__file__).parents[1] / "agent"
# Loaded by file under a name of its own: in the project's interpreter pgharness need not be installed, nor be on the path.
_BOOT = """
import importlib.util, sys
if sys.path[:1] == [""]: del sys.path[0]
spec = importlib.util.spec_from_file_location("pgharness_agent", sys.argv[1] + "/__init__.py", submodule_search_locations=[sys.argv[1]])
sys.modules["pgharness_agent"] = importlib.util.module_from_spec(spec)
from pgharness_agent.__main__ import main
main(int(sys.argv[2]))
"""
# What the agent is asked for, each with a socket for the new process.
_RUN, _NURSERY = b"r", b"n"
SILENCE_S = 1.0
OUTPUT_LINES = 5


class Agent:
    """An agent, starting since it was made; a context manager, which also ends when nobody holds it any more.

    Its children are processes of their own, so several may run at once, also from several threads.
    """

    def __init__(self, python: Path) -> None:
        self.python = python
        self._folder = tempfile.TemporaryDirectory(prefix="pgharness-agent-")
        self._log = Path(self._folder.name) / "agent.log"
        self._control, theirs = socket.socketpair()
        self._sockets = [self._control]
        with theirs, self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-c", _BOOT, str(FOLDER), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C in a terminal reaches us alone, and we end it
            )
        self._nursery: Nursery | None = None
        self._lock = threading.Lock()
        self._end = weakref.finalize(self, _end, self._sockets, self._process, self._folder, os.getpid())

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

    @cached_property
    def versions(self) -> dict[str, str]:
        """The versions of Python, Alembic and SQLAlchemy there; waits until it has started. Raises CannotRun."""
        answered = b""
        while not answered.endswith(b"\n"):
            part = self._control.recv(4096)
            if not part:
                raise CannotRun(
                    f"The agent that runs the project's code did not start in {self.python}.",
                    seen=_tail(self._log) or "it ended without a word",
                    mend="name another interpreter: --python PATH; it needs Python 3.9 or later with Alembic 1.8 and SQLAlchemy 1.4",
                )
            answered += part
        found: dict[str, str] = json.loads(answered)
        return found

    def child(self, task: Task) -> Child:
        """Let a child do a task."""
        _ = self.versions
        handle, output = tempfile.mkstemp(prefix="output-", dir=self._folder.name)
        os.close(handle)
        control = self._nursery.control if self._nursery is not None and self._nursery.is_ready else self._control
        return Child(self._asked(control, _RUN), replace(task, output=output))

    def import_ahead(self, folder: str, path: Sequence[str], modules: Sequence[str]) -> None:
        """Import what runs of the project import, once for all that come, where nothing that is read then differs between them."""
        with self._lock:
            if self._nursery is None and modules:
                nursery = Nursery(self._asked(self._control, _NURSERY))
                self._sockets.append(nursery.control)
                nursery.start(folder, path, modules)
                self._nursery = nursery

    def _asked(self, control: socket.socket, what: bytes) -> socket.socket:
        """Ask for a new process, and give the socket that leads to it."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(control, [what], [theirs.fileno()])
            except OSError as error:
                raise CannotRun(
                    "The agent that runs the project's code is gone.",
                    seen=_tail(self._log) or str(error),
                    mend="run again; if it stays, something ends its process",
                ) from error
        return ours


class Nursery:
    """A process of the agent in which the project's modules are imported; children that it forks need not import them again."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control

    def start(self, folder: str, path: Sequence[str], modules: Sequence[str]) -> None:
        """Let it begin to import; nobody waits for it yet."""
        said = {"folder": folder, "path": list(path), "modules": list(modules)}
        self.control.sendall(json.dumps(said).encode() + b"\n")

    @cached_property
    def is_ready(self) -> bool:
        """Whether it can fork; waits until it has imported all. A process that has threads after its imports cannot."""
        with self.control.makefile("rb") as told:
            line = told.readline()
        return bool(line) and bool(json.loads(line)["ready"])


class Child:
    """One child of the agent, which does one task; a context manager that ends it.

    While it says nothing, `on_silence` is called once a second.
    """

    def __init__(self, connected: socket.socket, task: Task) -> None:
        self._socket = connected
        self._output = Path(task.output)
        self._unread = b""
        self._pid: int | None = None
        self.on_silence: Callable[[], None] = lambda: None
        self.send(**task.as_message())

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """End it, whatever it does."""
        self._socket.close()
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def send(self, **message: Any) -> None:
        """Say something to it; one that is no more is told when an answer is waited for."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, *expected: str) -> Message:
        """Wait for what it says. Raises CannotRun where the project's code keeps it from going on."""
        message: Message = json.loads(self._line())
        match message["event"]:
            case "hello":
                self._pid = message["pid"]
                return self.receive(*expected)
            case "cannot_run":
                raise CannotRun(message["what"], seen=message["seen"] + self._said(), mend=message["mend"])
            case "fault":
                raise AgentFault(message["traceback"])
        assert not expected or message["event"] in expected, message
        return message

    def _line(self) -> bytes:
        while b"\n" not in self._unread:
            part = self._part()
            if not part:
                raise CannotRun(
                    "The project's code ended the process in which it ran.",
                    seen=f"no answer came from it{self._said()}",
                    mend="run `alembic upgrade head`; look for os._exit, a crash of an extension module, or a kill",
                )
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _part(self) -> bytes:
        while True:
            self._socket.settimeout(SILENCE_S)
            try:
                return self._socket.recv(1 << 20)
            except TimeoutError:
                self.on_silence()
            except ConnectionResetError:
                return b""

    def _said(self) -> str:
        """Give the last lines that the project printed, or nothing."""
        lines = self._output.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-OUTPUT_LINES:]
        return f"; it printed: {' / '.join(lines)}" if lines else ""


class AgentFault(Exception):  # noqa: N818 - a fault of ours, told with the agent's own traceback
    """The agent itself failed; the text is its traceback."""


def own_paths(python: Path) -> tuple[str, ...]:
    """Give what is on our own path, for an agent in our own interpreter: pytest and its settings may have added to it."""
    return tuple(sys.path) if python.absolute() == Path(sys.executable).absolute() else ()


def _end(
    sockets: Sequence[socket.socket],
    process: subprocess.Popen[bytes],
    folder: tempfile.TemporaryDirectory[str],
    owner: int,
) -> None:
    """Close our ends, at which the agent ends its whole group, and make sure of it; a forked child of ours does nothing."""
    if os.getpid() != owner:
        return
    for connected in sockets:
        connected.close()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    folder.cleanup()


def _tail(log: Path) -> str:
    return " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-600:]
