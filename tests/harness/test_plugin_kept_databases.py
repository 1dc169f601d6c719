"""With --pgharness-keep the databases of failed tests stay, and their URLs are in the report."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgharness.databases.create_and_drop import drop_database
from pgharness.servers import Server

pytest_plugins = ["pytester"]

FAILS = """
import pytest


@pytest.fixture
def shelf(empty_database):
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE shelf AS SELECT 7 AS id")
    return empty_database


def test_fails(shelf):
    assert shelf is None


def test_passes(shelf):
    pass
"""

FAILS_MIGRATED = """
import pytest


@pytest.fixture
def broken(migrated_database):
    raise ValueError("no")


def test_setup_fails(broken):
    pass


def test_passes(migrated_database):
    pass
"""


@pytest.fixture
def run_tests(
    pytester: pytest.Pytester, example: Callable[..., Path], own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., pytest.RunResult]:
    """Run pytest on a test module beside the sound example."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    url = own_server.url.render()

    def run(tests: str, *arguments: str, server: str = url, in_process: bool = True) -> pytest.RunResult:
        shutil.copytree(example(), pytester.path, dirs_exist_ok=True)
        pytester.makepyprojecttoml('[tool.pgharness]\nalembic = "alembic.ini"\n')
        pytester.makepyfile(test_shop=tests)
        way = pytester.runpytest_inprocess if in_process else pytester.runpytest_subprocess
        return way("-p", "no:cacheprovider", "-p", "no:schemathesis", f"--pgharness-server={server}", *arguments)

    return run


@pytest.fixture
def kept(own_server: Server) -> Iterator[Callable[[], list[str]]]:
    """List the databases that are on the server now and were not before; they are dropped at the end."""
    before = _names(own_server)
    yield lambda: sorted(_names(own_server) - before)
    with own_server.connect() as connection:
        for name in _names(own_server) - before:
            drop_database(connection, name)


Run = Callable[..., pytest.RunResult]
Kept = Callable[[], list[str]]


def test_the_database_of_a_failed_test_is_kept_and_named_in_its_report(
    run_tests: Run, kept: Kept, own_server: Server
) -> None:
    result = run_tests(FAILS, "--pgharness-keep")

    (name,) = kept()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*- pgharness: kept databases -*", f"postgresql*{name}* (kept until you DROP DATABASE *)"]
    )
    with own_server.connect(name) as connection:
        assert connection.execute("SELECT id FROM shelf").fetchall() == [(7,)]


def test_a_clone_is_kept_also_where_the_setup_fails(run_tests: Run, kept: Kept) -> None:
    result = run_tests(FAILS_MIGRATED, "--pgharness-keep")

    result.assert_outcomes(passed=1, errors=1)
    assert len(kept()) == 1


def test_nothing_is_kept_unless_it_is_asked_for(run_tests: Run, kept: Kept) -> None:
    result = run_tests(FAILS)

    result.assert_outcomes(passed=1, failed=1)
    assert kept() == []


def test_a_server_of_our_own_stays_with_what_is_kept_in_it(run_tests: Run) -> None:
    result = run_tests(FAILS, "--pgharness-keep", server="embedded", in_process=False)
    text = result.stdout.str() + result.stderr.str()
    stop = re.search(r"kept the server (\S+) until the next run; stop it: kill -QUIT (\d+)", text)
    named = re.search(r"^(postgresql\S+) \(kept with its server until the next run\)", text, re.MULTILINE)

    assert stop, text
    assert named, text
    url = named[1].replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id FROM shelf").fetchall() == [(7,)]
        row: Any = connection.execute("SELECT current_setting('data_directory')").fetchone()
    os.kill(int(stop[2]), signal.SIGQUIT)
    shutil.rmtree(Path(row[0]).parent)


def test_a_server_of_our_own_goes_where_nothing_failed(run_tests: Run) -> None:
    result = run_tests("def test_passes(empty_database):\n    pass\n", "--pgharness-keep", server="embedded")

    result.assert_outcomes(passed=1)
    assert "kept the server" not in result.stdout.str() + result.stderr.str()


def _names(server: Server) -> set[str]:
    with server.connect() as connection:
        return {str(name) for (name,) in connection.execute("SELECT datname FROM pg_database")}
