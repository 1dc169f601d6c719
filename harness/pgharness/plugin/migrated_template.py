"""The template of a database at the heads of the project's chain, and what has to be imported to make it."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

from pgharness.databases import Database
from pgharness.findings import CannotRun
from pgharness.history.models import load_metadata
from pgharness.history.recording import Project
from pgharness.history.upgrading import upgrade_to_heads
from pgharness.plugin.session import HarnessSession
from pgharness.settings import HarnessSettings


def migrated_template(session: HarnessSession) -> Database:
    """Give the sealed template at the chain's heads, made if no process did so yet. Raises CannotRun."""

    def migrate(database: Database) -> None:
        upgrade_to_heads(session.project, session.settings, database)

    return session.databases.template(_chain_key(session.project, session.settings), migrate)


@contextlib.contextmanager
def imported_meanwhile(session: HarnessSession) -> Iterator[None]:
    """Import the chain and the models while the first server of a machine makes its data directory, which takes as long.

    What cannot be imported is told where it is needed.
    """

    def import_all() -> None:
        with contextlib.suppress(CannotRun):
            settings = session.settings
            _ = session.project
            if settings.metadata is not None:
                load_metadata(settings.metadata)

    importing = threading.Thread(target=import_all, name="pgharness-import", daemon=True)
    importing.start()
    try:
        yield
    finally:
        importing.join()


def _chain_key(project: Project, settings: HarnessSettings) -> str:
    """Give a hash of all files and settings that can change what the chain gives."""
    scripts = project.scripts
    folders = {Path(scripts.dir), *(Path(location) for location in scripts._version_locations)}  # noqa: SLF001 - there is no public name
    files = {file for folder in folders for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"}
    files |= {file for file in (settings.alembic, settings.baseline) if file is not None and file.is_file()}
    digest = hashlib.sha256(repr(sorted(settings.environment.items())).encode())
    for file in sorted(files):
        digest.update(f"{file}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()
