"""Whatever is wrong with a project or its settings ends in one message, the right exit code, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Check = Callable[..., Any]

COUNTRY = "versions/0003_add_country.py"
GRAPH = ("--only", "graph")

# Where the path of a finding ends and its words begin differs from machine to machine; `…` stands for anything.
BROKEN_PROJECTS = [
    pytest.param(
        {"alembic.ini": ("[alembic]\n", "[alembic]\nsqlalchemy.url = postgresql+psycop://shop@db/shop\n")},
        "SQLAlchemy has no driver 'psycop' for PostgreSQL.",
        "Can't load plugin",
        "in the URL of the Alembic configuration",
        id="alembic.ini names a driver that there is not",
    ),
    pytest.param(
        {"env.py": "import no_such_package\n"},
        "env.py failed.",
        "ModuleNotFoundError: No module named 'no_such_package'",
        "install the package that is missing",
        id="env.py imports what is not there",
    ),
    pytest.param(
        {"env.py": "raise RuntimeError('Working outside of application context.')\n"},
        "env.py failed.",
        "RuntimeError: Working outside of application context.",
        "let env.py make the application itself",
        id="env.py needs an application around it",
    ),
    pytest.param(
        {"env.py": "from alembic import context\n\nschema = context.get_x_argument(as_dictionary=True)['schema']\n"},
        "env.py failed.",
        "KeyError: 'schema'",
        'give what it asks for: pgharness check -x schema=VALUE, or x = ["schema=VALUE"] in [tool.pgharness]',
        id="env.py lacks an argument of -x",
    ),
    pytest.param(
        {
            "env.py": "from alembic import context\n\ngiven = context.get_x_argument(as_dictionary=True)\n"
            "tenant = given.get('tenant')\nif 'region' not in given:\n    raise Exception('specify -x tenant=<name>')\n"
        },
        "env.py failed.",
        "Exception: specify -x tenant=<name>",
        "pgharness check -x tenant=VALUE -x region=VALUE, or x = [",
        id="env.py asks for arguments of -x by an error of its own",
    ),
    pytest.param(
        {
            "env.py": "from sqlalchemy.exc import SQLAlchemyError\nraise SQLAlchemyError('no such role [SQL: SET ROLE owner]')\n"
        },
        "env.py failed.",
        "SET ROLE owner",
        "make the role before the chain",
        id="env.py takes a role that is not there",
    ),
    pytest.param(
        {"env.py": "import sys\nprint('DATABASE_URL is missing')\nsys.exit(3)\n"},
        "env.py failed.",
        "SystemExit: 3; it printed: DATABASE_URL is missing",
        "environment = {",
        id="env.py ends the process",
    ),
    pytest.param(
        {"env.py": "import os\n\nurl = os.environ['BOOKSHOP_URL']\n"},
        "env.py failed.",
        "KeyError: 'BOOKSHOP_URL'",
        "environment = {",
        id="env.py reads a variable that is not set",
    ),
    pytest.param(
        {"env.py": "from alembic import context\n\ncontext.configure(url='postgresql://', target_metadata=None)\n"},
        "env.py ended without running migrations.",
        "context.run_migrations() was not called",
        "call context.configure(connection=…)",
        id="env.py runs no migrations",
    ),
    pytest.param(
        {"env.py": "from alembic import context\n\ncontext.configure(url='postgresql://')\ncontext.run_migrations()\n"},
        "env.py configured no connection.",
        "context.configure() got none",
        'config.attributes.get("connection")',
        id="env.py configures a URL instead of a connection",
    ),
    pytest.param(
        {"env.py": None},
        "No env.py found",
        "looked for",
        "alembic init",
        id="there is no env.py",
    ),
    pytest.param(
        {"env.py": "def broken(:\n"},
        "env.py failed.",
        "SyntaxError",
        "correct env.py",
        id="env.py is no Python",
    ),
    pytest.param(
        {COUNTRY: "import no_such_package\n"},
        "A revision file in",
        "0003_add_country.py: ModuleNotFoundError: No module named 'no_such_package'",
        "correct the file",
        id="a revision file does not import",
    ),
    pytest.param(
        {COUNTRY: "def upgrade(:\n"},
        "A revision file in",
        "0003_add_country.py: SyntaxError",
        "correct the file",
        id="a revision file is no Python",
    ),
    pytest.param(
        {COUNTRY: "import sys\n\nsys.exit(0)\n"},
        "A revision file in",
        "0003_add_country.py: SystemExit",
        "correct the file",
        id="a revision file ends the process",
    ),
    pytest.param(
        {COUNTRY: ('revision = "0003"', "revision = 3")},
        "A revision file in",
        "'int' object is not iterable",
        "write revision and down_revision as texts",
        id="a revision's name is a number",
    ),
    pytest.param(
        {COUNTRY: ('down_revision = "0002"', 'down_revision = "0009"')},
        "do not form a graph",
        "0009",
        "bring the file of 0009 back (git log --diff-filter=D --name-only finds it); or, where it is meant to be gone, correct down_revision in ",
        id="a revision comes after one that is not there",
    ),
    pytest.param(
        {"versions/0003_add_price.py": 'revision = "0003"\ndown_revision = "0002"\n'},
        "do not form a graph",
        "Revision 0003 is present more than once",
        "0003_add_price.py say revision = '0003'; delete the one that is a copy",
        id="two revisions have one name",
    ),
    pytest.param(
        {"versions/helpers.py": "X = 1\n"},
        "do not form a graph",
        "Could not determine revision id from filename helpers.py",
        "move the file out of the folder of revisions",
        id="a file in the folder of revisions is none",
    ),
    pytest.param(
        {"versions/0003_add_price.py": 'revision = "add-price"\ndown_revision = "0002"\n'},
        "do not form a graph",
        "Character(s) '-' not allowed in revision identifier 'add-price'",
        "give that revision another name",
        id="a revision has a name that Alembic refuses",
    ),
    pytest.param(
        {"versions/0001_add_author.py": ("down_revision = None", 'down_revision = "0003"')},
        "do not form a graph",
        "Cycle",
        "correct down_revision",
        id="the revisions form a circle",
    ),
    pytest.param(
        {"alembic.ini": "script_location = migrations\n"},
        "cannot be read",
        "no section headers",
        "correct it",
        id="alembic.ini is no ini file",
    ),
    pytest.param(
        {"alembic.ini": "[alembic]\nsqlalchemy.url = postgresql://\n", "env.py": None},
        "Alembic finds no migrations by",
        "No 'script_location' key found",
        "set script_location",
        id="alembic.ini names no folder",
    ),
    pytest.param(
        {"alembic.ini": "[alembic]\nscript_location = nowhere\n"},
        "Alembic finds no migrations by",
        "Path doesn't exist",
        "set script_location",
        id="alembic.ini names a folder that is not there",
    ),
]


@pytest.mark.parametrize(("edits", "what", "seen", "mend"), BROKEN_PROJECTS)
def test_a_broken_project_ends_in_one_message(
    check_example: Check, edits: dict[str, Any], what: str, seen: str, mend: str
) -> None:
    ended = check_example(*GRAPH, edits=edits)

    assert_one_message(ended, what, seen, mend)


@pytest.mark.parametrize(("here", "named"), [("..", "project/alembic.ini"), ("versions", "../alembic.ini")])
def test_an_alembic_ini_that_lies_near_is_offered(
    example: Check, command_line: Check, monkeypatch: pytest.MonkeyPatch, here: str, named: str
) -> None:
    monkeypatch.chdir(example() / here)

    ended = command_line("check", *GRAPH)

    assert_one_message(
        ended,
        "Alembic configuration alembic.ini not found.",
        f"there is {named}",
        f"pgharness check --alembic {named}; or",
    )


def test_a_driver_that_there_is_not_ends_in_one_message(check_example: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHARNESS_DRIVER", "mysql")

    ended = check_example(*GRAPH)

    seen = "Installed beside the project: psycopg"
    assert_one_message(
        ended,
        "SQLAlchemy has no driver 'mysql' for PostgreSQL.",
        seen,
        'driver = "postgresql+psycopg" in [tool.pgharness]',
    )


def test_models_that_are_named_by_their_module_alone_are_offered_by_their_base(check_example: Check) -> None:
    models = "from sqlalchemy import MetaData\nfrom sqlalchemy.orm import DeclarativeBase\n\n\nclass Shelves(DeclarativeBase):\n    pass\n"

    ended = check_example(*GRAPH, "--metadata", "shelves", edits={"shelves.py": models})

    assert_one_message(ended, "The models 'shelves' cannot be found.", "AttributeError", "did you mean 'Shelves'?")


IGNORES_ITS_CONNECTION = """
import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["ELSEWHERE"]).connect() as connection:
    context.configure(connection=connection)
    context.run_migrations()
