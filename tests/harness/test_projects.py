"""Projects of many shapes are judged as they are: their env.py, their configuration, their graph, their schemas."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from pgharness.chain import project as chain_project
from pgharness.chain.agent import Agent
from pgharness.chain.project import open_project
from pgharness.findings import Status
from pgharness.report.model import Report
from pgharness.report.places import relative_to
from pgharness.running import plan_run, run_on
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import table, write_chain
from tests.harness.conftest import SLOW

COUNTRY = "versions/0003_add_country.py"

SOUND_PROJECTS = [
    "a_baseline",
    "an_application_context",
    "an_async_env",
    "an_autocommit_block",
    "branches_that_merge",
    "configured_in_pyproject",
    "schemas_of_its_own",
]


@pytest.fixture
def judge_project(example: Callable[..., Path], pg_server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Judge an example as its own folder would be: with the settings of its pyproject.toml, if it has one."""

    def judge(name: str, edits: Any = None, **options: Any) -> Report:
        monkeypatch.chdir(example(name, edits))
        settings = load_settings(None, **{"skip": SLOW, **options})
        return run_on(pg_server, plan_run(settings), started=perf_counter()).report

    return judge


@pytest.mark.parametrize("name", SOUND_PROJECTS)
def test_a_sound_project_passes_every_check_at_every_revision(name: str, judge_project: Callable[..., Report]) -> None:
    report = judge_project(name, skip=())

    assert report.findings == ()
    assert report.reached == {revision.revision for revision in report.chain.revisions}
    assert {result.name for result in report.results if result.status is Status.PASSED} >= {
        "graph",
        "upgrade",
        "drift",
        "autogenerate",
        "roundtrip",
        "data",
        "leftovers",
        "enums",
    }


def test_an_async_env_py_runs_without_the_connection_it_is_given(judge_project: Callable[..., Report]) -> None:
    edits = {"env.py": ('given = config.attributes.get("connection")', "given = None")}

    assert judge_project("an_async_env", edits).findings == ()


def test_an_async_env_py_runs_where_our_own_process_runs_a_loop(judge_project: Callable[..., Report]) -> None:
    edits = {"env.py": ('given = config.attributes.get("connection")', "given = None")}

    async def run() -> Report:
        return judge_project("an_async_env", edits, only=("upgrade",))

    assert asyncio.run(run()).findings == ()


# Each is a whole env.py for the bookshop; what each relies on is its name.
ENVIRONMENTS = {
    "its connection is used where there is one": """
from alembic import context
from bookshop import Base

connection = context.config.attributes.get("connection")
context.configure(connection=connection, target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
""",
    "sqlalchemy.url alone": """
from alembic import context
from bookshop import Base
from sqlalchemy import engine_from_config

engine = engine_from_config(context.config.get_section("alembic"), prefix="sqlalchemy.")
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
""",
    "a transaction that is open already": """
from alembic import context
from bookshop import Base
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).begin() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    context.run_migrations()
""",
    "a connection that begins by itself": """
from alembic import context
from bookshop import Base
from sqlalchemy import text

connection = context.config.attributes["connection"]
connection.execute(text("SET lock_timeout = '1s'"))
connection.commit()
context.configure(connection=connection, target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
""",
    "several models": """
import sqlalchemy as sa
from alembic import context
from bookshop import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=[Base.metadata, sa.MetaData()])
with context.begin_transaction():
    context.run_migrations()
""",
    "logging of its own": """
import logging

from alembic import context
from bookshop import Base

logging.basicConfig(level=logging.DEBUG, force=True)
logging.getLogger("alembic").disabled = True
context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
""",
    "a warning": """
import warnings

from alembic import context
from bookshop import Base

warnings.warn("the bookshop is old", DeprecationWarning)
context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
""",
}


def test_the_version_table_may_have_a_name_that_needs_quotes(judge_example: Callable[..., Report]) -> None:
    edits = {"env.py": ("connection=connection,", 'connection=connection,\n    version_table="Schema_Version",')}

    assert judge_example(edits=edits).findings == ()


