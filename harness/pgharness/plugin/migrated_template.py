"""The template of a database at the heads of the project's chain, and what has to be read to make it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from pgharness.chain.course import applied_at
from pgharness.databases import Database
from pgharness.experiments.checkpoints import Checkpoints
from pgharness.findings import CannotRun
from pgharness.plugin.session import HarnessSession


def migrated_template(session: HarnessSession) -> Database:
    """Return the sealed template at the chain's heads, made if no process did so yet. Raises CannotRun."""
    checkpoints = Checkpoints(session.project, session.databases)
    return checkpoints.template(applied_at(session.project.chain, "heads"), rows=False)


@contextlib.contextmanager
def read_meanwhile(session: HarnessSession) -> Iterator[None]:
    """Read the chain while the first server of a machine makes its data directory, which takes as long.

    What cannot be read is told where it is needed.
    """

    def read() -> None:
        with contextlib.suppress(CannotRun):
            _ = session.project

    reading = threading.Thread(target=read, name="pgharness-reading", daemon=True)
    reading.start()
    try:
        yield
    finally:
        reading.join()