"""


def test_an_env_py_that_connects_elsewhere_is_told_and_runs_nothing_there(
    check_example: Check, own_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELSEWHERE", own_server.url.render("psycopg"))

    ended = check_example(*GRAPH, edits={"env.py": IGNORES_ITS_CONNECTION})

    assert_one_message(ended, "env.py ignores the connection it is given.", "'postgres'", "config.attributes")
    with own_server.connect() as connection:
        assert connection.execute("SELECT to_regclass('public.alembic_version')").fetchone() == (None,)


BROKEN_OPTIONS = [
    pytest.param(("--config", "nowhere.toml"), "Configuration file nowhere.toml not found.", "looked for", "--config", id="no pyproject.toml"),
    pytest.param(("--only", "graf"), "Unknown check 'graf'.", "known are graph", "did you mean 'graph'?", id="an unknown check to make"),
    pytest.param(("--only", "locks,graph"), "Unknown check 'locks,graph'.", "known are graph", "--only locks --only graph", id="two checks in one"),
    pytest.param(("--since", "origin/main"), "There is no revision 'origin/main'.", "0001_add_author", "--previous GITREF", id="a release of git's"),
    pytest.param(("--skip", "drfit"), "Unknown check 'drfit'.", "known are graph", "did you mean 'drift'?", id="an unknown check to skip"),
    pytest.param(("--since", "0009"), "There is no revision '0009'.", "0001_add_author, 0002_add_book, 0003_add_country", "or '0003_add_country'?", id="an unknown revision"),
    pytest.param(("--baseline", "nowhere.sql"), "Baseline file nowhere.sql not found.", "looked for", "--baseline", id="no baseline"),
    pytest.param(("--metadata", "json:laods"), "The models 'json:laods' cannot be found.", "has no attribute 'laods'", "did you mean 'loads'?", id="models under another name"),
    pytest.param(("--metadata", "no_such_package:Base"), "The models 'no_such_package:Base' cannot be imported.", "ModuleNotFoundError", "prepend_sys_path", id="models that do not import"),
    pytest.param(("--metadata", "json:nothing"), "The models 'json:nothing' cannot be found.", "AttributeError", "package.module:Base", id="models that have no such attribute"),
    pytest.param(("--metadata", "json:dumps"), "'json:dumps' is not the models' MetaData.", "it is a function", "package.module:Base", id="models that are something else"),
    pytest.param(("--output", "nowhere/report.txt"), "Could not write the report to nowhere/report.txt.", "no folder", "--output", id="a report into a folder that is not there"),
    pytest.param(("--server", "embeded"), "Unknown server 'embeded'.", "known are auto, container, embedded", "did you mean 'embedded'?", id="an unknown server"),
    pytest.param(("--server", "mysql://user:secret@host/shop"), "Invalid server URL.", "mysql://***@host/shop", "postgresql://user:password@host:5432/database", id="the URL of another make of server"),
    pytest.param(("--server", "postgresql://user:secret@localhost:1/shop"), "Could not connect to the server", "onnection", "URL", id="a server that is down"),
    pytest.param(("--server", "postgresql:///shop?host=/nowhere"), "Could not connect to the server", "No such file", "start the server", id="a socket that is not there"),
]  # fmt: skip


def test_what_cannot_be_written_or_is_no_format_is_told_in_words_before_any_work(
    command_line: Check, tmp_path: Path
) -> None:
    nobody = "postgresql://nobody@127.0.0.1:1/nothing"
    profiled = command_line("profile", nobody, "--output", "nowhere/p.json")
    folder = command_line("profile", nobody, "--output", tmp_path)
    unknown = command_line("check", "--format", "xml")

    assert profiled.err.startswith("Could not write the profile to nowhere/p.json.\n  seen: there is no folder ")
    assert folder.err.startswith(f"Could not write the profile to {tmp_path}.\n  seen: it is a folder")
    assert (profiled.code, folder.code, unknown.code) == (2, 2, 2)
    assert "'--format': 'xml' is not one of 'text'" in unknown.err


@pytest.mark.parametrize(
    "given",
    [
        (
            'accepted = "nowhere/a.toml"',
            "--accept",
            "Could not write the accepted findings to nowhere/a.toml.",
            "no folder",
        ),
        ('structure = "versions"', "--write-structure", "Could not write the structure file to versions.", "a folder"),
        (
            'structure = "env.py/s.sql"',
            "--write-structure",
            "Could not write the structure file to env.py/s.sql.",
            "xists",
        ),
    ],
)
def test_a_file_of_the_settings_that_cannot_be_written_ends_in_one_message(
    given: tuple[str, str, str, str],
    example: Check,
    command_line: Check,
    quiet_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting, option, what, seen = given
    monkeypatch.chdir(example(edits={"pyproject.toml": f"[tool.pgharness]\n{setting}\n"}))

    ended = command_line("check", "--server", quiet_url, option)

    assert_one_message(ended, what, seen, "in [tool.pgharness]")


def test_an_alembic_ini_that_is_not_there_ends_in_one_message(command_line: Check) -> None:
    ended = command_line("check", "--alembic", "nowhere.ini")

    assert_one_message(ended, "Alembic configuration nowhere.ini not found.", "looked for", "--alembic PATH")


@pytest.mark.parametrize(("options", "what", "seen", "mend"), BROKEN_OPTIONS)
def test_a_broken_option_ends_in_one_message(
    check_example: Check, options: tuple[str, ...], what: str, seen: str, mend: str
) -> None:
    ended = check_example(*options)

    assert_one_message(ended, what, seen, mend)
    assert "secret" not in ended.err


@pytest.mark.parametrize(
    "command", [("diff", "{url}", "{url}"), ("snapshot", "{url}")], ids=lambda command: str(command[0])
)
def test_a_database_that_is_not_there_ends_in_one_message(command_line: Check, quiet_url: str, command: Any) -> None:
    url = quiet_url.replace("/postgres?", "/nowhere?")

    ended = command_line(*(part.format(url=url) for part in command))

    assert_one_message(
        ended, "Could not connect to the server", 'database "nowhere" does not exist', "that exist on the server"
    )


def test_a_baseline_that_does_not_run_ends_in_one_message(check_example: Check, tmp_path: Path) -> None:
    (tmp_path / "baseline.sql").write_text("CREATE TABLE shelf (id int);\nCREATE TABEL book (id int);\n")

    ended = check_example("--baseline", tmp_path / "baseline.sql", *GRAPH)

    assert_one_message(ended, "baseline.sql fails on an empty database", 'syntax error at or near "TABEL"', "plain SQL")


def test_a_database_in_sql_ascii_is_refused(own_server: Any, example: Check, command_line: Check) -> None:
    with own_server.connect() as connection:
        connection.execute(
            "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' STRATEGY file_copy"
        )
    url = own_server.database_url("bytes").render()

    ended = command_line("check", "--alembic", example() / "alembic.ini", "--server", url)

    with own_server.connect() as connection:
        connection.execute("DROP DATABASE bytes")
    assert_one_message(ended, "is in SQL_ASCII", "server_encoding is SQL_ASCII", "--encoding=UTF8")


def test_a_server_that_ends_during_the_run_is_told(example: Check, command_line: Check, tmp_path: Path) -> None:
    edits = {
        COUNTRY: (
            "def upgrade():",
            f"def upgrade():\n    op.execute(\"COPY (SELECT 1) TO PROGRAM 'head -1 {tmp_path}'\")",
        )
    }
    from pgharness.servers import open_server

    with open_server("embedded") as server:
        folder = Path(server.url.host)
        pid = (folder / "data" / "postmaster.pid").read_text().split()[0]
        edits = {
            COUNTRY: (
                "def upgrade():",
                f"def upgrade():\n    import os\n    os.kill({pid}, 3)\n    import time\n    time.sleep(0.5)",
            )
        }
        url = server.url.render()
        ended = command_line("check", "--alembic", example(edits=edits) / "alembic.ini", "--server", url, *GRAPH)

    assert_one_message(ended, "Lost the connection to the server during the run.", "no connection", "run again")


def test_a_revision_that_raises_is_a_finding_and_not_a_run_that_could_not_be_done(check_example: Check) -> None:
    ended = check_example("--format", "json", edits={COUNTRY: ("op.add_column(", "raise ValueError('no');(")})

    assert (ended.code, ended.err) == (1, "")
    assert [finding["check"] for finding in json.loads(ended.out)["findings"]] == ["upgrade"]


def test_a_revision_that_ends_the_process_is_a_finding(check_example: Check) -> None:
    edits = {COUNTRY: ("def upgrade():", "def upgrade():\n    import sys\n    sys.exit('enough')")}

    ended = check_example("--format", "json", edits=edits)

    assert ended.code == 1
    assert "SystemExit: enough" in json.loads(ended.out)["findings"][0]["message"]


def test_what_a_revision_prints_does_not_reach_the_report(check_example: Check) -> None:
    edits = {
        COUNTRY: (
            "def upgrade():",
            "def upgrade():\n    import sys\n    print('hello')\n    print('there', file=sys.stderr)",
        )
    }

    ended = check_example("--format", "json", *GRAPH, edits=edits)

    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["findings"] == []


def test_the_program_itself_ends_with_2_and_one_message(example: Check) -> None:
    program = Path(sys.executable).with_name("pgharness")
    command = [program, "check", "--alembic", example() / "alembic.ini", "--server", "postgresql://localhost:1/shop"]

    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})

    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"Could not connect to the server .*\.\n  seen: .*\n  fix: .*\n", done.stderr)


def assert_one_message(ended: Any, what: str, seen: str, mend: str) -> None:
    """Make sure that the run could not be done, and said so in three lines and nothing more."""
    assert (ended.code, ended.out) == (2, ""), ended
    lines = ended.err.splitlines()
    assert len(lines) == 3, ended.err
    assert what in lines[0]
    assert lines[1].startswith("  seen: ")
    assert seen in lines[1]
    assert lines[2].startswith("  fix: ")
    assert mend in lines[2]