@pytest.mark.parametrize("text", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_an_env_py_may_rely_on(text: str, judge_example: Callable[..., Report]) -> None:
    report = judge_example(edits={"env.py": text}, skip=("roundtrip",))

    assert report.findings == ()
    assert {result.status for result in report.results if result.name in {"drift", "autogenerate"}} == {Status.PASSED}


def test_an_env_py_may_read_variables_of_its_own(
    judge_example: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_NAME", "production")
    text = """
import os
from alembic import context
from sqlalchemy import create_engine, URL

parts = {name: os.environ[f"SHOP_{name.upper()}"] for name in ("username", "password", "host", "database")}
url = URL.create("postgresql+psycopg", **parts, port=int(os.environ["SHOP_PORT"]))
with create_engine(url).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
    variables = {
        "SHOP_NAME": "{database}",
        "SHOP_DATABASE": "{database}",
        "SHOP_USERNAME": "{user}",
        "SHOP_PASSWORD": "{password}",
        "SHOP_HOST": "{host}",
        "SHOP_PORT": "{port}",
    }

    report = judge_example(edits={"env.py": text}, environment=variables, only=("graph", "upgrade"))

    assert report.findings == ()


@pytest.mark.parametrize(
    ("encoding", "cookie"), [("utf-8-sig", ""), ("latin-1", "# -*- coding: latin-1 -*-\n")], ids=["a mark", "a cookie"]
)
def test_a_revision_may_say_its_encoding_by(
    encoding: str, cookie: str, example: Callable[..., Path], pg_server: Server
) -> None:
    project = example()
    file = project / COUNTRY
    text = file.read_text(encoding="utf-8").replace("Say where", "Día: say where")
    file.write_text(cookie + text, encoding=encoding)
    settings = load_settings(None, alembic=project / "alembic.ini", only=("graph",))

    assert run_on(pg_server, plan_run(settings), started=perf_counter()).report.findings == ()


def test_the_variables_are_as_before_when_env_py_has_run(
    judge_example: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setenv("SHOP_NAME", "production")
    before = dict(os.environ)

    judge_example(environment={"SHOP_NAME": "{database}", "SHOP_PORT": "{port}"}, only=("graph",))

    assert dict(os.environ) == before


def test_without_models_what_needs_them_is_skipped_and_says_so(judge_example: Callable[..., Report]) -> None:
    report = judge_example(edits={"env.py": ("target_metadata=Base.metadata", "target_metadata=None")})

    skipped = {result.name: result.reason for result in report.results if result.status is Status.SKIPPED}
    assert report.findings == ()
    assert skipped["drift"].startswith("no models: set metadata = ")
    assert skipped["enums"] == skipped["drift"]
    assert skipped["autogenerate"] == (
        "no models: give them in env.py, context.configure(…, target_metadata=Base.metadata)"
    )


def test_models_named_in_the_settings_stand_in_for_those_of_env_py(
    example: Callable[..., Path], pg_server: Server
) -> None:
    project = example(edits={"env.py": ("target_metadata=Base.metadata", "target_metadata=None")})
    (models,) = project.glob("bookshop_*.py")
    settings = load_settings(None, alembic=project / "alembic.ini", metadata=f"{models.stem}:Base", only=("drift",))

    report = run_on(pg_server, plan_run(settings), started=perf_counter()).report

    assert {result.status for result in report.results} == {Status.PASSED}


def test_a_chain_of_several_bases_and_heads_is_walked_whole(judge_example: Callable[..., Report]) -> None:
    apart = 'revision = "0009"\ndown_revision = None\n\nfrom alembic import op\n\n\ndef upgrade():\n    op.execute("CREATE TABLE apart ()")\n\n\ndef downgrade():\n    op.execute("DROP TABLE apart")\n'

    report = judge_example(edits={"versions/0009_apart.py": apart}, only=("graph", "roundtrip"))

    assert report.reached == {"0001", "0002", "0003", "0009"}
    assert {finding.subject for finding in report.findings} == {"heads of the chain", "bases of the chain"}


def test_a_statement_that_waits_for_itself_is_ended(
    judge_example: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_project, "STATEMENT_LIMIT", "-c statement_timeout=200ms")
    edits = {COUNTRY: ("def upgrade():", "def upgrade():\n    op.execute('SELECT pg_sleep(30)')")}

    (finding,) = judge_example(edits=edits, only=("upgrade",)).findings

    assert "QueryCanceled (SQLSTATE 57014)" in finding.message


def test_a_project_may_be_judged_twice_in_one_process(example: Callable[..., Path], pg_server: Server) -> None:
    settings = load_settings(None, alembic=example() / "alembic.ini", only=("graph", "roundtrip"))

    reports = [run_on(pg_server, plan_run(settings), started=perf_counter()).report for _ in range(2)]

    assert [report.findings for report in reports] == [(), ()]


def test_files_are_told_without_steps_up(tmp_path: Path, agent: Agent) -> None:
    write_chain(tmp_path / "app", [table("a")])
    ini = tmp_path / "ci" / "alembic.ini"
    ini.parent.mkdir()
    ini.write_text("[alembic]\nscript_location = %(here)s/../app\nversion_locations = %(here)s/../app/versions\n")

    project = open_project(load_settings(None, alembic=ini), agent=agent)

    with contextlib.closing(project.runs):
        (revision,) = project.chain.revisions
        assert project.env_py == str(tmp_path / "app" / "env.py")
        assert relative_to(tmp_path, revision.path) == "app/versions/a.py"
        assert relative_to(tmp_path, f"{tmp_path}/ci/../app/env.py") == "app/env.py"
