"""Whether there may be a container engine at all, found out without importing its library, which takes half a second."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from pgharness.findings import CannotRun

SOCKET = Path("/var/run/docker.sock")
START_ONE = (
    "start Docker or Podman (DOCKER_HOST names its socket), or use --server embedded, or --server postgresql://… for a "
    "running server"
)


def require_engine() -> None:
    """Raise CannotRun when there is plainly no engine, or no library to ask it."""
    if importlib.util.find_spec("testcontainers") is None:
        raise CannotRun(
            "A container needs the extra `container` of pgharness.",
            seen="the package testcontainers is not installed",
            mend="pip install 'pgharness[container]'",
        )
    if not (os.environ.get("DOCKER_HOST") or SOCKET.exists() or any(path.exists() for path in _settings_files())):
        raise CannotRun(
            "There is no container engine.",
            seen=f"no DOCKER_HOST, no {SOCKET}, no context in ~/.docker",
            mend=START_ONE,
        )


def _settings_files() -> tuple[Path, ...]:
    home = Path.home()
    return (home / ".testcontainers.properties", home / ".docker" / "contexts" / "meta")
