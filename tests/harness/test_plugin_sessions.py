"""Sessions of SQLAlchemy for tests: on a migrated database, and rolled back whatever the test commits."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from pgharness.databases import Database
from pgharness.findings import CannotRun
from pgharness.plugin.sqlalchemy_sessions import SqlalchemySessions

pytest_plugins = ["pytester"]

TESTS = """
import asyncio

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from {models} import Author

NAMES = []


@pytest.mark.parametrize("turn", [1, 2])
def test_commits_end_with_the_test(migrated_session, turn):
    assert migrated_session.scalars(select(Author.name)).all() == []
    migrated_session.add(Author(name="Ada"))
    migrated_session.commit()
    migrated_session.add(Author(name="Grace"))
    migrated_session.rollback()
    assert migrated_session.scalars(select(Author.name)).all() == ["Ada"]


def test_a_refusal_can_be_rolled_back(migrated_session):
    migrated_session.add(Author(name="Ada"))
    migrated_session.commit()
    with pytest.raises(IntegrityError):
        migrated_session.execute(text("INSERT INTO author (name) VALUES (NULL)"))
    migrated_session.rollback()
    assert migrated_session.scalars(select(Author.name)).all() == ["Ada"]


def test_a_transaction_left_open_ends_too(migrated_session):
    migrated_session.execute(text("DROP TABLE book"))


@pytest.mark.parametrize("turn", [1, 2])
def test_asynchronously_it_is_the_same(migrated_async_session, turn):
    async def act():
        async with migrated_async_session() as session:
            assert (await session.scalars(select(Author.name))).all() == []
            author = Author(name="Ada")
            session.add(author)
            await session.commit()
            assert author.name == "Ada"  # nothing expires, for it could not be loaded again
            await session.execute(text("TABLE book"))

    asyncio.run(act())


def test_what_raises_inside_is_rolled_back_too(migrated_async_session, migrated_session):
    async def act():
        async with migrated_async_session() as session:
            session.add(Author(name="Ada"))
            await session.commit()
            raise KeyError("a test fails")

    with pytest.raises(KeyError):
        asyncio.run(act())
    assert migrated_session.scalars(select(Author.name)).all() == []


def test_sessions_state_who_they_are_and_how_long_they_wait(migrated_session):
    for setting, value in {{"application_name": "pgharness", "lock_timeout": "30s"}}.items():
        assert migrated_session.scalar(text(f"SHOW {{setting}}")) == value


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_plugin_for_async_tests_may_open_it(migrated_async_session):
    async with migrated_async_session() as session:
        assert await session.scalar(text("SELECT 1")) == 1
"""

WITHOUT = """
import sys

sys.modules["sqlalchemy"] = None  # as where it is not installed


def test_own(migrated_session):
    pass


def test_other(migrated_async_session):
    pass
"""

OLD = """
import sqlalchemy

sqlalchemy.__version__ = "1.4.54"


def test_own(migrated_session):
    pass
"""


@pytest.fixture
def run_tests(
    pytester: pytest.Pytester, example: Callable[..., Path], quiet_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., pytest.RunResult]:
    """Run pytest on a test module beside the sound example, in a process of its own."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(tests: str) -> pytest.RunResult:
        project = example()
        shutil.copytree(project, pytester.path, dirs_exist_ok=True)
        pytester.makepyprojecttoml('[tool.pgharness]\nalembic = "alembic.ini"\n')
        (models,) = (path.stem for path in project.glob("bookshop_*.py"))
        pytester.makepyfile(test_shop=tests.replace("{models}", models).replace("{{", "{").replace("}}", "}"))
        plugins = ("-p", "anyio", "-p", "pgharness.plugin", "-p", "no:cacheprovider")
        return pytester.runpytest_subprocess(*plugins, "-W", "error", f"--pgharness-server={quiet_url}")

    return run


Run = Callable[..., pytest.RunResult]


def test_sessions_are_rolled_back_whatever_a_test_commits(run_tests: Run) -> None:
    run_tests(TESTS).assert_outcomes(passed=9)


@pytest.mark.parametrize(
    ("tests", "seen", "errors"),
    [
        pytest.param(WITHOUT, "import of sqlalchemy halted; None in sys.modules", 2, id="no SQLAlchemy"),
        pytest.param(OLD, "it is SQLAlchemy 1.4.54", 1, id="an old SQLAlchemy"),
    ],
)
def test_what_is_missing_for_a_session_is_told_in_one_message(
    run_tests: Run, tests: str, seen: str, errors: int
) -> None:
    result = run_tests(tests)

    result.assert_outcomes(errors=errors)
    result.stdout.fnmatch_lines(
        [
            "The fixture migrated_session needs SQLAlchemy 2.0 or later*",
            f"  seen: {seen}*",
            "*: pip install 'sqlalchemy*",
        ]
    )
    result.stdout.no_fnmatch_line("*fixtures.py*")
    result.stdout.no_fnmatch_line("During handling*")


@pytest.mark.parametrize("missing", ["asyncpg", "greenlet"])
def test_what_an_asynchronous_session_of_this_driver_needs_and_is_missing_is_told(
    missing: str, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    sessions = SqlalchemySessions(empty_database, "postgresql+asyncpg")

    with pytest.raises(CannotRun, match="migrated_async_session needs SQLAlchemy") as caught:
        _ = sessions.async_engine

    assert f"import of {missing} halted" in caught.value.seen


@pytest.mark.parametrize("driver", [None, "postgresql", "postgresql+pg8000", "postgresql+asyncpg"])
def test_a_driver_that_does_not_serve_a_session_gives_way_to_psycopg(
    driver: str | None, empty_database: Database
) -> None:
    sessions = SqlalchemySessions(empty_database, driver)

    with sessions.session() as session:
        assert (session.get_bind().dialect.driver, session.scalar(text("SELECT 1"))) == ("psycopg", 1)
    sessions.close()
