from __future__ import annotations

import os
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy.engine import make_url

from flowforge_schema import ConfigurationError, Database, DatabaseSettings
from flowforge_schema.settings import parse_url

URL = "postgresql+psycopg://ada:s3cret@localhost:5432/flowforge"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Begin with none of our variables."""
    for name in [name for name in os.environ if name.startswith("FLOWFORGE_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def settings(**values: Any) -> DatabaseSettings:
    return DatabaseSettings(**{"url": SecretStr(URL), **values})


def test_settings_come_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FLOWFORGE_DB_URL", URL)
    environment.setenv("FLOWFORGE_DB_POOL_SIZE", "7")
    environment.setenv("FLOWFORGE_DB_THROUGH_PGBOUNCER", "true")

    loaded = DatabaseSettings.load()

    assert (loaded.primary_url.host, loaded.pool_size, loaded.through_pgbouncer) == ("localhost", 7, True)


def test_an_empty_variable_counts_as_not_set(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FLOWFORGE_DB_URL", URL)
    environment.setenv("FLOWFORGE_DB_READ_URL", "")
    environment.setenv("FLOWFORGE_DB_POOL_SIZE", "")

    assert (DatabaseSettings.load().read_url, DatabaseSettings.load().pool_size) == (None, 5)


def test_a_database_without_arguments_reads_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FLOWFORGE_DB_URL", URL)

    assert Database().engine.url.database == "flowforge"


def test_the_pool_has_the_sizes_of_the_decision() -> None:
    made = settings()

    assert (made.pool_size, made.max_overflow, made.pool_timeout_s, made.pool_recycle_s) == (5, 5, 5.0, 1800)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pool_size", 0),
        ("pool_size", 101),
        ("max_overflow", -1),
        ("pool_timeout_s", 0),
        ("pool_timeout_s", float("nan")),
        ("pool_recycle_s", 0),
        ("idle_timeout_s", -1),
        ("connect_timeout_s", 1),
        ("statement_timeout_ms", 3_600_001),
        ("lock_timeout_ms", -1),
        ("application_name", ""),
        ("application_name", "a" * 64),
        ("application_name", "flow\nforge"),
    ],
)
def test_a_number_or_name_out_of_bounds_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        settings(**{name: value})


def test_a_lock_timeout_that_could_never_fire_is_refused() -> None:
    with pytest.raises(ValidationError, match="never fires"):
        settings(lock_timeout_ms=1000, statement_timeout_ms=1000)


def test_without_a_statement_timeout_any_lock_timeout_can_fire() -> None:
    assert settings(lock_timeout_ms=1000, statement_timeout_ms=0).lock_timeout_ms == 1000


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg_async"])
def test_a_url_by_any_of_its_usual_names_is_for_psycopg(scheme: str) -> None:
    assert parse_url(f"{scheme}://ada@localhost/flowforge").drivername == "postgresql+psycopg"


@pytest.mark.parametrize("url", ["postgresql+asyncpg://ada:s3cret@host/x", "mysql://ada:s3cret@host/x", "s3cret", ""])
def test_another_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError) as raised:
        settings(url=SecretStr(url))

    assert "write it as postgresql+psycopg://" in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_missing_url_names_its_variable_and_gives_an_example() -> None:
    with pytest.raises(ConfigurationError) as raised:
        DatabaseSettings.load()

    assert "seen: FLOWFORGE_DB_URL: Field required" in str(raised.value)
    assert "export FLOWFORGE_DB_URL=postgresql+psycopg://user:password@localhost:5432/flowforge" in str(raised.value)


def test_a_wrong_value_names_its_variable_and_is_not_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FLOWFORGE_DB_URL", "s3cret")
    environment.setenv("FLOWFORGE_DB_POOL_SIZE", "many")

    with pytest.raises(ConfigurationError) as raised:
        DatabaseSettings.load()

    assert "seen: FLOWFORGE_DB_POOL_SIZE: Input should be a valid integer" in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_pair_of_timeouts_is_refused_by_the_names_and_values_of_both(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FLOWFORGE_DB_URL", URL)
    environment.setenv("FLOWFORGE_DB_STATEMENT_TIMEOUT_MS", "3000")

    with pytest.raises(ConfigurationError) as raised:
        DatabaseSettings.load()

    assert str(raised.value).splitlines()[1:] == [
        "  seen: FLOWFORGE_DB_LOCK_TIMEOUT_MS=5000 is not below FLOWFORGE_DB_STATEMENT_TIMEOUT_MS=3000, so it never fires",
        "  fix: set both, such as: export FLOWFORGE_DB_STATEMENT_TIMEOUT_MS=3000 FLOWFORGE_DB_LOCK_TIMEOUT_MS=1000",
    ]


def test_the_mend_of_a_number_is_no_url(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FLOWFORGE_DB_URL", URL)
    environment.setenv("FLOWFORGE_DB_POOL_SIZE", "0")

    with pytest.raises(ConfigurationError) as raised:
        DatabaseSettings.load()

    assert str(raised.value).splitlines()[1:] == [
        "  seen: FLOWFORGE_DB_POOL_SIZE: Input should be greater than or equal to 1",
        "  fix: correct FLOWFORGE_DB_POOL_SIZE, or unset it: its default is 5",
    ]


def test_each_problem_has_its_mend(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FLOWFORGE_DB_READ_URL", "s3cret")
    environment.setenv("FLOWFORGE_DB_POOL_SIZE", "0")

    with pytest.raises(ConfigurationError) as raised:
        DatabaseSettings.load()

    assert [line for line in str(raised.value).splitlines() if line.startswith("  fix: ")] == [
        "  fix: export FLOWFORGE_DB_URL=postgresql+psycopg://user:password@localhost:5432/flowforge",
        "  fix: export FLOWFORGE_DB_READ_URL=postgresql+psycopg://user:password@localhost:5432/flowforge",
        "  fix: correct FLOWFORGE_DB_POOL_SIZE, or unset it: its default is 5",
    ]


@pytest.mark.parametrize("url", ["mysql://ada:s3cret@host/x", make_url("mysql://ada:s3cret@host/x"), "s3cret"])
def test_a_wrong_url_that_is_handed_over_is_a_wrong_configuration_too(url: Any) -> None:
    with pytest.raises(ConfigurationError, match="seen: the given URL ") as raised:
        Database(url)

    assert "fix: give one such as postgresql+psycopg://user:password@localhost:5432/flowforge" in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_misspelt_variables_are_looked_for_also_where_a_url_is_handed_over(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FLOWFORGE_DB_STATEMENT_TIMEOUT", "100")

    with pytest.raises(ConfigurationError, match="fix: export FLOWFORGE_DB_STATEMENT_TIMEOUT_MS instead"):
        Database(URL)


def test_a_url_that_is_handed_over_comes_before_the_environments(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FLOWFORGE_DB_URL", "postgresql://elsewhere/other")
    environment.setenv("FLOWFORGE_DB_POOL_SIZE", "7")

    loaded = DatabaseSettings.load(make_url(URL))

    assert (loaded.primary_url.render_as_string(hide_password=False), loaded.pool_size) == (URL, 7)


def test_a_misspelt_variable_is_refused_with_the_nearest_name(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FLOWFORGE_DB_URL", URL)
    environment.setenv("FLOWFORGE_DB_STATEMENT_TIMEOUT", "100")

    with pytest.raises(ConfigurationError, match="FLOWFORGE_DB_STATEMENT_TIMEOUT_MS is"):
        DatabaseSettings.load()


def test_a_variable_of_somebody_else_is_left_alone(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FLOWFORGE_DB_URL", URL)
    environment.setenv("FLOWFORGE_DB_BACKUP_BUCKET", "elsewhere")

    assert DatabaseSettings.load().pool_size == 5


@pytest.mark.parametrize("show", [repr, str, lambda made: made.model_dump_json(), lambda made: str(made.model_dump())])
def test_settings_never_show_the_password(show: Any) -> None:
    assert "s3cret" not in show(settings(read_url=SecretStr(URL)))


def test_a_database_never_shows_the_password() -> None:
    database = Database(URL)

    assert "s3cret" not in f"{database!r} {database.engine!r} {vars(database)!r}"


def test_settings_cannot_be_changed_after_they_were_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        settings().pool_size = 7  # type: ignore[misc]  # that it is refused is the claim


def test_every_number_has_its_unit_in_its_name_or_counts_connections() -> None:
    numbers = {name for name, field in DatabaseSettings.model_fields.items() if field.annotation in (int, float)}

    assert {name for name in numbers if not name.endswith(("_s", "_ms"))} == {"pool_size", "max_overflow"}


def test_a_password_with_an_at_sign_does_not_pass_for_a_host() -> None:
    with pytest.raises(ValueError, match="written %40") as raised:
        parse_url("postgresql://ada:s3c@ret@localhost/flowforge")

    assert "ret@" not in str(raised.value)
