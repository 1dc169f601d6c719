from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flowforge_schema import cli
from flowforge_schema.health import known_revisions
from flowforge_schema.migrate import Patience
from flowforge_schema.seed import Volume
from flowforge_schema.settings import ENVIRONMENT_PREFIX
from pgharness.databases import Database

HEAD = known_revisions()[-1]
COMMANDS = ("upgrade", "downgrade", "current", "check", "seed", "distribute", "undistribute", "settings")
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line on a database, or on none."""

    def run(*arguments: str, on: Database | str | None = None, **options: Any) -> Any:
        for name in [name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)]:
            monkeypatch.delenv(name)
        if on is not None:
            url = on if isinstance(on, str) else on.url.render_as_string(hide_password=False)
            monkeypatch.setenv(f"{ENVIRONMENT_PREFIX}URL", url)
        return CliRunner().invoke(cli.app, arguments, **options)

    return run


@pytest.fixture
def production(migrated_database: Database) -> Database:
    """Return a database that says it is production."""
    with migrated_database.connect() as connection:
        connection.execute(f"ALTER DATABASE {migrated_database.name} SET flowforge.environment = 'production'")
    return migrated_database


def test_upgrade_tells_each_revision_and_where_it_ends(run: Run, empty_database: Database) -> None:
    done = run("upgrade", on=empty_database)

    assert done.stdout.splitlines() == [*(f"up to {revision}" for revision in known_revisions()), f"at {HEAD}"]


def test_upgrade_may_be_run_again(run: Run, migrated_database: Database) -> None:
    done = run("upgrade", on=migrated_database)

    assert (done.exit_code, done.stdout) == (0, f"at {HEAD}\n")


def test_upgrade_to_a_revision_that_there_is_not_exits_with_2(run: Run, migrated_database: Database) -> None:
    done = run("upgrade", "0099_nothing", on=migrated_database)

    assert (done.exit_code, "  seen: the chain has 0001_" in done.stderr) == (2, True)


def test_current_shows_the_head(run: Run, migrated_database: Database) -> None:
    assert run("current", on=migrated_database).stdout == f"{HEAD} (head)\n"


def test_current_shows_what_is_pending(run: Run, empty_database: Database) -> None:
    done = run("current", on=empty_database)

    assert done.stdout.splitlines() == ["base", *(f"pending: {revision}" for revision in known_revisions())]


def test_check_of_a_migrated_database_exits_with_0(run: Run, migrated_database: Database) -> None:
    assert run("check", on=migrated_database).exit_code == 0


def test_check_of_an_old_database_exits_with_1_and_names_what_is_missing(run: Run, empty_database: Database) -> None:
    done = run("check", on=empty_database)

    assert (done.exit_code, f"revision {HEAD} has not been run" in done.stdout) == (1, True)


def test_downgrade_of_a_development_database_asks_nothing(run: Run, migrated_database: Database) -> None:
    done = run("downgrade", "-1", on=migrated_database)

    assert (done.exit_code, done.stdout) == (0, f"back from {HEAD}\nat {known_revisions()[-2]}\n")


def test_downgrade_of_production_without_its_name_changes_nothing(run: Run, production: Database) -> None:
    done = run("downgrade", "base", on=production)

    assert (done.exit_code, run("current", on=production).stdout) == (2, f"{HEAD} (head)\n")


def test_downgrade_of_production_says_what_to_type(run: Run, production: Database) -> None:
    done = run("downgrade", "base", on=production)

    assert f"fix: flowforge-schema downgrade base --confirm {production.name}" in done.stderr


def test_downgrade_of_production_by_another_name_changes_nothing(run: Run, production: Database) -> None:
    done = run("downgrade", "base", "--confirm", "flowforge", on=production)

    assert (done.exit_code, "'flowforge' is not its name" in done.stderr) == (2, True)


def test_downgrade_of_production_goes_on_when_it_is_named(run: Run, production: Database) -> None:
    done = run("downgrade", "-1", "--confirm", production.name, on=production)

    assert done.exit_code == 0, done.stderr


def test_seed_says_how_many_rows_it_added(run: Run, migrated_database: Database) -> None:
    done = run("seed", on=migrated_database)

    assert done.stdout.startswith("users: 5 added\napi_keys: 4 added\nworkflows: 6 added\n")


def test_seed_twice_adds_nothing(run: Run, migrated_database: Database) -> None:
    run("seed", on=migrated_database)

    done = run("seed", on=migrated_database)

    assert [line.split()[1] for line in done.stdout.splitlines()[:7]] == ["0"] * 7


def test_seed_of_production_is_refused(run: Run, production: Database) -> None:
    done = run("seed", on=production)

    assert (done.exit_code, "looks like production" in done.stderr) == (2, True)


def test_seed_with_a_scale_is_refused_in_production_too(run: Run, production: Database) -> None:
    run("seed", "--scale", "runs=10", on=production)

    with production.connect() as connection:
        assert connection.execute("SELECT count(*) FROM workflow_runs").fetchone() == (0,)


def test_seed_of_production_may_be_forced(run: Run, production: Database) -> None:
    assert run("seed", "--force", on=production).exit_code == 0


def test_seed_of_an_old_schema_says_what_to_type(run: Run, empty_database: Database) -> None:
    done = run("seed", on=empty_database)

    assert (done.exit_code, "fix: flowforge-schema upgrade" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "check", "seed"])
def test_a_database_ahead_of_this_release_exits_with_2(
    run: Run, future_database: Database, command: str, future_revision: str
) -> None:
    done = run(command, *(["base"] if command == "downgrade" else []), on=future_database)

    assert (done.exit_code, f"at {future_revision}, which this release does not know: it is ahead" in done.stderr) == (
        2,
        True,
    )
    assert "fix: use the release that made it, or a later one" in done.stderr


def test_current_says_that_a_database_is_ahead_of_this_release(
    run: Run, future_database: Database, future_revision: str
) -> None:
    done = run("current", on=future_database)

    assert done.stdout == f"{future_revision} (ahead of this release, whose last is {HEAD})\n"


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "current", "check", "seed"])
def test_a_role_without_rights_exits_with_2(run: Run, migrated_database: Database, command: str) -> None:
    url = migrated_database.url.update_query_dict({"options": "-c role=pg_monitor"})
    done = run(
        command,
        *(["base"] if command == "downgrade" else []),
        on=url.render_as_string(hide_password=False),
    )

    assert (done.exit_code, "seen: SQLSTATE 42501: permission denied for table" in done.stderr) == (2, True)


def test_seed_makes_a_volume_and_tells_its_pace(run: Run, migrated_database: Database) -> None:
    done = run("seed", "--scale", "runs=300,workflows=20,users=5", on=migrated_database)

    assert " rows in " in done.stdout.splitlines()[-1], done.stderr
    with migrated_database.connect() as connection:
        assert connection.execute("SELECT count(*) >= 300 FROM workflow_runs").fetchone() == (True,)


def test_an_interrupted_seed_says_how_to_go_on(
    run: Run, migrated_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_arguments: object, **_options: object) -> Volume:
        raise KeyboardInterrupt

    monkeypatch.setattr("flowforge_schema.seed.make_volume", interrupted)
    done = run("seed", "--scale", "runs=300", on=migrated_database)

    assert (done.exit_code, "the same command goes on from there" in done.stderr) == (130, True)


def test_a_scale_that_is_none_is_refused_with_an_example(run: Run) -> None:
    done = run("seed", "--scale", "runs=many", on="postgresql://localhost/flowforge")

    assert (done.exit_code, "write runs=1000000" in done.stderr) == (2, True)


def test_settings_shows_what_the_environment_sets(run: Run) -> None:
    done = run("settings", on="postgresql://localhost/flowforge")

    assert "FLOWFORGE_DB_URL=postgresql+psycopg://localhost/flowforge  (set)" in done.stdout
    assert "FLOWFORGE_DB_POOL_SIZE=5  (default)" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://flowforge:hush-hush@127.0.0.1:1/flowforge",
        "postgresql://flowforge@127.0.0.1:1/flowforge?password=hush-hush",
        "postgresql://flowforge@127.0.0.1:1/flowforge?sslpassword=hush-hush",
        "mysql://flowforge:hush-hush@127.0.0.1:1/flowforge",
        "hush-hush",
    ],
)
def test_no_command_prints_a_password(run: Run, command: str, url: str) -> None:
    done = run(command, *(["base"] if command == "downgrade" else []), on=url)

    assert "hush" not in done.output + str(done.exception)
    assert done.output


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "settings"])
def test_a_database_that_cannot_be_reached_exits_with_2_and_a_mend(run: Run, command: str) -> None:
    done = run(command, *(["base"] if command == "downgrade" else []), on="postgresql://127.0.0.1:1/flowforge")

    assert (done.exit_code, "fix: start the server" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_url_every_command_says_what_to_export(run: Run, command: str) -> None:
    done = run(command, *(["base"] if command == "downgrade" else []))

    assert (done.exit_code, "export FLOWFORGE_DB_URL=postgresql+psycopg://" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    done = run(command, "--help")

    assert (done.exit_code, len(done.stdout.splitlines()) > 5) == (0, True)


def test_the_help_names_the_variable_and_the_exit_codes(run: Run) -> None:
    done = run("--help").stdout

    assert "FLOWFORGE_DB_URL=postgresql+psycopg://" in done
    assert "Exit codes: 0 done; 1 the check found something; 2 could not be done" in done


HEAVY = (
    "importlib.metadata",
    "sqlalchemy",
    "alembic",
    "psycopg",
    "pydantic",
    "pydantic_settings",
    "fastapi",
    "rich",
    "tenacity",
)


def test_the_help_waits_for_no_library_but_typer() -> None:
    code = f"import sys, flowforge_schema.cli; print([name for name in {HEAVY} if name in sys.modules])"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_defaults_of_the_command_line_are_those_of_the_library() -> None:
    assert Patience() == Patience(lock_timeout_ms=cli.LOCK_TIMEOUT_MS, attempts=cli.ATTEMPTS)
    assert cli.ENVIRONMENT_PREFIX == ENVIRONMENT_PREFIX


def test_the_version_is_that_of_the_distribution(run: Run) -> None:
    done = run("--version")

    assert (done.exit_code, done.stdout) == (0, f"{version('flowforge-schema')}\n")


def test_the_program_is_installed_under_its_name(empty_database: Database) -> None:
    environment = {**os.environ, "FLOWFORGE_DB_URL": empty_database.url.render_as_string(hide_password=False)}
    program = Path(sys.executable).parent / "flowforge-schema"

    done = subprocess.run([program, "current"], env=environment, capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.startswith("base\npending: 0001_")
