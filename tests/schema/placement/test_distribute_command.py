"""`flowforge-schema distribute` and `undistribute` on a server without the extension: refused, and nothing is changed."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine, text
from typer.testing import CliRunner, Result

from flowforge_schema import DatabaseSettings, cli, migrate
from flowforge_schema.distribute import running
from flowforge_schema.distribute.refusing import DistributionError, refuse_other_revision
from flowforge_schema.placement import Plan
from pgharness.databases import Database


def run(database: Database, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setenv("FLOWFORGE_DB_URL", database.url.render_as_string(hide_password=False))
    return CliRunner().invoke(cli.app, arguments)


def test_a_database_without_the_extension_is_refused_with_what_to_type(
    migrated_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (["distribute"], ["distribute", "--plan"], ["undistribute"]):
        done = run(migrated_database, monkeypatch, *command)

        assert done.exit_code == 2
        assert "seen: it has no extension citus\n  fix: put citus into shared_preload_libraries" in done.stderr
    assert migrate.check(migrated_database.url) == ()


def test_a_plan_is_carried_out_whole_or_not_at_all_and_what_was_refused_is_told(migrated_database: Database) -> None:
    engine = create_engine(migrated_database.url, poolclass=NullPool)
    with (
        engine.connect() as connection,
        pytest.raises(
            DistributionError, match=r"Nothing was changed[\s\S]*seen: SQLSTATE 42P01[\s\S]*SELECT 1 FROM nowhere"
        ),
    ):
        running._carry_out(connection, Plan(("CREATE TABLE a ()", "SELECT 1 FROM nowhere"), (), 0), only_plan=False)
    with engine.connect() as connection:
        only_shown = running._carry_out(connection, Plan(("CREATE TABLE a ()",), (), 0), only_plan=True)
        assert connection.scalar(text("SELECT to_regclass('a')")) is None
        connection.rollback()
        done = running._carry_out(connection, Plan(("CREATE TABLE a ()",), ("VACUUM a",), 0), only_plan=False)
        assert connection.scalar(text("SELECT to_regclass('a')")) == "a"

    assert (only_shown.is_done, done.is_done) == (False, True)


def test_a_wait_that_is_too_long_is_refused_with_how_to_allow_it() -> None:
    with pytest.raises(DistributionError, match=r"about 90 s, and 60 s are allowed[\s\S]*--most-wait-s 180"):
        running._refuse_long_wait(Plan((), (), 90), 60)


def test_a_schema_of_another_revision_is_refused() -> None:
    behind = migrate.SchemaStatus("0001_a", "0002_b", ("0002_b",), (), is_known=True)

    with pytest.raises(DistributionError, match="at 0001_a, this release at 0002_b\n  fix: flowforge-schema upgrade"):
        refuse_other_revision(behind)


def test_through_pgbouncer_nothing_is_distributed(migrated_database: Database) -> None:
    settings = DatabaseSettings(url=migrated_database.url.render_as_string(hide_password=False), through_pgbouncer=True)

    with pytest.raises(migrate.MigrationError, match="FLOWFORGE_DB_THROUGH_PGBOUNCER"):
        running.distribute(settings)
