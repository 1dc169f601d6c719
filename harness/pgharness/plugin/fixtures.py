"""Fixtures that give real databases: empty ones, and ones migrated to the chain's heads."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgharness.databases import ClonePool, Database, Databases
from pgharness.findings import CannotRun
from pgharness.history.chain import open_scripts
from pgharness.history.models import load_metadata
from pgharness.history.recording import open_project
from pgharness.history.upgrading import upgrade_to_heads
from pgharness.plugin.keeping import remember
from pgharness.plugin.session import HarnessSession, session_of
from pgharness.servers import Server

POOL_SIZE = 2


@pytest.fixture(scope="session")
def pg_server(request: pytest.FixtureRequest) -> Server:
    """Give one real PostgreSQL server for the whole session, shared by all xdist workers."""
    with _told():
        return session_of(request.config).server


@pytest.fixture(scope="session")
def pg_databases(request: pytest.FixtureRequest) -> Databases:
    """Give what makes, clones and drops databases on the session's server."""
    with _told():
        return session_of(request.config).databases


@pytest.fixture
def empty_database(request: pytest.FixtureRequest, pg_databases: Databases) -> Iterator[Database]:
    """Give an empty database of this test's own."""
    database = remember(request.node, pg_databases.create_empty("test"))
    yield database
    if database in pg_databases:  # unless it is kept
        pg_databases.drop(database)


@pytest.fixture(scope="session")
def migrated_pool(request: pytest.FixtureRequest) -> Iterator[ClonePool]:
    """Give clones, made ahead, of a database that is at the heads of the project's chain."""
    session = session_of(request.config)
    with _imported_meanwhile(session):
        databases: Databases = request.getfixturevalue("pg_databases")
    with _told():
        template = databases.template(_chain_key(session), lambda database: _migrate(session, database))
    with databases.pool(template, POOL_SIZE) as pool:
        yield pool


@pytest.fixture
def migrated_database(request: pytest.FixtureRequest, migrated_pool: ClonePool) -> Iterator[Database]:
    """Give a database of this test's own, at the heads of the project's chain."""
    database = remember(request.node, migrated_pool.acquire())
    yield database
    migrated_pool.release(database)


def _migrate(session: HarnessSession, database: Database) -> None:
    upgrade_to_heads(open_project(session.settings), session.settings, database)


def _chain_key(session: HarnessSession) -> str:
    """Give a hash of all files and settings that can change what the chain gives."""
    settings = session.settings
    _, scripts = open_scripts(settings.alembic)
    folders = {Path(scripts.dir), *(Path(location) for location in scripts._version_locations)}  # noqa: SLF001 - as above
    files = {file for folder in folders for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"}
    files |= {file for file in (settings.alembic, settings.baseline) if file is not None and file.is_file()}
    digest = hashlib.sha256(repr(sorted(settings.environment.items())).encode())
    for file in sorted(files):
        digest.update(f"{file}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


@contextlib.contextmanager
def _imported_meanwhile(session: HarnessSession) -> Iterator[None]:
    """Import the chain and the models while the first server of a machine makes its data directory, which takes as long.

    What cannot be imported is told where it is needed.
    """

    def import_all() -> None:
        with contextlib.suppress(CannotRun):
            settings = session.settings
            open_project(settings)
            if settings.metadata is not None:
                load_metadata(settings.metadata)

    importing = threading.Thread(target=import_all, name="pgharness-import", daemon=True)
    importing.start()
    try:
        yield
    finally:
        importing.join()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Let a test that cannot be given its database end with what is missing, and no traceback."""
    try:
        yield
    except CannotRun as reason:
        pytest.fail(str(reason), pytrace=False)
