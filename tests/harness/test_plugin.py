"""The pytest plugin: claims as items, fixtures, the header line, the grid, and what a failure looks like."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgharness.plugin import session
from pgharness.plugin.items import pasteable

pytest_plugins = ["pytester"]

BOOK = "versions/0002_add_book.py"
COUNTRY = "versions/0003_add_country.py"
SETTINGS = '[tool.pgharness]\nalembic = "alembic.ini"\nonly = ["graph", "upgrade", "roundtrip"]\n'
CLAIMS = "from pgharness.plugin import chain_checks\n"

FORGETS_A_TYPE = {BOOK: ('    op.execute("DROP TYPE cover")\n', "")}


@pytest.fixture
def run_tests(
    pytester: pytest.Pytester, example: Callable[..., Path], quiet_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., pytest.RunResult]:
    """Run pytest in a folder that holds an edited example, its settings, and a test module."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(
        *arguments: str,
        tests: str = "",
        edits: Any = None,
        settings: str = SETTINGS,
        server: str = quiet_url,
        in_process: bool = True,
    ) -> pytest.RunResult:
        shutil.copytree(example(edits=edits), pytester.path, dirs_exist_ok=True)
        pytester.makepyprojecttoml(settings)
        if tests:
            pytester.makepyfile(test_shop=tests)
        way = pytester.runpytest_inprocess if in_process else pytester.runpytest_subprocess
        return way("-p", "no:cacheprovider", "-p", "no:schemathesis", f"--pgharness-server={server}", *arguments)

    return run


Run = Callable[..., pytest.RunResult]


def test_each_pair_of_claim_and_revision_is_an_item(run_tests: Run) -> None:
    result = run_tests("--pgharness", "-v")

    result.assert_outcomes(passed=16)
    result.stdout.fnmatch_lines(["*::graph[[]0001_add_author] PASSED*", "*::roundtrip[[]whole_chain] PASSED*"])


def test_the_header_names_the_server_and_why_it_was_taken(run_tests: Run) -> None:
    result = run_tests("--pgharness", "-k", "nothing")

    result.stdout.fnmatch_lines(["pgharness: PostgreSQL * at postgresql* (asked for)"])


def test_the_grid_of_revisions_and_claims_stands_at_the_end(run_tests: Run) -> None:
    result = run_tests("--pgharness", "-q")

    result.stdout.re_match_lines_random(
        [r"┃revision\s+┃ graph ┃ upgrade ┃ roundtrip", r"│0003_add_country\s+│   ✓   │    ✓    │     ✓"]
    )
    result.stdout.fnmatch_lines(["OK: no findings in 3 revisions, 4 checks, *"])


