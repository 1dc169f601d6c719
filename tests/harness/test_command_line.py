"""The commands of the program: what they print, what they write, and the exit code that says how it ended."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from pgharness import cli
from pgharness.databases import Database, Databases
from pgharness.servers import Server

Check = Callable[..., Any]

BOOK = "versions/0002_add_book.py"
COUNTRY = "versions/0003_add_country.py"
FORGETS_A_TYPE = {BOOK: ('    op.execute("DROP TYPE cover")\n', "")}
GRAPH = ("--only", "graph")


@pytest.fixture
def shops(own_server: Server) -> Iterator[Callable[..., str]]:
    """Make a database of these statements, and give its URL."""
    with Databases(own_server) as databases:

        def make(*statements: str) -> str:
            database: Database = databases.create_empty("shop")
            with database.connect() as connection:
                for statement in statements:
                    connection.execute(statement)
            return database.url.render_as_string(hide_password=False)

        yield make


def test_a_sound_chain_ends_with_0(check_example: Check) -> None:
    ended = check_example()

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1].startswith("OK: no findings in 3 revisions, ")


def test_findings_end_with_1_and_stand_in_the_report(check_example: Check) -> None:
    ended = check_example("--only", "roundtrip", edits=FORGETS_A_TYPE)

    assert (ended.code, ended.err) == (1, "")
    assert "roundtrip [0002_add_book] type public.cover" in ended.out


@pytest.mark.parametrize(
    ("report_format", "begins"),
    [("text", "┏━"), ("json", '{\n  "version": 1'), ("markdown", "**OK: no findings"), ("html", "<!doctype html>")],
)
def test_each_format_is_printed(check_example: Check, report_format: str, begins: str) -> None:
    ended = check_example(*GRAPH, "--format", report_format)

    assert ended.code == 0
    assert ended.out.startswith(begins)


def test_a_report_may_go_to_a_file(check_example: Check, tmp_path: Path) -> None:
    ended = check_example(*GRAPH, "--format", "json", "--output", tmp_path / "report.json")

    assert (ended.code, ended.out) == (0, "")
    assert json.loads((tmp_path / "report.json").read_text())["findings"] == []


def test_checks_may_be_left_out(check_example: Check) -> None:
    ended = check_example(
        "--format", "json", *(part for name in ("drift", "autogenerate", "roundtrip") for part in ("--skip", name))
    )

    assert [check["name"] for check in json.loads(ended.out)["checks"]][:5] == [
        "graph",
        "upgrade",
        "structure",
        "data",
        "locks",
    ]


def test_the_structure_file_is_written_and_then_holds(
    example: Check, command_line: Check, quiet_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = example(edits={"pyproject.toml": '[tool.pgharness]\nstructure = "db/structure.sql"\n'})
    monkeypatch.chdir(project)

    with pytest.MonkeyPatch.context() as argv:
        argv.setattr(sys, "argv", ["pgharness", "check", "--server", quiet_url, "--write-structure"])
        with pytest.raises(SystemExit) as written:
            cli.main()
    checked = command_line("check", "--server", quiet_url, "--only", "structure")

    assert (written.value.code, checked.code) == (0, 0)
    assert "CREATE TABLE public.author (" in (project / "db/structure.sql").read_text()


def test_no_structure_file_is_written_where_none_is_named(check_example: Check) -> None:
    ended = check_example("--write-structure")

    assert ended.code == 2
    assert ended.err.startswith("There is no structure file to write.\n  seen: `structure` is not set\n")


def test_no_structure_file_is_written_of_a_chain_that_does_not_reach_its_heads(
    example: Check, command_line: Check, quiet_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks = {
        "pyproject.toml": '[tool.pgharness]\nstructure = "structure.sql"\n',
        COUNTRY: ("def upgrade():", "def upgrade():\n    op.execute('SELECT 1/0')"),
    }
    project = example(edits=breaks)
    monkeypatch.chdir(project)

    ended = command_line("check", "--server", quiet_url, "--write-structure")

    assert ended.code == 2
    assert "The structure file was not written.\n  seen: the chain fails to upgrade to its heads" in ended.err
    assert not (project / "structure.sql").exists()


def test_a_fault_of_the_harness_ends_with_2_and_its_traceback(
    check_example: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgharness.cli.checking.run_checks", lambda *_: 1 / 0)

    ended = check_example()

    assert ended.code == 2
    assert ended.err.startswith("Internal error in pgharness; please report it with the lines below:\nTraceback")
    assert "ZeroDivisionError" in ended.err


def test_at_a_terminal_a_bar_is_shown_and_the_report_has_colours(
    check_example: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("pgharness.cli.checking._is_terminal", lambda: True)

    ended = check_example(*GRAPH)

    assert ended.code == 0
    assert "4/4" in ended.err  # three revisions, and beside them the deployment; which of them ends last is open
    assert "\x1b[" in ended.out


def test_equal_databases_have_no_difference(command_line: Check, shops: Check) -> None:
    left, right = shops("CREATE TABLE shelf (id int)"), shops("CREATE TABLE shelf (id int)")

    ended = command_line("diff", left, right)

    assert (ended.code, ended.out) == (0, "equal\n")


def test_a_difference_is_told_object_by_object(command_line: Check, shops: Check) -> None:
    left, right = (
        shops("CREATE TABLE shelf (id int)"),
        shops("CREATE TABLE shelf (id bigint)", "CREATE VIEW v AS SELECT 1"),
    )

    ended = command_line("diff", left, right)

    assert ended.code == 1
    assert "column public.shelf.id\n  Its type is integer in left and bigint in right.\n" in ended.out
    assert "view public.v\n  Exists in right, missing in left.\n" in ended.out
    assert ended.out.splitlines()[-1].endswith(" facts differ")


def test_a_difference_is_told_to_programs_fact_by_fact(command_line: Check, shops: Check) -> None:
    left, right = shops("CREATE TABLE shelf (id int)"), shops("CREATE TABLE shelf (id bigint)")

    ended = command_line("diff", left, right, "--format", "json")

    assert ended.code == 1
    assert json.loads(ended.out) == {
        "equal": False,
        "differences": [
            {
                "kind": "column",
                "object": "public.shelf.id",
                "property": "type",
                "left": "integer",
                "right": "bigint",
            }
        ],
        "renames": [],
    }


def test_a_snapshot_is_printed_as_facts(command_line: Check, shops: Check) -> None:
    ended = command_line("snapshot", shops("CREATE TABLE shelf (id int)"))

    facts = json.loads(ended.out)["facts"]
    assert ended.code == 0
    assert {"kind": "column", "object": "public.shelf.id", "property": "type", "value": "integer"} in facts


def test_a_snapshot_is_printed_as_sql_that_makes_the_same(command_line: Check, shops: Check) -> None:
    ended = command_line("snapshot", shops("CREATE TABLE shelf (id int)"), "--format", "sql")

    assert ended.code == 0
    assert "CREATE TABLE public.shelf (" in ended.out


def test_a_database_in_sql_ascii_can_be_read(command_line: Check, own_server: Server) -> None:
    with own_server.connect() as connection:
        connection.execute(
            "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' STRATEGY file_copy"
        )
    with own_server.connect("bytes") as connection:
        connection.execute("CREATE TABLE shelf (id int)")

    ended = command_line("snapshot", own_server.database_url("bytes").render())

    with own_server.connect() as connection:
        connection.execute("DROP DATABASE bytes")
    assert ended.code == 0
    assert "public.shelf" in ended.out


def test_the_help_names_the_commands(command_line: Check) -> None:
    ended = command_line("--help")

    assert ended.code == 0
    for command in ("check", "diff", "snapshot"):
        assert command in ended.out


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_word_of_the_help_is_cut_in_a_terminal_of_any_width(
    width: int, command_line: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))

    ended = command_line("check", "--help")

    said = " ".join(ended.out.split())
    assert max(map(len, ended.out.splitlines())) <= width
    assert "The Alembic configuration [default: alembic.ini]." in said
    assert "as package.module:attribute; by default env.py's target_metadata." in said
    assert "text, json, markdown, html, github, gitlab, sarif or junit." in said


def test_the_commands_are_told_in_a_whole_sentence_each(command_line: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    told = command_line("--help").out.partition("Commands:")[2].splitlines()

    assert [line for line in told if line and not line.endswith(".")] == []
    assert [line for line in told if line.endswith("...")] == []


def test_the_version_is_told(command_line: Check) -> None:
    ended = command_line("--version")

    assert (ended.code, ended.out) == (0, f"pgharness {version('pgharness')}\n")


def test_python_m_runs_the_same_program() -> None:
    done = subprocess.run([sys.executable, "-m", "pgharness", "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"pgharness {version('pgharness')}\n"


def test_an_unknown_option_ends_with_2(command_line: Check) -> None:
    ended = command_line("check", "--no-such-option")

    assert ended.code == 2
    assert "No such option" in ended.err


def test_help_loads_neither_driver_nor_settings() -> None:
    """It is what one waits for at a completion; a second of loading would be felt there."""
    program = "import sys; import pgharness.cli; print(*sorted({'importlib.metadata', 'psycopg', 'pydantic', 'testcontainers'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "\n"
