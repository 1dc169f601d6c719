"""Projects that make their configuration in code, or choose in env.py what others write into the ini, are judged as they are."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from pgharness.chain.conversation import Conversation
from pgharness.chain.lock_waits import LockWaits
from pgharness.chain.project import open_project
from pgharness.databases import Database
from pgharness.findings import CannotRun
from pgharness.report.model import Report
from pgharness.running import Run, plan_run, run_on
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import table
from tests.harness.conftest import EXAMPLES

MAKES = """
from pathlib import Path
from alembic.config import Config

def make({parameters}):
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["shop"] = "the code's own"
    return config
"""
# Only who gets the attribute runs on; `tenants` are its folders of revisions, which env.py chooses.
ENV = """
import {imports}
from alembic import context
from sqlalchemy import create_engine

{before}
def migrate():
    with create_engine({url}).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()

{run}
"""
URL = 'context.config.get_main_option("sqlalchemy.url")'


@pytest.fixture
def judge_project(example: Callable[..., Path], pg_server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Judge the sound example with edits, from its own folder, with the settings of its pyproject.toml."""

    def judge(edits: Any, toml: str, **options: Any) -> Report:
        monkeypatch.chdir(example(edits={**edits, "pyproject.toml": f"[tool.pgharness]\n{toml}"}))
        settings = load_settings(None, **{"only": ("graph", "upgrade"), **options})
        return run_on(pg_server, plan_run(settings), started=perf_counter()).report

    return judge


@pytest.mark.parametrize("parameters", ["", "url, folder=None"], ids=["no argument", "the URL"])
def test_a_function_may_make_the_configuration_with(parameters: str, judge_project: Callable[..., Report]) -> None:
    env = ENV.format(imports="os", before="assert context.config.attributes['shop']", url=URL, run="migrate()")

    report = judge_project(
        {"makes.py": MAKES.format(parameters=parameters), "env.py": env, "alembic.ini": None},
        'make_config = "makes:make"',
    )

    assert report.findings == ()
    assert len(report.reached) == 3


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("makes:missing", "AttributeError: module 'makes' has no attribute 'missing'"),
        ("absent:make", "ModuleNotFoundError: No module named 'absent'"),
        ("pathlib:Path.cwd", "it gave a PosixPath"),
    ],
)
def test_a_configuration_that_cannot_be_made_is_told_with(
    name: str, seen: str, judge_project: Callable[..., Report]
) -> None:
    with pytest.raises(CannotRun) as refused:
        judge_project({"makes.py": MAKES.format(parameters="")}, f'make_config = "{name}"')

    assert refused.value.seen == seen
    assert "the function returns an alembic.config.Config" in refused.value.mend


def test_the_folder_that_holds_env_py_is_enough_where_there_is_no_ini(judge_project: Callable[..., Report]) -> None:
    env = ENV.format(imports="os", before="", url=URL, run="migrate()")

    report = judge_project({"alembic.ini": None, "env.py": env}, 'alembic = "."')

    assert report.findings == ()
    assert len(report.reached) == 3


@pytest.mark.parametrize(
    "run",
    ["migrate()", "if context.is_offline_mode():\n    raise SystemExit('only online')\nmigrate()"],
    ids=["in both modes", "online alone"],
)
def test_env_py_may_choose_the_folder_of_its_revisions_while_it_runs(
    run: str, judge_project: Callable[..., Report]
) -> None:
    chooses = "context.script.version_locations = [os.path.join(os.path.dirname(__file__), 'chosen')]"
    files = {
        f"chosen/{file.name}": file.read_text(encoding="utf-8") for file in (EXAMPLES / "sound").glob("versions/*.py")
    }
    gone = {f"versions/{name.partition('/')[2]}": None for name in files}
    env = ENV.format(imports="os", before=chooses, url=URL, run=run)

    report = judge_project({**files, **gone, "env.py": env}, "")

    assert report.findings == ()
    assert len(report.reached) == 3


