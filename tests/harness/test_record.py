"""`pgharness record`: a command's statements, one of each kind, in a file that `compat` and `indices` read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgharness.plans import read_statement_file, read_statements
from pgharness.plans.recorded_file import file_of
from pgharness.plans.server_log import Sent, one_of_each_kind

LOG = """\
<m shop> LOG:  statement: BEGIN
<m shop> LOG:  execute <unnamed>: SELECT id FROM author WHERE name = $1 AND age > $2
<m shop> DETAIL:  Parameters: $1 = 'O''Hara, $9 = ''x''', $2 = NULL
<m shop> LOG:  execute s_1: SELECT id FROM author
\tWHERE name = $1 AND age > $2
<m shop> DETAIL:  parameters: $1 = 'b', $2 = '7'
<m shop> LOG:  statement: INSERT INTO author (name) VALUES ('a'), ('b');
<m shop> LOG:  statement: INSERT INTO author (name) VALUES ('c')
<m shop> ERROR:  duplicate key value violates unique constraint "author_name_key"
<m pgharness 17> LOG:  statement: SELECT secret FROM ours
<m shop> LOG:  execute <unnamed>: UPDATE author SET note = $1
<m shop> DETAIL:  Parameters: $1 = 'two
\tlines'
<m shop> LOG:  statement: SELECT oid FROM pg_catalog.pg_class
<m shop> LOG:  statement: SHOW transaction_isolation
<m shop> LOG:  statement: COMMIT
"""


def test_a_log_gives_one_statement_of_each_kind_with_the_parameters_of_the_first() -> None:
    assert one_of_each_kind(LOG, "<m") == (
        Sent("SELECT id FROM author WHERE name = $1 AND age > $2", ("'O''Hara, $9 = ''x'''", "NULL")),
        Sent("INSERT INTO author (name) VALUES ('a'), ('b')"),
        Sent("UPDATE author SET note = $1", ("'two\nlines'",)),
    )


def test_what_was_recorded_is_a_file_of_statements_with_names_and_samples() -> None:
    texts = read_statements(file_of(one_of_each_kind(LOG, "<m")))

    assert [(one.name, one.samples_sql) for one in texts] == [
        ("select author 1", "SELECT 'O''Hara, $9 = ''x''', NULL"),
        ("insert author 1", ""),
        ("update author 1", r"SELECT E'two\nlines'"),
    ]
    assert texts[2].sql == "UPDATE author SET note = $1"


def test_a_command_is_run_on_a_database_at_the_head_and_its_statements_are_written(
    example: Callable[..., Path], command_line: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = example(edits={"pyproject.toml": '[tool.pgharness]\nenvironment = { SHOP_URL = "{url}" }\n'})
    monkeypatch.chdir(project)
    program = (
        "import os, psycopg, sys\n"
        "with psycopg.connect(os.environ['SHOP_URL']) as connection:\n"
        "    for name in ('Ada', 'Bo'):\n"
        "        connection.execute('INSERT INTO author (name) VALUES (%s)', [name])\n"
        "    sys.exit(connection.execute('SELECT count(*) FROM author').fetchone()[0])\n"
    )

    ended = command_line("record", "--output", "sent.sql", "--", sys.executable, "-c", program)

    assert (ended.code, ended.out) == (2, "")
    assert "2 kinds of statements in sent.sql; the command ended with 2" in ended.err
    texts = read_statement_file(project / "sent.sql")
    assert [(one.name, one.samples_sql) for one in texts] == [
        ("insert author 1", "SELECT 'Ada'"),
        ("select author 1", ""),
    ]
