"""Where env.py or what it imports fails, the fix names what is missing: the folder, the ini, the line, the variable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Check = Callable[..., Any]
GRAPH = ("--only", "graph")
REVISION = "versions/0003_add_country.py"
LOCATED = "[alembic]\nscript_location = {location}\nprepend_sys_path = {path}\n"


@pytest.fixture
def typed_elsewhere(
    example: Callable[..., Path], command_line: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Check:
    """Check an edited example in a folder that is not the project's."""

    def check(edits: Any, alembic: str = "alembic.ini") -> Any:
        project = example(edits=edits)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        return command_line("check", "--alembic", project / alembic, *GRAPH)

    return check


def test_a_relative_script_location_is_led_to_its_folder_from_wherever_the_command_is_typed(
    typed_elsewhere: Check, tmp_path: Path
) -> None:
    ended = typed_elsewhere({"alembic.ini": LOCATED.format(location="migrations", path="."), "migrations/env.py": ""})

    assert ended.code == 2
    assert f"fix: script_location = %(here)s/migrations, and prepend_sys_path = %(here)s in {tmp_path}" in ended.err
    assert f"or type it in {tmp_path / 'project'}" in ended.err


def test_a_script_location_of_the_inis_own_folder_is_led_there_too(typed_elsewhere: Check, tmp_path: Path) -> None:
    ended = typed_elsewhere({"alembic.ini": LOCATED.format(location=".", path="%(here)s")})

    assert ended.code == 2
    assert f"fix: script_location = %(here)s in {tmp_path}" in ended.err


def test_an_ini_that_names_no_folder_is_that_of_the_env_py_beside_it(typed_elsewhere: Check) -> None:
    ended = typed_elsewhere({"alembic.ini": "[alembic]\nprepend_sys_path = %(here)s\n"})

    assert ended.code == 0, ended.err


def test_a_location_that_is_nowhere_beside_the_ini_stays_the_readers(typed_elsewhere: Check) -> None:
    ended = typed_elsewhere({"alembic.ini": LOCATED.format(location="nowhere", path=".")})

    assert "fix: set script_location there to the folder that holds env.py" in ended.err


@pytest.mark.parametrize(
    ("edits", "where"),
    [
        pytest.param({"env.py": "import shelf\n", "shelf.py": ""}, "%(here)s", id="beside the ini, for env.py"),
        pytest.param({"env.py": "import shelf\n", "src/shelf/__init__.py": ""}, "%(here)s/src", id="in src"),
        pytest.param({REVISION: "import shelf\n", "shelf.py": ""}, "%(here)s", id="beside the ini, for a revision"),
    ],
)
def test_a_module_beside_the_ini_that_is_not_on_the_path_is_put_there(
    edits: Any, where: str, typed_elsewhere: Check
) -> None:
    ini = "[alembic]\nscript_location = %(here)s\nprepend_sys_path = .\n"

    ended = typed_elsewhere({"alembic.ini": ini, **edits})

    assert ended.code == 2
    assert f"prepend_sys_path = {where} in " in ended.err


def test_where_the_ini_puts_no_folder_on_the_path_typing_elsewhere_is_no_fix(typed_elsewhere: Check) -> None:
    ended = typed_elsewhere(
        {"alembic.ini": "[alembic]\nscript_location = %(here)s\n", "env.py": "import shelf\n", "shelf.py": ""}
    )

    assert "prepend_sys_path = %(here)s in " in ended.err
    assert "type it in" not in ended.err


def test_a_module_that_is_nowhere_is_to_be_installed(typed_elsewhere: Check) -> None:
    ended = typed_elsewhere({"env.py": "import no_such_shelf\n"})

    assert "install the package that is missing" in ended.err


def test_a_revision_that_asks_for_a_variable_is_given_it(typed_elsewhere: Check) -> None:
    ended = typed_elsewhere({REVISION: "raise SystemExit('SHELF_KEY is not set.')\n"})

    assert 'fix: set environment = {SHELF_KEY = "<value>"} in [tool.pgharness]' in ended.err


def test_an_error_without_words_is_told_by_its_line(typed_elsewhere: Check) -> None:
    ended = typed_elsewhere({"env.py": "shelf = None\nassert shelf\n"})

    assert "seen: AssertionError in line 2 of " in ended.err
    assert "env.py: assert shelf\n" in ended.err


@pytest.mark.parametrize("file", ["env.py", REVISION])
def test_what_a_program_sets_up_first_is_left_to_a_function_of_the_projects(file: str, typed_elsewhere: Check) -> None:
    options = "class NoSuchOptionError(Exception): pass\ndef option(name): raise NoSuchOptionError(f'no such option {name}')\n"
    ended = typed_elsewhere({file: "import options\noptions.option('database')\n", "options.py": options})

    assert "where it passes in your program alone, which sets up more before it runs the chain" in ended.err
    assert 'make_config = "module:function" in [tool.pgharness]' in ended.err


@pytest.mark.parametrize("file", ["env.py", REVISION])
def test_a_slip_of_the_pen_is_set_up_by_no_program(file: str, typed_elsewhere: Check) -> None:
    ended = typed_elsewhere({file: "import os\noptoins.option('database')\n"})

    assert "optoins" in ended.err
    assert "make_config" not in ended.err


READS_INI = "from logging.config import fileConfig\nfrom alembic import context\n\nfileConfig(context.config.config_file_name)\n"


def test_an_env_py_that_reads_the_ini_is_told_to_have_one(typed_elsewhere: Check, tmp_path: Path) -> None:
    ended = typed_elsewhere({"env.py": READS_INI}, alembic="")

    assert f"write one that has script_location = {tmp_path / 'project'} below [alembic]" in ended.err


CONNECTS = """\
import os
from alembic import context
from sqlalchemy import create_engine, make_url

url = make_url(os.environ["DATABASE_URL"])
with create_engine({url}, connect_args={arguments}).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.mark.parametrize(
    ("url", "arguments", "told"),
    [
        pytest.param("str(url)", "{}", "url.render_as_string(hide_password=False)", id="a password that str() hides"),
        pytest.param("url", '{"sslmode": "require"}', 'environment = {PGSSLMODE = "disable"}', id="encryption"),
        pytest.param("url.render_as_string(hide_password=False)", "{}", "", id="the URL as it is"),
        pytest.param(
            "url", '{"sslmode": os.environ.get("PGSSLMODE", "require")}', "", id="a variable that says not to encrypt"
        ),
    ],
)
def test_what_env_py_makes_of_the_url_is_told_where_the_server_refuses_it(
    url: str, arguments: str, told: str, example: Callable[..., Path], command_line: Check
) -> None:
    project = example(edits={"env.py": CONNECTS.format(url=url, arguments=arguments)})
    settings = '[tool.pgharness.environment]\nDATABASE_URL = "{url}"\nPGSSLMODE = "disable"\n'
    (project / "pyproject.toml").write_text(settings, encoding="utf-8")

    ended = command_line("check", "--alembic", project / "alembic.ini", "--server", "embedded", "--only", "upgrade")

    assert (ended.code, told in ended.err) == ((2, True) if told else (0, True)), ended.err
