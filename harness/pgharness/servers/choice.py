"""Which server a run gets: the one asked for, or with `auto` the best there is."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from pgharness.findings import CannotRun
from pgharness.servers.container.engine_ping import require_engine
from pgharness.servers.embedded.account import server_account
from pgharness.servers.embedded.binaries import find_system_binaries
from pgharness.servers.embedded.server import embedded_server
from pgharness.servers.embedded.sweep import sweep_run_folders
from pgharness.servers.given_url import EXAMPLE, given_server
from pgharness.servers.server import Keeps, Server, kept_by_variable
from pgharness.settings import DEFAULT_IMAGE, nearest

CHOICES = ("auto", "container", "embedded")


class Terminated(KeyboardInterrupt):
    """SIGTERM came. It unwinds like Ctrl-C: psycopg cancels what runs, and nobody takes it for an error of a revision."""


@contextlib.contextmanager
def open_server(
    choice: str = "auto", *, image: str = DEFAULT_IMAGE, keeps: Keeps = kept_by_variable
) -> Iterator[Server]:
    """Yield a server: `auto`, `container`, `embedded`, or the URL of a running one; unless it `keeps`, nothing of it stays at the end.

    What runs that were killed have left on this machine is removed first, whichever server it is.
    `auto` takes a container when an engine answers and has the image or can pull it, else the embedded server, and says
    why. Raises CannotRun; a server that was asked for by name is never replaced by another.
    """
    _sweep()
    with ended_in_order(), _opened(choice, image, keeps) as server:
        yield server


@contextlib.contextmanager
def open_system_server(reason: str) -> Iterator[Server]:
    """Yield a server of the PostgreSQL that the system has installed. Raises CannotRun where it has none."""
    with ended_in_order(), embedded_server(reason, find=find_system_binaries) as server:
        yield server


def _sweep() -> None:
    with contextlib.suppress(CannotRun):  # told where a server of our own is started
        sweep_run_folders(server_account())


def _opened(choice: str, image: str, keeps: Keeps) -> contextlib.AbstractContextManager[Server]:
    match choice:
        case "auto":
            return _best_server(image, keeps)
        case "container":
            return _container(image, "asked for", keeps)
        case "embedded":
            return embedded_server("asked for", keeps)
        case _ if ":" in choice:
            return given_server(choice, "asked for")
    raise CannotRun(
        f"Unknown server {choice!r}.",
        seen=f"known are {', '.join(CHOICES)} and URLs",
        mend=f"--server {'|'.join(CHOICES)}|{EXAMPLE}{nearest(choice, CHOICES)}",
    )


def _container(image: str, reason: str, keeps: Keeps) -> contextlib.AbstractContextManager[Server]:
    require_engine()
    from pgharness.servers.container.server import container_server  # noqa: PLC0415 - an extra, which may be missing

    return container_server(image, reason, keeps)


@contextlib.contextmanager
def _best_server(image: str, keeps: Keeps) -> Iterator[Server]:
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(_container(image, "a container engine answers", keeps))
        except CannotRun as no_container:
            server = stack.enter_context(_embedded_instead(no_container, keeps))
        yield server


@contextlib.contextmanager
def _embedded_instead(no_container: CannotRun, keeps: Keeps) -> Iterator[Server]:
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(embedded_server(f"no container: {no_container.seen}", keeps))
        except CannotRun as no_embedded:
            raise CannotRun(
                "No PostgreSQL server: neither a container nor the embedded server could be started.",
                seen=f"{no_container.what} {no_container.seen}; {no_embedded.what} {no_embedded.seen}",
                mend=f"{no_embedded.mend}; or {no_container.mend}; or give a running one: --server {EXAMPLE}",
            ) from no_embedded
        yield server


@contextlib.contextmanager
def ended_in_order() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C does, so that containers and databases are removed, unless it is handled already."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _Unwind())
    try:
        yield
    except Terminated:
        raise SystemExit(128 + signal.SIGTERM) from None
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


class _Unwind:
    """A handler of SIGTERM: raises in the process that it was made in, and ends a forked child as if there were none."""

    def __init__(self) -> None:
        self._process = os.getpid()

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if os.getpid() == self._process:
            raise Terminated
        # Another library's handler stands around this one (coverage.py sets its own in each forked child) and handed it on.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


def _end_as_usual() -> None:
    if isinstance(signal.getsignal(signal.SIGTERM), _Unwind):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


# A forked child (multiprocessing) has nothing of ours to remove, and whoever ends it expects it to have died of the signal.
os.register_at_fork(after_in_child=_end_as_usual)
