"""`database_at`: databases of a test's own anywhere along the chain, which go up and down as the test says."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pgharness.chain.agent import Agent
from pgharness.chain.project import open_project
from pgharness.databases import Database, Databases
from pgharness.findings import CannotRun
from pgharness.plugin import ChainDatabase, DatabaseAt, MigrationFailed
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import Revision, sql, table, write_chain
from tests.harness.conftest import databases_on

pytest_plugins = ["pytester"]

CHAIN = (
    table("author", "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, facts jsonb"),
    Revision(
        "split",
        sql(
            "ALTER TABLE author ADD surname text",
            "UPDATE author SET surname = split_part(name, ' ', 2)",
            "ALTER TABLE author ADD CONSTRAINT surname_given CHECK (surname <> '')",
        ),
        sql("ALTER TABLE author DROP surname"),
    ),
    Revision("last", sql("CREATE TABLE last (id bigint PRIMARY KEY)"), 'raise NotImplementedError("no way back")'),
)


@pytest.fixture
def database_at(tmp_path: Path, pg_databases: Databases, agent: Agent) -> Iterator[DatabaseAt]:
    """Make databases along the chain above."""
    settings = load_settings(None, alembic=write_chain(tmp_path / "chain", CHAIN))
    project = open_project(settings, agent=agent)
    made: list[Database] = []
    at = DatabaseAt(project, pg_databases, made.append)
    with contextlib.closing(project.runs):
        yield at
    at.drop()
    assert not set(databases_on(pg_databases.server)) & {database.name for database in made}


def tables_of(database: ChainDatabase) -> list[str]:
    """List the tables but for Alembic's."""
    rows = database.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ 'alembic' ORDER BY 1"
    )
    return [name for (name,) in rows]


def test_a_database_stands_at_its_revision_or_before_it(database_at: DatabaseAt) -> None:
    at, before, base, head = (
        database_at("split"),
        database_at(before="split"),
        database_at(before="author"),
        database_at("head"),
    )

    assert [one.revision for one in (at, before, base, head)] == ["split", "author", None, "last"]
    assert tables_of(base) == []
    assert tables_of(before) == ["author"]
    assert tables_of(head) == ["author", "last"]
    assert at.execute("SELECT version_num FROM alembic_version") == [("split",)]


def test_tables_are_empty_unless_rows_are_asked_for(database_at: DatabaseAt) -> None:
    count = "SELECT count(*) FROM author"

    assert [database_at("author", rows=rows).execute(count) for rows in (False, True)] == [[(0,)], [(4,)]]


def test_a_data_migration_is_run_on_rows_of_the_tests_own(database_at: DatabaseAt) -> None:
    database = database_at(before="split")
    database.insert("author", {"name": "Ada Lovelace"})

    database.upgrade()

    assert database.execute("SELECT surname FROM author") == [("Lovelace",)]
    assert database.revision == "split"


def test_inserted_rows_come_back_with_what_the_database_filled_in(database_at: DatabaseAt) -> None:
    database = database_at("author")

    rows = database.insert("public.author", {"name": "Ada"}, {"id": 9, "name": "Grace", "facts": {"rank": "admiral"}})

    assert rows == [{"id": 1, "name": "Ada", "facts": None}, {"id": 9, "name": "Grace", "facts": {"rank": "admiral"}}]


def test_of_rows_that_are_inserted_together_none_stays_where_one_is_refused(database_at: DatabaseAt) -> None:
    import psycopg

    database = database_at("author")
    with pytest.raises(psycopg.errors.NotNullViolation):
        database.insert("author", {"name": "Ada"}, {})

    assert database.execute("SELECT count(*) FROM author") == [(0,)]


def test_parameters_of_a_statement_are_bound(database_at: DatabaseAt) -> None:
    database = database_at("author")

    assert database.execute("SELECT %s || '%%', %s", ["a", 1]) == [("a%", 1)]
    assert database.execute("SELECT %(it)s", {"it": 2}) == [(2,)]
    assert database.execute("SELECT '%'") == [("%",)]
    assert database.execute("SET lock_timeout = 0") == []


def test_a_database_goes_up_and_down_by_steps_and_to_places(database_at: DatabaseAt) -> None:
    database = database_at("base")
    seen = []

    ways: tuple[Callable[[], object], ...] = (
        database.upgrade,
        lambda: database.upgrade("split"),
        database.downgrade,
        lambda: database.downgrade("base"),
    )
    for go in ways:
        go()
        seen.append(database.revision)

    assert seen == ["author", "split", "author", None]
    assert tables_of(database) == []