def test_in_a_file_the_grid_is_as_wide_as_columns_asks(run_tests: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    result = run_tests("--pgharness", "-q")

    result.stdout.fnmatch_lines(["0001_add_author   ✓", "OK: no findings in 3 revisions, 4 checks, *"])


def test_a_test_module_collects_the_claims_by_one_import(run_tests: Run) -> None:
    result = run_tests("-v", tests=CLAIMS + "\ndef test_own():\n    pass\n")

    result.assert_outcomes(passed=17)
    result.stdout.fnmatch_lines(["test_shop.py::chain::roundtrip[[]0003_add_country] PASSED*"])


def test_claims_that_a_module_collects_are_not_collected_twice(run_tests: Run) -> None:
    run_tests("--pgharness", tests=CLAIMS).assert_outcomes(passed=16)


def test_one_claim_may_be_named_alone(run_tests: Run) -> None:
    result = run_tests("test_shop.py::chain::roundtrip[0003_add_country]", tests=CLAIMS)

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("choice", [("-k", "roundtrip and 0003"), ("-m", "not pgharness")])
def test_claims_may_be_chosen_by_keyword_and_by_marker(choice: tuple[str, str], run_tests: Run) -> None:
    result = run_tests(*choice, tests=CLAIMS + "\ndef test_own():\n    pass\n")

    result.assert_outcomes(passed=1, deselected=16)


def test_claims_that_an_option_adds_may_be_chosen_by_keyword_too(run_tests: Run) -> None:
    run_tests("--pgharness", "-k", "roundtrip and 0003").assert_outcomes(passed=1, deselected=15)


def test_claims_that_an_option_adds_are_counted(run_tests: Run) -> None:
    run_tests("--pgharness", "-k", "graph").stdout.fnmatch_lines(["collected 16 items / 12 deselected / 4 selected"])


def test_a_failure_is_the_finding_without_a_traceback(run_tests: Run) -> None:
    result = run_tests("--pgharness", edits=FORGETS_A_TYPE)

    result.assert_outcomes(passed=15, failed=1)
    result.stdout.fnmatch_lines(
        [
            "roundtrip [[]0002_add_book] type public.cover PGH-*",
            "  downgrade() does not restore the catalog. Exists in the catalog after the downgrade, missing in the catalog before the upgrade.",
            "  fix: at the end of downgrade() of *0002_add_book.py, behind all that it does: op.execute(*DROP TYPE public.cover*)",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*claims.py*")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_failure_says_where_the_revision_is(run_tests: Run) -> None:
    result = run_tests("--pgharness", "-rf", edits=FORGETS_A_TYPE)

    result.stdout.fnmatch_lines(["FAILED *roundtrip[[]0002_add_book]*"])


def test_what_was_not_tried_is_skipped_and_says_why(run_tests: Run) -> None:
    result = run_tests(
        "--pgharness", "-rs", edits={BOOK: ("def upgrade():", "def upgrade():\n    op.execute('SELECT 1/0')")}
    )

    result.stdout.fnmatch_lines(["SKIPPED * not checked: this revision or one before it failed to upgrade"])
    assert result.parseoutcomes()["failed"] == 1


def test_a_check_that_is_skipped_gives_its_reason(run_tests: Run) -> None:
    result = run_tests(
        "--pgharness", "-rs", settings=SETTINGS.replace('"graph", "upgrade", "roundtrip"', '"structure"')
    )

    result.stdout.fnmatch_lines(["SKIPPED * no file: set structure = *"])


def test_a_project_that_cannot_be_read_is_told_where_the_claims_are_collected(run_tests: Run) -> None:
    result = run_tests(tests=CLAIMS, settings='[tool.pgharness]\nalembic = "nowhere.ini"\n')

    result.stdout.fnmatch_lines(["Alembic configuration *nowhere.ini not found.", "  seen: looked for *", "  fix: *"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert result.ret == pytest.ExitCode.INTERRUPTED


def test_a_project_that_cannot_be_read_is_told_with_the_option_too(run_tests: Run) -> None:
    result = run_tests("--pgharness", settings='[tool.pgharness]\nalembic = "nowhere.ini"\n')

    result.stdout.fnmatch_lines(["Alembic configuration *nowhere.ini not found.", "  seen: looked for *", "  fix: *"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert result.ret == pytest.ExitCode.INTERRUPTED


def test_a_run_that_cannot_be_done_fails_the_claims_with_its_message(run_tests: Run) -> None:
    result = run_tests("--pgharness", edits={"env.py": "raise ValueError('no')\n"})

    result.assert_outcomes(failed=16)
    result.stdout.fnmatch_lines(["*env.py failed.", "  seen: ValueError: no", "  fix: *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_server_that_cannot_be_had_ends_the_session_with_2(run_tests: Run) -> None:
    result = run_tests("--pgharness", server="postgresql://localhost:1/shop")

    assert result.ret == 2
    assert "Could not connect to the server" in result.stdout.str() + result.stderr.str()
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_a_test_whose_server_cannot_be_had_ends_with_the_message_alone(run_tests: Run) -> None:
    tests = "def test_own(empty_database):\n    pass\n\n\ndef test_other(migrated_database):\n    pass\n"

    result = run_tests(tests=tests, server="postgresql://localhost:1/shop")

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["Could not connect to the server *.", "  seen: *", "  fix: *"])
    result.stdout.no_fnmatch_line("*fixtures.py*")


def test_listing_the_claims_starts_no_server(run_tests: Run) -> None:
    result = run_tests("--pgharness", "--collect-only", "-q", server="postgresql://localhost:1/shop")

    result.stdout.fnmatch_lines(["*::roundtrip[[]0003_add_country]"])
    assert result.ret == 0


def test_a_fault_of_the_harness_is_met_once_and_told(run_tests: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[int] = []

    def break_off(*_: Any, **__: Any) -> None:
        met.append(1)
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(session, "run_on", break_off)
    result = run_tests("--pgharness")

    assert len(met) == 1
    result.assert_outcomes(failed=16)
    result.stdout.fnmatch_lines(["Internal error in pgharness.", "*ZeroDivisionError: a fault"])


USES_DATABASES = """
import pytest

SEEN = []


def tables(database):
    with database.connect() as connection:
        rows = connection.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        return sorted(name for (name,) in rows)


def test_empty(empty_database):
    assert tables(empty_database) == []
    SEEN.append(empty_database.name)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_migrated(migrated_database, number):
    assert tables(migrated_database) == ["alembic_version", "author", "book"]
    with migrated_database.connect() as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0003",)]
        connection.execute("DROP TABLE book")
    SEEN.append(migrated_database.name)


def test_all_were_different():
    assert len(set(SEEN)) == 4
"""


def test_each_test_gets_a_database_of_its_own(run_tests: Run) -> None:
    run_tests(tests=USES_DATABASES).assert_outcomes(passed=5)


def test_a_chain_that_does_not_upgrade_is_told_where_a_migrated_database_is_asked_for(run_tests: Run) -> None:
    result = run_tests(
        tests="def test_own(migrated_database):\n    pass\n",
        edits={BOOK: ("def upgrade():", "def upgrade():\n    op.execute('SELECT 1/0')")},
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["The chain does not upgrade: revision 0002_add_book fails.", "  seen: DivisionByZero: division by zero"]
    )
    result.stdout.no_fnmatch_line("*fixtures.py*")


def test_a_plain_session_of_a_project_without_the_harness_starts_nothing(run_tests: Run) -> None:
    result = run_tests(
        tests="def test_own():\n    pass\n", settings="[tool.other]\n", server="postgresql://localhost:1/shop"
    )

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("pgharness: *")


LOADS_NOTHING = """
import sys


def test_own():
    heavy = {"alembic", "psycopg", "pydantic", "rich", "sqlalchemy"}
    assert sorted(heavy & set(sys.modules)) == []
"""


@pytest.mark.parametrize("settings", ["[tool.other]\n", SETTINGS])
def test_a_session_whose_tests_ask_for_no_database_loads_no_library_for_one(
    settings: str, run_tests: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugin = ("-p", "pgharness.plugin")

    result = run_tests(*plugin, tests=LOADS_NOTHING, settings=settings, in_process=False)

    result.assert_outcomes(passed=1)


def test_what_a_database_needs_is_loaded_before_the_first_test_is_timed(
    run_tests: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    tests = "import sys\n\n\ndef test_first():\n    assert 'psycopg' in sys.modules\n\n\ndef test_other(pg_server):\n    pass\n"

    result = run_tests("-p", "pgharness.plugin", tests=tests, in_process=False)

    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("label", "pasted"),
    [
        ("whole chain", "whole_chain"),
        ("0003_add_outbox", "0003_add_outbox"),
        ("v2.4.0.a", "v2.4.0.a"),
        ("a;b $(c)", "a_b___c_"),
    ],
)
def test_the_name_of_a_test_can_be_pasted_into_a_shell(label: str, pasted: str) -> None:
    assert pasteable(label) == pasted
