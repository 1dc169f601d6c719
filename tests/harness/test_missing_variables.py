"""An env.py that asks for variables in vain is told which, with what the test database is to put into each."""

from __future__ import annotations

import os

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from pgharness.agent.missing_variables import missing_variables, variables_recipe


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="shop_")

    db_host: str
    db_port: int


def _read_environ() -> None:
    os.environ["SHOP_DB"]


def _read_environ_within() -> None:
    try:
        os.environ["DSN"]
    except KeyError as error:
        message = "no settings"
        raise RuntimeError(message) from error


def _say(error: type[BaseException], message: str) -> None:
    raise error(message)


@pytest.mark.parametrize(
    ("fails", "names"),
    [
        pytest.param(_Settings, ("SHOP_DB_HOST", "SHOP_DB_PORT"), id="pydantic-settings, with a prefix"),
        pytest.param(_read_environ, ("SHOP_DB",), id="os.environ"),
        pytest.param(_read_environ_within, ("DSN",), id="os.environ, told in other words"),
        pytest.param(
            lambda: _say(ValueError, "DATABASE_URL not found. Declare it as envvar or define a default value."),
            ("DATABASE_URL",),
            id="decouple",
        ),
        pytest.param(
            lambda: _say(KeyError, "Config 'DATABASE_URL' is missing, and has no default."),
            ("DATABASE_URL",),
            id="starlette",
        ),
        pytest.param(lambda: _say(SystemExit, "set DB_URL first"), ("DB_URL",), id="the project's own words"),
        pytest.param(
            lambda: _say(TypeError, "Expected string or URL object, got None"), ("SHOP_URL",), id="getenv() gave None"
        ),
        pytest.param(lambda: _say(KeyError, "formatters"), (), id="a key of something else"),
        pytest.param(
            lambda: _say(ImportError, "cannot import name 'MAX_ROWS' from 'shop'"), (), id="a constant of the code"
        ),
        pytest.param(lambda: _say(ValueError, "PATH is PGHARNESS_TEST_SET"), (), id="variables that are set"),
    ],
)
def test_the_variables_that_are_missing_are_found_and_nothing_else(
    fails: object, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHARNESS_TEST_SET", "1")
    with pytest.raises((Exception, SystemExit)) as caught:
        fails()  # type: ignore[operator]

    assert missing_variables(caught.value, 'create_engine(os.getenv("SHOP_URL"))') == names


def test_each_variable_is_given_the_part_of_the_url_that_its_name_tells() -> None:
    names = ("DB_HOST", "PGPORT", "DB_USERNAME", "DB_PASS", "POSTGRES_DB", "SQLALCHEMY_DATABASE_URI", "SECRET_KEY")

    assert variables_recipe(names) == (
        'set environment = {DB_HOST = "{host}", PGPORT = "{port}", DB_USERNAME = "{user}", DB_PASS = "{password}", '
        'POSTGRES_DB = "{database}", SQLALCHEMY_DATABASE_URI = "{url}", SECRET_KEY = "<value>"} in [tool.pgharness]'
    )