def test_a_package_that_holds_env_py_and_reads_the_variables_gets_those_of_the_run(
    judge_project: Callable[..., Report],
) -> None:
    package = "import os\nurl = os.environ['SHOP_URL']\n"
    env = ENV.format(imports="shop_of_ours", before="", url="shop_of_ours.url", run="migrate()")
    ini = "[alembic]\nscript_location = shop_of_ours:migrations\nprepend_sys_path = .\nversion_locations = %(here)s/versions\npath_separator = os\n"

    report = judge_project(
        {"shop_of_ours/__init__.py": package, "shop_of_ours/migrations/env.py": env, "alembic.ini": ini},
        'environment = { SHOP_URL = "{url}" }',
    )

    assert report.findings == ()


def test_an_env_py_may_ask_for_the_loop_of_the_thread_in_which_its_program_runs_it(
    judge_project: Callable[..., Report],
) -> None:
    waits = "async def wait():\n    migrate()\n\nanyio.from_thread.run(wait)"
    env = ENV.format(imports="anyio.from_thread", before="", url=URL, run=waits)

    assert judge_project({"env.py": env}, "").findings == ()


IMPORTED = """
import os
from pathlib import Path

with open(Path(__file__).with_name("imports.log"), "a") as log:
    print(os.getpid(), file=log)
os.environ["SHOP_IS_IMPORTED"] = "1"
url = os.environ["SHOP_URL"]
"""


@pytest.mark.parametrize(
    ("before", "fewest", "most"),
    [
        pytest.param("", 2, 6, id="once for most runs, also where they read the URL and set a variable"),
        pytest.param(
            "os.environ['SHOP_MADE'] = context.config.get_main_option('sqlalchemy.url')",
            8,
            99,
            id="in each run where env.py sets one",
        ),
        pytest.param(
            "psycopg.connect(shop_imported.url.replace('+psycopg', '')).close()",
            8,
            99,
            id="in each run where SQLAlchemy does not connect",
        ),
    ],
)
def test_modules_of_the_project_are_imported(
    before: str, fewest: int, most: int, judge_project: Callable[..., Report]
) -> None:
    env = ENV.format(imports="os, psycopg, shop_imported", before=before, url="shop_imported.url", run="migrate()")

    report = judge_project(
        {"shop_imported.py": IMPORTED, "env.py": env},
        'environment = { SHOP_URL = "{url}" }',
        only=("modes",),
        modes_budget=20,
    )

    assert report.findings == ()
    assert fewest <= len(Path("imports.log").read_text(encoding="utf-8").splitlines()) <= most


SETS = "import os, uuid\nos.environ['SHOP_SESSION'] = uuid.uuid4().hex\n"


@pytest.mark.parametrize(
    ("at_import", "in_make", "fewest", "most"),
    [
        pytest.param(SETS, "", 2, 6, id="once for most runs where a module sets it"),
        pytest.param("", SETS, 8, 99, id="in each run where the function sets it"),
    ],
)
def test_with_a_variable_that_is_another_each_time_before_env_py_runs_modules_are_imported(
    at_import: str, in_make: str, fewest: int, most: int, judge_project: Callable[..., Report]
) -> None:
    makes = MAKES.format(parameters="").replace(
        "    config = Config()", "".join(f"    {one}\n" for one in in_make.splitlines()) + "    config = Config()"
    )
    env = ENV.format(imports="shop_imported", before="", url="shop_imported.url", run="migrate()")

    report = judge_project(
        {"makes.py": f"import shop_imported\n{makes}", "shop_imported.py": IMPORTED + at_import, "env.py": env},
        'make_config = "makes:make"\nenvironment = { SHOP_URL = "{url}" }',
        only=("modes",),
        modes_budget=20,
    )

    assert report.findings == ()
    assert fewest <= len(Path("imports.log").read_text(encoding="utf-8").splitlines()) <= most


CIRCLE = {
    "shop_parts/__init__.py": "",
    "shop_parts/whole.py": "from shop_parts import part\nPART = part.Part()\n",
    "shop_parts/part.py": "import shop_parts.whole\nclass Part: pass\n",
}
PUTS_IN_PLACE = (
    "import sys\nfrom importlib.machinery import ModuleSpec\nfrom importlib.util import module_from_spec\n"
    "sys.modules['shop_patched'] = module_from_spec(ModuleSpec('shop_patched', None))\n"
)


