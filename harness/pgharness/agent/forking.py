"""Forks a child for each run, from the agent itself, or from a nursery in which the project's modules are imported already."""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import ahead
from .channel import Channel

if TYPE_CHECKING:
    from .conventions import Conventions

_PR_SET_PDEATHSIG = 1

# What the harness asks for, each with a socket for the new process, and one more where that is to leave a nursery behind.
RUN, NURSERY = b"r", b"n"


def serve_forks(control: socket.socket, at_end: Callable[[], None]) -> None:
    """Fork for whatever is asked, until the other end is closed."""
    while True:
        asked, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not asked:
            at_end()
            return
        if os.fork() == 0:
            control.close()
            _die_with_parent()
            _begin(asked, [socket.socket(fileno=descriptor) for descriptor in descriptors])
        for descriptor in descriptors:
            os.close(descriptor)


def leave_nursery(channel: Channel, control: socket.socket) -> bool:
    """Let a copy of this process serve as a nursery from now on; say whether it can, which one with threads cannot."""
    if threading.active_count() > 1:
        return False
    if os.fork() == 0:
        channel.close()  # its parent ends soon, so it goes by the closing of its socket, or with the agent's whole group
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        serve_forks(control, at_end=lambda: None)
        os._exit(0)
    control.close()
    return True


def _begin(asked: bytes, sockets: list[socket.socket]) -> None:
    """Serve one run, or be a nursery, and end."""
    if asked == NURSERY:
        _be_nursery(sockets[0])
    else:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        from .serving import serve  # noqa: PLC0415 - after the fork: it needs Alembic, which may be missing

        serve(Channel(sockets[0]), *sockets[1:])
    os._exit(0)


def _be_nursery(connected: socket.socket) -> None:
    """Import what runs of this project import, and fork from then on.

    What they read of the database meanwhile is a stand-in. There is none where env.py sets other variables than imports do, which they
    may read, or where those that are set before it are not set by imports, whose values may differ each time; where a module cannot be imported outside of env.py, or without the database; and where one starts a thread, for then
    the process cannot be forked.
    """
    channel = Channel(connected)
    wanted = channel.receive()
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    before = dict(os.environ)
    os.environ.update(ahead.set_by_imports)  # by those of the nursery of which this is a copy
    ahead.use(wanted["stand_in"])
    sys.path[:] = wanted["path"]
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # what is imported may run programs, and want to know how they ended
    is_imported = all(_is_imported(name, wanted["conventions"]) for name in wanted["modules"])
    made = ahead.changes(before, os.environ)
    early = set(wanted["set_early"])
    is_as_in_a_run = early <= made.keys() and {name: made[name] for name in made.keys() - early} == wanted["changes"]
    is_ready = is_imported and threading.active_count() == 1 and is_as_in_a_run
    ahead.set_by_imports.update({name: value for name, value in made.items() if value is not None})
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    channel.send("nursery", ready=is_ready)
    if is_ready:
        serve_forks(connected, at_end=lambda: None)


def _is_imported(name: str, conventions: Conventions) -> bool:
    try:
        importlib.import_module(name)
        if name in conventions:
            from .conventions import give  # noqa: PLC0415 - it needs SQLAlchemy, which may be missing

            give(name, conventions)
    except BaseException:  # importing runs anybody's code, and whoever needs it will tell
        return False
    return True


def _die_with_parent() -> None:
    """Let the kernel end this process when the agent itself is killed; elsewhere the harness ends the whole group."""
    if sys.platform == "linux":
        libc: Any = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
