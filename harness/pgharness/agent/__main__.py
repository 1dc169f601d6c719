"""Waits for the harness to ask, and forks a child for each run, so that no run meets what another one left in memory."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import signal
import socket

from .forking import serve_forks
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
    "pgharness_agent.serving",
)


def main(control_descriptor: int, folder: str) -> None:
    """Serve until the harness closes its end, or is no more; then nothing stays, also not the folder that runs print to."""
    control = socket.socket(fileno=control_descriptor)
    control.sendall(_hello())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended children need no waiting for
    serve_forks(control, at_end=lambda: _end(folder))


def _end(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)  # whatever the project started goes with it


def _hello() -> bytes:
    """Load what all children need, and say in one line of JSON what there is."""
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    return json.dumps(found_versions()).encode() + b"\n"