@pytest.mark.parametrize(
    "at_import",
    [
        pytest.param("import shop_parts.whole\n", id="a circle that can be entered at one module alone"),
        pytest.param(PUTS_IN_PLACE, id="a module that is put in its place and cannot be found"),
    ],
)
def test_modules_are_imported_once_for_most_runs_whatever_they_import_and_patch(
    at_import: str, judge_project: Callable[..., Report]
) -> None:
    env = ENV.format(imports="shop_imported", before="", url="shop_imported.url", run="migrate()")

    report = judge_project(
        {**CIRCLE, "shop_imported.py": at_import + IMPORTED, "env.py": env},
        'environment = { SHOP_URL = "{url}" }',
        only=("modes",),
        modes_budget=20,
    )

    assert report.findings == ()
    assert 2 <= len(Path("imports.log").read_text(encoding="utf-8").splitlines()) <= 6


@pytest.mark.parametrize(
    "at_import", ["", "import os\nos.environ['SHOP_MODE'] = 'on'\n"], ids=["", "env.py's modules set a variable"]
)
def test_what_revisions_import_is_imported_once_for_most_runs(
    at_import: str, judge_project: Callable[..., Report]
) -> None:
    env = ENV.format(imports="shop_settings", before="", url="shop_settings.url", run="migrate()")

    report = judge_project(
        {
            "shop_settings.py": at_import + "import os\nurl = os.environ['SHOP_URL']\n",
            "shop_imported.py": IMPORTED.replace('os.environ["SHOP_IS_IMPORTED"] = "1"', ""),
            "env.py": env,
            "versions/0002_add_book.py": ("import sqlalchemy as sa", "import shop_imported\nimport sqlalchemy as sa"),
        },
        'environment = { SHOP_URL = "{url}" }',
        only=("modes",),
        modes_budget=20,
    )

    assert report.findings == ()
    assert 2 <= len(Path("imports.log").read_text(encoding="utf-8").splitlines()) <= 6


