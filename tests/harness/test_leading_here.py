"""An env.py that connects elsewhere is told what leads it to the test database, by the settings that it reads; typed in, that does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Check = Callable[..., Any]
RUNS = """
with create_engine(url).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
BEGINS = "import os\nfrom alembic import context\nfrom sqlalchemy import URL, create_engine\n"
IN_PARTS = 'url = URL.create("postgresql+psycopg", username={user}, password={password}, host={host}, port={port}, database={name})\n'
SETTINGS = """
from pydantic_settings import BaseSettings
class Settings(BaseSettings):
    model_config = {"env_prefix": "SHOP_"}
    db_user: str = "shop"
    db_password: str = "shop"
    db_host: str = "127.0.0.1"
    db_port: int = 1
    db_name: str = "shop"
    db_echo: bool = False
    api_host: str = "127.0.0.1"
one = Settings()
"""
READ = {part: f'os.getenv("POSTGRES_{part.upper()}", "1")' for part in ("user", "password", "host", "port", "name")}
OF_SETTINGS = {part: f"one.db_{part}" for part in READ}


@pytest.mark.parametrize(
    ("env_py", "names"),
    [
        pytest.param(
            BEGINS + SETTINGS + IN_PARTS.format(**OF_SETTINGS) + RUNS,
            ["SHOP_DB_USER", "SHOP_DB_PASSWORD", "SHOP_DB_HOST", "SHOP_DB_PORT", "SHOP_DB_NAME"],
            id="settings with a prefix",
        ),
        pytest.param(
            BEGINS + IN_PARTS.format(**READ) + RUNS,
            ["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_NAME"],
            id="variables with defaults",
        ),
        pytest.param(
            BEGINS + 'url = os.environ.get("SHOP_DATABASE_URL", "postgresql+psycopg://shop@127.0.0.1:1/shop")\n' + RUNS,
            ["SHOP_DATABASE_URL"],
            id="a URL, beside which no part is of use",
        ),
    ],
)
def test_the_variables_that_lead_elsewhere_are_named_and_typed_in_they_lead_here(
    env_py: str, names: list[str], example: Callable[..., Path], command_line: Check, tmp_path: Path
) -> None:
    project = example(edits={"env.py": env_py})

    ended = command_line("check", "--alembic", project / "alembic.ini", "--only", "graph", "--only", "upgrade")

    assert ended.code == 2
    fix = re.search(r"set (environment = \{.*?\"\}) in \[tool\.pgharness\]", ended.err)
    assert fix is not None, ended.err
    assert re.findall(r"(\w+) = \"", fix[1]) == names
    written = tmp_path / "pyproject.toml"
    written.write_text(f'[tool.pgharness]\nalembic = "{project / "alembic.ini"}"\n{fix[1]}\n', encoding="utf-8")
    mended = command_line("check", "--config", written, "--only", "graph", "--only", "upgrade")
    assert mended.code == 0, mended.err + mended.out


def test_without_a_variable_oslo_config_is_led_by_a_function_of_the_projects(
    example: Callable[..., Path], command_line: Check
) -> None:
    env_py = BEGINS + "import oslo_config\nurl = 'postgresql+psycopg://shop@127.0.0.1:1/shop'\n" + RUNS
    project = example(edits={"env.py": env_py, "oslo_config.py": ""})

    ended = command_line("check", "--alembic", project / "alembic.ini", "--only", "upgrade")

    assert ended.code == 2
    assert 'cfg.CONF.set_override("connection", url, "database")' in ended.err
