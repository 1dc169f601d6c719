"""Runs env.py in a worker thread of AnyIO where it asks for the event loop of one, as a program that migrates from its loop does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def run_where_it_can(act: Callable[[], Any]) -> None:
    """Act here, and where that asks for the event loop of a worker thread, once more in such a thread."""
    try:
        act()
    except RuntimeError as error:
        if "AnyIO worker thread" not in str(error):
            raise
        import anyio  # noqa: PLC0415 - who asks for its thread has it
        import anyio.to_thread  # noqa: PLC0415

        anyio.run(anyio.to_thread.run_sync, act)