def test_a_run_that_began_before_another_had_the_modules_imported_ahead_goes_on(
    example: Callable[..., Path], empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = ENV.format(imports="shop_imported", before="", url="shop_imported.url", run="migrate()")
    toml = "[tool.pgharness]\nenvironment = { SHOP_URL = '{url}' }"
    monkeypatch.chdir(example(edits={"shop_imported.py": IMPORTED, "env.py": env, "pyproject.toml": toml}))
    project = open_project(load_settings(None))
    task = project.task("converse", empty_database)

    with (
        project.runs.agent,
        LockWaits(empty_database) as waits,
        project.runs.child(task) as first,
        project.runs.child(task) as second,
    ):
        Conversation(project, first, waits)
        Conversation(project, second, waits)
        with project.runs.child(task) as third:
            Conversation(project, third, waits)

    assert (
        len(Path("imports.log").read_text(encoding="utf-8").splitlines()) == 3
    )  # two of them, and one for all that come


TAKES_A_CONNECTION = """
from alembic import context

connection = context.config.attributes["connection"]
assert connection.get_execution_options()["shelf"] == "the program's own"
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""


def _making(connection: str) -> str:
    return "from sqlalchemy import create_engine\n" + MAKES.format(parameters="url").replace(
        "    return config", f'    config.attributes["connection"] = {connection}\n    return config'
    )


def test_an_engine_where_env_py_takes_a_connection_is_connected_when_it_runs(
    judge_project: Callable[..., Report],
) -> None:
    engine = 'create_engine(url).execution_options(shelf="the program\'s own")'

    report = judge_project(
        {"makes.py": _making(engine), "env.py": TAKES_A_CONNECTION, "alembic.ini": None}, 'make_config = "makes:make"'
    )

    assert report.findings == ()
    assert len(report.reached) == 3


def test_a_function_that_connects_before_there_is_a_database_is_told_to_give_the_engine(
    judge_project: Callable[..., Report],
) -> None:
    makes = _making("create_engine(url).connect()")

    with pytest.raises(CannotRun, match=r"put the engine into its place, config\.attributes"):
        judge_project(
            {"makes.py": makes, "env.py": TAKES_A_CONNECTION, "alembic.ini": None}, 'make_config = "makes:make"'
        )


# As a factory of Flask's does that reads settings from its database, and pushes its context.
PROGRAM = """
from sqlalchemy import create_engine, text

pushed = []


def create_app(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    pushed.append(engine)
"""
ASKS_THE_PROGRAM = """
import program
from alembic import context

with program.pushed[-1].connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_a_function_whose_program_connects_while_it_is_made_is_told_which_line_env_py_is_to_run(
    judge_project: Callable[..., Report],
) -> None:
    makes = "import program\n" + MAKES.format(parameters="url").replace(
        "    return config", "    program.create_app(url)\n    return config"
    )
    edits = {"program.py": PROGRAM, "env.py": ASKS_THE_PROGRAM, "alembic.ini": None}
    toml = 'make_config = "makes:make"'

    with pytest.raises(CannotRun) as told:
        judge_project({**edits, "makes.py": makes}, toml)
    found = re.search(r"take line (\d+) of \S+makes\.py, `program\.create_app\(url\)`", told.value.mend)
    typed = re.search(r"by the URL of its variables: `([^`]+)`", told.value.mend)

    assert found is not None
    assert typed is not None
    shutil.rmtree(Path.cwd())
    lines = makes.splitlines()
    del lines[int(found[1]) - 1]
    env = ASKS_THE_PROGRAM.replace("import context\n", f"import context\n{typed[1]}\n")
    report = judge_project({**edits, "makes.py": "\n".join(lines), "env.py": env}, toml)
    assert report.findings == ()
    assert len(report.reached) == 3


BY_COMMAND = """
command = context.config.cmd_opts
url = dict(one.split("=", 1) for one in context.get_x_argument())["shop_url"]
assert command.cmd[0].__name__ == "upgrade"
assert command.revision in {revisions}
"""


@pytest.mark.parametrize(
    ("toml", "revisions"), [("", ("head",)), ('heads = ["0003"]', ("0003",))], ids=["the head", "a head that is chosen"]
)
def test_an_env_py_that_reads_its_command_finds_the_database_and_the_revision_in_it(
    toml: str, revisions: tuple[str, ...], judge_project: Callable[..., Report]
) -> None:
    env = ENV.format(imports="os", before=BY_COMMAND.format(revisions=revisions), url="url", run="migrate()")

    report = judge_project({"env.py": env}, f'x = ["shop_url={{url}}", "plain={{}}"]\n{toml}')

    assert report.findings == ()
    assert len(report.reached) == 3


ASYNCHRONOUS = """
import asyncio
from alembic import context

def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def run(engine):
    async with engine.connect() as connection:
        await connection.run_sync(migrate)

asyncio.run(run(context.config.attributes["connection"]))
"""


def test_an_env_py_that_takes_an_asynchronous_engine_is_given_one(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(table("seat", "id int PRIMARY KEY"), only=("upgrade", "roundtrip"), env=ASYNCHRONOUS)

    assert run.report.findings == ()
    assert run.record.revisions[0].upgrade.failure is None


KEPT_IN_AN_OBJECT = """
import asyncio
from alembic import context

class Database:
    connection = None

def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def run(database):
    database.connection = context.config.attributes["connection"]
    await database.connection.run_sync(migrate)
    await database.connection.commit()

asyncio.run(run(Database()))
"""


def test_an_env_py_that_takes_an_asynchronous_connection_is_given_one(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(table("seat", "id int PRIMARY KEY"), only=("upgrade", "roundtrip"), env=KEPT_IN_AN_OBJECT)

    assert run.report.findings == ()
    assert run.record.revisions[0].upgrade.failure is None


def test_one_that_asks_a_plain_connection_for_what_none_has_is_told_its_own_error(
    judge_chain: Callable[..., Run],
) -> None:
    env = KEPT_IN_AN_OBJECT.replace(".run_sync(migrate)", ".no_such_method(migrate)")

    with pytest.raises(CannotRun, match="no_such_method"):
        judge_chain(table("seat", "id int PRIMARY KEY"), only=("upgrade",), env=env)
