"""Carries messages between the harness and one child of the agent: JSON, a message a line, over a socket."""

from __future__ import annotations

import json
import os
import socket
import traceback
from collections.abc import Callable
from typing import Any

from .stopping import Stop

Message = dict[str, Any]


class Gone(BaseException):
    """The harness is no more, so nothing is left to do. No code of a project is to catch it."""


class Channel:
    """One child's side of the conversation."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._file = connected.makefile("rwb")

    def close(self) -> None:
        """Leave the conversation to another process that has it too."""
        self._file.close()
        self._socket.close()

    def send(self, event: str, **said: Any) -> None:
        """Send the harness a message; what JSON has no word for goes as its repr."""
        try:
            self._file.write(json.dumps({"event": event, **said}, default=repr).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise Gone from error

    def receive(self) -> Message:
        """Wait for what the harness says next."""
        try:
            line = self._file.readline()
        except OSError as error:
            raise Gone from error
        if not line:
            raise Gone
        message: Message = json.loads(line)
        return message

    def conclude(self, act: Callable[[], None]) -> None:
        """Do something, tell how it ended, and end this process: what the project does afterwards has nothing to say."""
        try:
            act()
            self.send("end")
        except Stop as reason:
            self.send("cannot_run", what=reason.what, seen=reason.seen, mend=reason.mend)
        except Gone:
            pass
        except BaseException:
            self.send("fault", traceback=traceback.format_exc())
        finally:
            os._exit(0)
