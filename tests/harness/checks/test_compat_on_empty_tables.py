"""Where the code of a revision fails on whatever rows are made, the release before is tried on empty tables, and that is said."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.running import Run
from tests.harness.chains import Revision, sql, table
from tests.harness.runs import told

JudgeChain = Callable[..., Run]
THERE = table("form", "id serial PRIMARY KEY, body text NOT NULL")
OWN_FORM = "for row in op.get_bind().execute(sa.text('SELECT id, body FROM form')).all():\n    assert row.body[3] == '/' and len(row.body) == 9"
WANTED = ("upgrade", "compat")


def test_what_a_revision_does_to_the_release_before_is_told_though_it_fails_on_rows(judge_chain: JudgeChain) -> None:
    breaks = Revision("breaks", f"{OWN_FORM}\n{sql('ALTER TABLE form RENAME body TO text')}")

    report = judge_chain(THERE, breaks, only=WANTED).report

    assert {(one.check, one.revision) for one in report.findings} == {("compat", "breaks")}
    assert [one.message for one in report.notes if "where no row stood before the revision" in one.message] != []
    assert [one.name for one in report.results if one.is_missed] == []


def test_one_that_leaves_it_alone_passes_and_the_check_is_made(judge_chain: JudgeChain) -> None:
    sound = Revision("sound", f"{OWN_FORM}\n{sql('ALTER TABLE form ADD note text')}")

    report = judge_chain(THERE, sound, only=WANTED).report

    assert told(report.findings) == []
    assert [one.name for one in report.results if one.is_missed] == []


def test_one_that_fails_on_empty_tables_too_is_said_to_fail(judge_chain: JudgeChain) -> None:
    fails = Revision("fails", sql("ALTER TABLE nowhere ADD note text"))

    report = judge_chain(THERE, fails, only=WANTED).report

    assert [one.code for one in report.findings] == ["PGH-U001"]
