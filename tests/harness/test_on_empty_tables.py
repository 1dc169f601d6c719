"""A revision that passes on rows and fails on empty tables is told as that, whatever env.py does, and the heads are judged all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.running import Run
from tests.harness.chains import ENV, Revision, sql, table
from tests.harness.runs import told

JudgeChain = Callable[..., Run]

APART = ENV.replace("connection=connection", "connection=connection, transaction_per_migration=True")
THERE = table("a", "id bigint PRIMARY KEY, name text NOT NULL, copy text")
FIRST = 'op.get_bind().execute(sa.text("SELECT name FROM a ORDER BY id")).first()'
COPIES = 'op.execute("UPDATE a SET copy = name WHERE copy IS NULL")'
TAKES_A_ROW = Revision("first", f"name = {FIRST}.name\n{COPIES}")
MINDS_NONE = Revision("first", f"row = {FIRST}\nif row is not None:\n    {COPIES}")
FAILS_ANYWAY = Revision("typo", sql("ALTER TABLE b ADD note text"))
MODELS = """
metadata = sa.MetaData()
sa.Table("a", metadata, sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False), sa.Column("name", sa.Text, nullable=False),
         sa.Column("copy", sa.Text))
"""
WITH_MODELS = APART.replace("\nengine", f"import sqlalchemy as sa\n{MODELS}\nengine", 1).replace(
    "connection=connection", "connection=connection, target_metadata=metadata"
)


@pytest.mark.parametrize("env", [ENV, APART], ids=["one transaction", "a transaction for each"])
def test_a_revision_that_changes_rows_alone_and_wants_one_is_told_as_that(env: str, judge_chain: JudgeChain) -> None:
    (finding,) = judge_chain(THERE, TAKES_A_ROW, env=env).report.findings

    assert (finding.code, finding.revision) == ("PGH-U005", "first")
    assert "transaction_per_migration" not in finding.mend


@pytest.mark.parametrize("env", [ENV, APART], ids=["one transaction", "a transaction for each"])
def test_one_that_minds_empty_tables_passes(env: str, judge_chain: JudgeChain) -> None:
    assert told(judge_chain(THERE, MINDS_NONE, env=env).report.findings) == []


def test_it_is_told_as_that_before_a_revision_that_fails_in_any_case(judge_chain: JudgeChain) -> None:
    findings = judge_chain(THERE, TAKES_A_ROW, FAILS_ANYWAY, env=APART).report.findings

    assert {one.revision: one.code for one in findings} == {"first": "PGH-U005", "typo": "PGH-U001"}


def test_what_stands_at_its_heads_is_judged_on_tables_with_rows(judge_chain: JudgeChain) -> None:
    wanted = ("upgrade", "drift", "autogenerate", "modes")
    report = judge_chain(THERE, TAKES_A_ROW, env=WITH_MODELS, only=wanted).report

    assert [one.name for one in report.results if not one.is_judged] == []
    assert [one.code for one in report.findings] == ["PGH-U005"]
    assert [one.message for one in report.notes if "the chain needs transaction_per_migration" in one.message] == []


HANGS_ON_ITS_PROCESS = """
    import sys
    if getattr(sys, "once", None):
        raise RuntimeError("once more")
    sys.once = True
"""


def test_no_setting_of_env_py_is_proposed_that_it_has_already(judge_chain: JudgeChain) -> None:
    twice = (Revision("one", HANGS_ON_ITS_PROCESS), Revision("two", HANGS_ON_ITS_PROCESS))

    findings = judge_chain(table("a"), *twice, env=APART).report.findings

    assert [one.code for one in findings if "transaction_per_migration=True" in one.mend] == []
