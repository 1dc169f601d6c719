"""One child of the agent, which does one task in the project's interpreter: what is said to it, and what it says."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pgharness.chain.messages import STAND_IN, ImportedTooEarlyError, Message, Task
from pgharness.findings import CannotRun
from pgharness.records.steps import Failure

SILENCE_S = 1.0
END_LIMIT_S = 2.0
OUTPUT_LINES = 5


class Child:
    """One child of the agent, which does one task; a context manager that ends it.

    While it says nothing, `on_silence` is called once a second. `imported_ahead`: whether it was forked where the project's
    modules had been imported already.
    """

    def __init__(self, connected: socket.socket, task: Task, *, imported_ahead: bool = False) -> None:
        self._socket = connected
        self.imported_ahead = imported_ahead
        self._output = Path(task.output)
        self._unread = b""
        self._pid: int | None = None
        self.on_silence: Callable[[], None] = lambda: None
        self.send(**task.as_message())

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Let it end, or end it, whatever it does, where something went wrong."""
        if error is None:
            self._let_end()
        self.kill()
        self._socket.close()

    def _let_end(self) -> None:
        """Ask nothing more, at which it ends by itself."""
        self._socket.settimeout(END_LIMIT_S)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            while self._socket.recv(1 << 16):
                pass

    def kill(self) -> None:
        """End its process; whoever waits for an answer is told that there is none."""
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
            case "cannot_run" if STAND_IN in message["seen"]:
                raise ImportedTooEarlyError
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
                raise ProcessEnded(
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
        """Return the last lines that the project printed, or nothing."""
        lines = self._output.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-OUTPUT_LINES:]
        return f"; it printed: {' / '.join(lines)}" if lines else ""


class ProcessEnded(CannotRun):
    """The process in which the project's code ran is no more."""

    def as_failure(self) -> Failure:
        """Return it as the failure of the revision that ran there."""
        return Failure("ProcessEnded", f"{self.what} {self.seen}")


class AgentFault(Exception):  # noqa: N818 - a fault of ours, told with the agent's own traceback
    """The agent itself failed; the text is its traceback."""
