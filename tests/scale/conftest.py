"""The cluster that the caller names: `nox -s scale -- COORDINATOR_URL`. Without one nothing here is collected.

FLOWFORGE_SCALE_COORDINATOR and FLOWFORGE_SCALE_WORKER, where they are set, are a PID file and the command that starts that node again, such as
"/data/n1/postmaster.pid pg_ctl -D /data/n1 -w start": these nodes are killed. FLOWFORGE_SCALE_SPARE, such as "10.0.0.4:5432", is a server with the
extension in a database of the same name: it is added and taken away again.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from flowforge_schema import Database, DatabaseSettings, migrate
from flowforge_schema.distribute import distribute, undistribute
from flowforge_schema.engine import create_script_engine
from flowforge_schema.seed import plant_story
from tests.scale.nodes import Node

URL = os.environ.get("FLOWFORGE_SCALE_URL", "")
SHARDS = int(os.environ.get("FLOWFORGE_SCALE_SHARDS", "32"))
collect_ignore_glob = [] if URL else ["test_*.py"]

FIGURES: list[str] = []
NOT_DONE: list[str] = []


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def settings() -> DatabaseSettings:
    """Return how to reach the coordinator."""
    return DatabaseSettings(url=SecretStr(URL), pool_size=20, max_overflow=20)


@pytest.fixture(scope="session")
def spread(settings: DatabaseSettings) -> Iterator[DatabaseSettings]:
    """Yield the settings of a database at head, with the story, distributed; afterwards it is empty as it was."""
    with create_script_engine(settings).connect() as connection:
        _refuse_tables(connection)
    migrate.upgrade(settings)
    with create_script_engine(settings).begin() as connection:
        plant_story(connection, now=datetime.now(UTC))
    assert distribute(settings, shards=SHARDS).is_done
    yield settings
    undistribute(settings)
    migrate.downgrade(settings, "base")


def _refuse_tables(connection: Connection) -> None:
    tables = connection.scalar(text("SELECT string_agg(tablename, ', ') FROM pg_tables WHERE schemaname = 'public'"))
    if tables:
        pytest.exit(
            f"The database is not empty, and these tests take away what they find.\n  seen: {tables}\n  fix: name an empty database",
            2,
        )


@pytest.fixture
async def database(spread: DatabaseSettings) -> AsyncIterator[Database]:
    """Yield the data layer's Database on the coordinator."""
    database = Database(spread)
    yield database
    await database.dispose()


@pytest.fixture
def script(spread: DatabaseSettings) -> Iterator[Connection]:
    """Yield a connection in autocommit mode."""
    with create_script_engine(spread).connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@pytest.fixture
def figure() -> Callable[[str], None]:
    """Return what keeps a line for the end of the run."""
    return FIGURES.append


@pytest.fixture(params=["coordinator", "worker"])
def node(request: pytest.FixtureRequest) -> Node:
    """Return a node that may be killed."""
    told = os.environ.get(f"FLOWFORGE_SCALE_{request.param.upper()}")
    if not told:
        NOT_DONE.append(f"no {request.param} was killed: FLOWFORGE_SCALE_{request.param.upper()} is not set")
        pytest.skip(NOT_DONE[-1])
    return Node.read(request.param, told)


@pytest.fixture
def spare() -> dict[str, str | int]:
    """Return host and port of a node that may be added."""
    told = os.environ.get("FLOWFORGE_SCALE_SPARE")
    if not told:
        NOT_DONE.append("no node was added: FLOWFORGE_SCALE_SPARE is not set")
        pytest.skip(NOT_DONE[-1])
    host, _, port = told.partition(":")
    return {"host": host, "port": int(port)}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures, and what could not be done."""
    if URL:
        terminalreporter.section("on the cluster")
        for line in FIGURES:
            terminalreporter.write_line(line)
        for line in NOT_DONE:
            terminalreporter.write_line(f"NOT DONE: {line}", red=True, bold=True)