def test_a_revision_that_fails_is_told_and_leaves_the_database_where_it_was(database_at: DatabaseAt) -> None:
    database = database_at(before="split")
    database.insert("author", {"name": "Voltaire"})

    with pytest.raises(MigrationFailed) as caught:
        database.upgrade("head")

    said = str(caught.value)
    assert said.startswith("the upgrade of split fails: CheckViolation (SQLSTATE 23514): ")
    assert "correct upgrade() in " in said
    assert "\n    statement: ALTER TABLE author ADD CONSTRAINT surname_given" in said
    assert (caught.value.revision, caught.value.failure.sqlstate) == ("split", "23514")
    assert (database.revision, database.execute("SELECT version_num FROM alembic_version")) == ("author", [("author",)])


def test_what_passed_before_a_failure_stays(database_at: DatabaseAt) -> None:
    database = database_at("head")

    with pytest.raises(
        MigrationFailed, match="the downgrade of last fails: NotImplementedError: no way back"
    ) as caught:
        database.downgrade("base")

    assert caught.value.failure.refused
    assert database.revision == "last"


def test_one_place_has_to_be_said(database_at: DatabaseAt) -> None:
    with pytest.raises(TypeError, match="say one place"):
        database_at()
    with pytest.raises(TypeError, match="say one place"):
        database_at("author", before="split")


def test_a_misspelt_revision_is_told_with_the_nearest(database_at: DatabaseAt) -> None:
    with pytest.raises(CannotRun, match="did you mean 'split'"):
        database_at("splits")


def test_databases_of_one_place_are_each_their_own(database_at: DatabaseAt) -> None:
    first, second = database_at("author"), database_at("author")
    first.execute("DROP TABLE author")

    assert (tables_of(first), tables_of(second)) == ([], ["author"])


SETS_A_VARIABLE = (
    "from alembic import context",
    "import os\n\nfrom alembic import context\n\nos.environ['SHOP'] = 'books'",
)


def test_an_env_py_that_has_to_come_before_the_models_is_run_so(
    example: Callable[..., Path], pg_databases: Databases
) -> None:
    project_folder = example(edits={"env.py": SETS_A_VARIABLE})
    (models,) = (path.stem for path in project_folder.glob("bookshop_*.py"))
    settings = load_settings(None, alembic=project_folder / "alembic.ini", metadata=f"{models}:Base")

    for _ in ("the template is made", "it is there already"):
        project = open_project(settings)
        with project.runs.agent, contextlib.closing(project.runs):
            at = DatabaseAt(project, pg_databases, lambda _database: None)
            database = at(before="0003")
            database.upgrade()
            assert database.revision == "0003"
            at.drop()


IN_PYTEST = """
import pytest
from pgharness.plugin import MigrationFailed


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_up_and_down(database_at, revision):
    database = database_at(before=revision, rows=True)
    database.upgrade()
    database.downgrade()


def test_failing(database_at):
    database = database_at(before="0003")
    database.execute("CREATE TABLE country AS SELECT 1 AS one")
    database.execute("ALTER TABLE author ADD country text")
    database.upgrade()


def test_nothing_to_do(database_at):
    database_at("head").upgrade()


def test_no_such_revision(database_at):
    database_at("0004")
"""


@pytest.fixture
def result(
    pytester: pytest.Pytester, example: Callable[..., Path], own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> pytest.RunResult:
    import shutil

    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    shutil.copytree(example(), pytester.path, dirs_exist_ok=True)
    pytester.makepyprojecttoml('[tool.pgharness]\nalembic = "alembic.ini"\n')
    pytester.makepyfile(test_shop=IN_PYTEST)
    options: tuple[Any, ...] = ("-p", "no:cacheprovider", "-p", "no:schemathesis", "--pgharness-keep")
    return pytester.runpytest_inprocess(*options, f"--pgharness-server={own_server.url.render()}")


def test_in_pytest_a_failure_is_told_at_the_tests_own_line_and_the_database_is_kept(
    result: pytest.RunResult, own_server: Server
) -> None:
    from pgharness.databases.create_and_drop import drop_database

    result.assert_outcomes(passed=3, failed=3)
    result.stdout.fnmatch_lines(
        [
            ">       database.upgrade()",
            "E       *MigrationFailed: the upgrade of 0003_add_country fails: DuplicateColumn (SQLSTATE 42701): *",
            "E         fix: *correct upgrade() in *0003_add_country.py",
            "test_shop.py:*: MigrationFailed",
            "*- pgharness: kept databases -*",
            "postgresql*",
            "E       *CannotRun: There is nothing to upgrade.",
            "E       *CannotRun: There is no revision '0004'.",
        ]
    )
    result.stdout.no_fnmatch_line("*at_revision.py*")
    with own_server.connect() as connection:
        kept = databases_on(own_server)
        for name in kept:
            drop_database(connection, name)
    assert len(kept) == 2  # the third test never got one
