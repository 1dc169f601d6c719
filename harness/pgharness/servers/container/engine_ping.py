"""Whether a container engine answers, found out without importing its library, which takes half a second."""

from __future__ import annotations

import importlib.util
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from pgharness.findings import CannotRun

SOCKET = Path("/var/run/docker.sock")
# An engine that answers at all does so within milliseconds; its library would wait for a minute.
ANSWER_LIMIT_S = 5.0
START_ONE = (
    "start Docker or Podman (DOCKER_HOST names its socket), or use --server embedded, or --server postgresql://… for a "
    "running server"
)
_THIS_MACHINE = (None, "localhost", "127.0.0.1", "::1")
_JOIN_GROUP = "use an account that may: usermod --append --groups docker USER, then log in again"


def require_engine() -> None:
    """Raise CannotRun when there is plainly no engine, or no library to ask it."""
    if importlib.util.find_spec("testcontainers") is None:
        raise CannotRun(
            "A container needs the extra `container` of pgharness.",
            seen="the package testcontainers is not installed",
            mend="pip install 'pgharness[container]'",
        )
    host = os.environ.get("DOCKER_HOST")
    if any(path.exists() for path in _settings_files()):
        return  # they may name another engine, and the library knows how to read them
    if not host and not SOCKET.exists():
        raise CannotRun(
            "No container engine found.",
            seen=f"no DOCKER_HOST, no {SOCKET}, no context in ~/.docker",
            mend=START_ONE,
        )
    _require_this_machine(host or "")
    _require_answer(host or f"unix://{SOCKET}")


def _settings_files() -> tuple[Path, ...]:
    home = Path.home()
    return (home / ".testcontainers.properties", home / ".docker" / "contexts" / "meta")


def _require_this_machine(host: str) -> None:
    """Refuse an engine elsewhere: ports are open at 127.0.0.1 of its machine alone, since no password is asked for."""
    if urlsplit(host).hostname not in _THIS_MACHINE:
        raise CannotRun(
            "The container engine is on another machine.",
            seen=f"DOCKER_HOST is {host}, and containers are open at 127.0.0.1 of that machine alone",
            mend="use an engine of this machine (DOCKER_HOST=unix:///…), or --server embedded, or a server there: "
            "--server postgresql://…",
        )


def _require_answer(host: str) -> None:
    """Distinguish an engine from a socket that one left behind, and from one that hangs."""
    try:
        answer = _ping(host)
    except (OSError, ValueError) as error:
        raise CannotRun(
            f"No container engine answers at {host}.",
            seen=f"{host}: {getattr(error, 'strerror', None) or error}",
            mend=_JOIN_GROUP if isinstance(error, PermissionError) else START_ONE,
        ) from error
    if not answer.startswith(b"HTTP/"):
        raise CannotRun(
            f"{host} is not a container engine.",
            seen=f"{host}: {answer[:40]!r}" if answer else f"{host}: it hangs up",
            mend=START_ONE,
        )


def _ping(host: str) -> bytes:
    """Return the first bytes of the engine's answer. One by TLS or a pipe, which take more to ask, is believed."""
    parts = urlsplit(host)
    if parts.scheme == "unix":
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_LIMIT_S)
            connection.connect(parts.path)
            return _first_answer(connection)
    if parts.scheme == "tcp":
        with socket.create_connection((parts.hostname or "", parts.port or 2375), ANSWER_LIMIT_S) as connection:
            return b"HTTP/" if os.environ.get("DOCKER_TLS_VERIFY") else _first_answer(connection)
    return b"HTTP/"


def _first_answer(connection: socket.socket) -> bytes:
    connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
    return connection.recv(64)
