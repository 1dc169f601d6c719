"""The small process that ends a run's server and removes its folder once the run is no more."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_WATCHDOG = Path(__file__).with_name("watchdog.sh")


@contextlib.contextmanager
def watched(folder: Path) -> Iterator[None]:
    """Have a small process remove `folder`, and end the server in it, as soon as this process is no more.

    It holds the other end of a pipe. A death signal from the kernel would do on Linux only, would leave the files, and
    is tied to the thread that started the server rather than to the process.
    """
    watchdog = subprocess.Popen(
        ["/bin/sh", str(_WATCHDOG), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in a terminal reaches the whole process group
        cwd="/",
    )
    assert watchdog.stdin is not None
    pipe = watchdog.stdin
    _pipes.add(pipe.fileno())
    try:
        yield
    finally:
        with contextlib.suppress(BrokenPipeError):
            pipe.write(b"done\n")
            pipe.flush()
        _pipes.discard(pipe.fileno())
        pipe.close()
        watchdog.wait()


def end_leftover(folder: Path) -> None:
    """End the server in a run folder that nobody watches any more, and remove the folder, as its watchdog would have."""
    subprocess.run(
        ["/bin/sh", str(_WATCHDOG), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        cwd="/",
    )


_pipes: set[int] = set()


def _close_pipes() -> None:
    for descriptor in _pipes:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _pipes.clear()


# A forked child that outlives this process must not hold the pipes open.
os.register_at_fork(after_in_child=_close_pipes)
