from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from flowforge_schema.health import known_revisions
from pgharness.databases import Database

ROOT = Path(__file__).parents[3]
HEAD = known_revisions()[-1]
# What an API sets on each of its connections; no revision takes so little.
API_LIMITS = "-c statement_timeout=200 -c transaction_timeout=300 -c idle_in_transaction_session_timeout=200"
SLOW = "op.execute('SELECT pg_sleep(0.6)')"


@pytest.fixture
def config() -> Config:
    """Return the repository's configuration, as an application that calls Alembic itself would load it."""
    return Config(ROOT / "alembic.ini")


@pytest.fixture
def own_config(own_versions: Path) -> Config:
    """Return the configuration of a chain of the test's own."""
    config = Config()
    config.set_main_option("script_location", str(own_versions.parent))
    config.set_main_option("path_separator", "newline")
    return config


def engine_of(database: Database, **arguments: Any) -> Engine:
    return create_engine(database.url, poolclass=NullPool, **arguments)


def revision_of(database: Database) -> str | None:
    with database.connect() as connection:
        there = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
        if there == (False,):
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def test_a_connection_may_be_handed_over(config: Config, empty_database: Database) -> None:
    with engine_of(empty_database).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    assert revision_of(empty_database) == HEAD


def test_a_transaction_of_the_callers_stays_the_callers_to_end(config: Config, empty_database: Database) -> None:
    with engine_of(empty_database).connect() as connection:
        connection.execute(text("SELECT 1"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.rollback()

    assert revision_of(empty_database) is None


def test_a_transaction_of_the_callers_may_commit_the_upgrade(config: Config, empty_database: Database) -> None:
    with engine_of(empty_database).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    assert revision_of(empty_database) == HEAD


def test_an_engine_may_be_handed_over(config: Config, empty_database: Database) -> None:
    config.attributes["connection"] = engine_of(empty_database)
    command.upgrade(config, "head")

    assert revision_of(empty_database) == HEAD


def test_an_asynchronous_engine_may_be_handed_over(config: Config, empty_database: Database) -> None:
    config.attributes["connection"] = create_async_engine(empty_database.url)
    command.upgrade(config, "head")

    assert revision_of(empty_database) == HEAD


async def test_an_asynchronous_connection_may_be_handed_over(config: Config, empty_database: Database) -> None:
    engine = create_async_engine(empty_database.url, poolclass=NullPool)
    async with engine.connect() as connection:
        config.attributes["connection"] = connection
        await connection.run_sync(lambda _: command.upgrade(config, "head"))

    assert revision_of(empty_database) == HEAD


async def test_the_connection_that_run_sync_gives_may_be_handed_over(config: Config, empty_database: Database) -> None:
    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    engine = create_async_engine(empty_database.url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)

    assert revision_of(empty_database) == HEAD


def test_something_else_that_is_handed_over_is_refused(config: Config) -> None:
    config.attributes["connection"] = "postgresql://localhost/flowforge"

    with pytest.raises(CommandError, match="holds a str"):
        command.upgrade(config, "head")


def test_the_url_may_stand_in_the_configuration(own_config: Config, empty_database: Database) -> None:
    url = empty_database.url.render_as_string(hide_password=False)
    own_config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(own_config, "head")

    assert revision_of(empty_database) == HEAD


def alembic(*arguments: str, url: str | None) -> subprocess.CompletedProcess[str]:
    """Run Alembic's own command line in the repository, as a person does."""
    environment = {name: value for name, value in os.environ.items() if name != "FLOWFORGE_DB_URL"}
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=ROOT,
        env=environment if url is None else {**environment, "FLOWFORGE_DB_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_alembic_in_a_shell_takes_the_url_from_the_environment(empty_database: Database) -> None:
    done = alembic("upgrade", "head", url=empty_database.url.render_as_string(hide_password=False))

    assert (done.returncode, revision_of(empty_database)) == (0, HEAD), done.stderr


def test_alembic_in_a_shell_without_a_url_says_what_to_type() -> None:
    done = alembic("upgrade", "head", url=None)

    assert "fix: export FLOWFORGE_DB_URL=postgresql+psycopg://" in done.stderr + done.stdout


def test_alembic_in_a_shell_does_not_print_the_password_of_a_url_that_it_refuses() -> None:
    done = alembic("upgrade", "head", url="mysql://flowforge:hush-hush@localhost/flowforge")

    assert "names the driver mysql" in done.stderr + done.stdout
    assert "hush" not in done.stderr + done.stdout


def test_the_offline_sql_makes_the_same_revision(empty_database: Database) -> None:
    printed = alembic("upgrade", "head", "--sql", url=None)
    with empty_database.connect() as connection:
        connection.execute(printed.stdout)

    assert revision_of(empty_database) == HEAD


def test_the_offline_sql_sets_the_limits_of_an_upgrade() -> None:
    printed = alembic("upgrade", "head", "--sql", url=None).stdout

    assert printed.startswith("SET lock_timeout = '5000ms';\n\nSET statement_timeout = '0';\n")


@pytest.mark.parametrize("where", ["connection", "database"])
def test_the_limits_of_the_api_do_not_apply_to_an_upgrade(
    own_config: Config, migrated_database: Database, add_revision: Callable[..., str], where: str
) -> None:
    revision = add_revision("take_long", SLOW)
    if where == "database":
        with migrated_database.connect() as connection:
            connection.execute(f"ALTER DATABASE {migrated_database.name} SET statement_timeout = '200ms'")
    engine = engine_of(migrated_database, connect_args={"options": API_LIMITS} if where == "connection" else {})
    with engine.connect() as connection:
        own_config.attributes["connection"] = connection
        command.upgrade(own_config, "head")

    assert revision_of(migrated_database) == revision


def test_the_limits_of_the_api_do_not_apply_to_an_upgrade_in_its_transaction(
    own_config: Config, migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    revision = add_revision("take_long", SLOW)
    with engine_of(migrated_database, connect_args={"options": API_LIMITS}).begin() as connection:
        own_config.attributes["connection"] = connection
        command.upgrade(own_config, "head")

    assert revision_of(migrated_database) == revision


def test_the_limits_of_the_api_hold_again_afterwards(config: Config, migrated_database: Database) -> None:
    names = ("statement_timeout", "transaction_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    engine = engine_of(migrated_database, connect_args={"options": API_LIMITS})
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '1234ms'"))
        connection.commit()
        before = [connection.scalar(text(f"SHOW {name}")) for name in names]
        connection.rollback()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

        assert [connection.scalar(text(f"SHOW {name}")) for name in names] == before


def test_the_limits_of_the_api_hold_again_after_a_failure(
    own_config: Config, migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    add_revision("fail", "op.execute('SELECT 1 / 0')")
    with engine_of(migrated_database, connect_args={"options": API_LIMITS}).connect() as connection:
        own_config.attributes["connection"] = connection
        with pytest.raises(Exception, match="division by zero"):
            command.upgrade(own_config, "head")

        assert connection.scalar(text("SHOW statement_timeout")) == "200ms"


def test_a_failure_gives_the_advisory_lock_back(
    own_config: Config, migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    add_revision("fail", "op.execute('SELECT 1 / 0')")
    with engine_of(migrated_database).connect() as connection:
        own_config.attributes["connection"] = connection
        with pytest.raises(Exception, match="division by zero"):
            command.upgrade(own_config, "head")

        assert (
            connection.scalar(
                text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
            )
            == 0
        )


def test_a_caller_may_set_the_lock_timeout(
    own_config: Config, migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    add_revision(
        "see_lock_timeout", "op.execute(\"CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS value\")"
    )
    own_config.attributes.update(connection=engine_of(migrated_database), lock_timeout_ms=750)
    command.upgrade(own_config, "head")

    with migrated_database.connect() as connection:
        assert connection.execute("SELECT value FROM seen").fetchone() == ("750ms",)
