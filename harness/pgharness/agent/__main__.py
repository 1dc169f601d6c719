"""Waits for the harness to ask, and forks a child for each run, so that no run meets what another one left in memory."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import socket
import sys
from typing import Any

from .channel import Channel
from .versions import found_versions

# Loaded once for all children. The project's own modules are not: what they read while they are imported has to be this run's.
PRELOADED = (
    "alembic.autogenerate",
    "alembic.command",
    "alembic.config",
    "alembic.ddl",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.ext.asyncio",
    "sqlalchemy.orm",
    "pydantic",
    "pydantic_settings",
    "typing_extensions",
)
_PR_SET_PDEATHSIG = 1


def main(control_descriptor: int) -> None:
    """Serve until the harness closes its end, or is no more."""
    # Whatever the project starts is in this group, and goes with it.
    control = socket.socket(fileno=control_descriptor)
    control.sendall(_hello())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended children need no waiting for
    while True:
        asked, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not asked:
            os.killpg(0, signal.SIGKILL)
        for descriptor in descriptors:
            if os.fork() == 0:
                control.close()
                _serve_as_child(descriptor)
            os.close(descriptor)


def _hello() -> bytes:
    """Load what all children need, and say in one line of JSON what there is."""
    import json  # noqa: PLC0415 - beside its only use

    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    return json.dumps(found_versions()).encode() + b"\n"


def _serve_as_child(descriptor: int) -> None:
    """Serve one run, and end."""
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    from .serving import serve  # noqa: PLC0415 - after the fork: it needs Alembic, which may be missing

    serve(Channel(socket.socket(fileno=descriptor)))
    os._exit(0)


def _die_with_parent() -> None:
    """Let the kernel end this process when the agent itself is killed; elsewhere the harness ends the whole group."""
    if sys.platform == "linux":
        libc: Any = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
