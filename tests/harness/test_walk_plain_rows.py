"""A revision that fails where two rows are alike or hold NULL is judged on rows of which that is not true, and those behind it on all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pgharness.report.model import Cell
from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

JudgeChain = Callable[..., Run]

PERSON = table("person", "id bigint PRIMARY KEY, last_name text, height numeric(20,2)")
UNIQUE = "ALTER TABLE person ADD CONSTRAINT person_key UNIQUE (last_name)"
LOSES = Revision(
    "loses",
    sql(UNIQUE, "ALTER TABLE person ALTER height TYPE integer"),
    sql("ALTER TABLE person ALTER height TYPE numeric(20,2)", "ALTER TABLE person DROP CONSTRAINT person_key"),
)
KEEPS = Revision(
    "keeps",
    sql(UNIQUE, "COMMENT ON TABLE person IS 'who lives here'"),
    sql("COMMENT ON TABLE person IS NULL", "ALTER TABLE person DROP CONSTRAINT person_key"),
)
REQUIRES = Revision(
    "requires",
    sql("ALTER TABLE person ALTER height SET NOT NULL"),
    sql("ALTER TABLE person ALTER height DROP NOT NULL"),
)
ADDS = Revision(
    "adds",
    sql("UPDATE person SET height = 0 WHERE height IS NULL", "ALTER TABLE person ADD code text NOT NULL"),
    sql("ALTER TABLE person DROP code"),
)
CHECKS = ("upgrade", "roundtrip", "data")


def told(run: Run) -> list[tuple[str | None, str]]:
    """Return the revision and the code of each finding."""
    return [(one.revision, one.code) for one in run.report.findings]


def cells(run: Run) -> list[Cell]:
    """Return what the grid says of `data`, revision by revision."""
    (result,) = (one for one in run.report.results if one.name == "data")
    return [run.report.cell(result, one)[0] for one in run.report.chain.revisions]


def test_what_a_revision_loses_is_found_though_two_rows_are_in_its_way(judge_chain: JudgeChain) -> None:
    run = judge_chain(PERSON, LOSES, only=CHECKS)

    assert told(run) == [("loses", "PGH-U002"), ("loses", "PGH-V003")]
    words = "upgrade() passes on rows that all differ and hold no NULL, but fails on tables with rows, where two rows share last_name"
    assert run.report.findings[0].message.startswith(words)


def test_nothing_but_the_rows_in_its_way_is_found_of_a_revision_that_keeps_all(judge_chain: JudgeChain) -> None:
    run = judge_chain(PERSON, KEEPS, only=CHECKS)

    assert told(run) == [("keeps", "PGH-U002")]


def test_what_comes_behind_meets_rows_that_share_values_and_hold_null(judge_chain: JudgeChain) -> None:
    run = judge_chain(PERSON, KEEPS, REQUIRES, only=CHECKS)

    assert told(run) == [("keeps", "PGH-U002"), ("requires", "PGH-U002")]


def test_a_revision_that_fails_on_any_row_says_that_its_rows_were_not_looked_at(judge_chain: JudgeChain) -> None:
    run = judge_chain(PERSON, ADDS, only=CHECKS)

    assert told(run) == [("adds", "PGH-U002")]
    assert run.report.findings[0].message.startswith("upgrade() passes on empty tables but fails on tables with rows")
    notes = [one.message for one in run.report.notes if one.revision == "adds" and one.check == "data"]
    assert notes == ["what it does to rows was not looked at, as it fails on them (PGH-U002): mend that first"]
    assert cells(run) == [Cell.HOLDS, Cell.UNTRIED]


def test_a_revision_that_passes_on_plain_rows_has_been_looked_at(judge_chain: JudgeChain) -> None:
    run = judge_chain(PERSON, KEEPS, only=CHECKS)

    assert cells(run) == [Cell.HOLDS, Cell.HOLDS]


MAPS = "for (one,) in op.get_bind().execute(sa.text('SELECT last_name FROM person WHERE last_name IS NOT NULL')).all():\n    one + 1"
DEDUPES = Revision(
    "dedupes",
    sql("DELETE FROM person WHERE last_name = 'none such'", UNIQUE),
    sql("ALTER TABLE person DROP CONSTRAINT person_key"),
)


@pytest.mark.parametrize("failing", [Revision("maps", MAPS), DEDUPES], ids=["its code", "its statement"])
def test_what_fails_on_rows_on_which_one_before_was_to_work_is_not_blamed(
    failing: Revision, judge_chain: JudgeChain
) -> None:
    run = judge_chain(PERSON, failing, REQUIRES, only=CHECKS)

    assert [one for one in told(run) if one[1] == "PGH-U002"] == [(failing.slug, "PGH-U002")]
    assert any(
        "nothing is said of those that fail on them behind it: [requires]" in one.message for one in run.report.notes
    )


ALLOWS = Revision("allows", sql("ALTER TABLE person ALTER height SET NOT NULL"), top='allow = {"data": "meant"}')


def test_what_a_revision_allows_that_fails_on_rows_may_be_used_yet(judge_chain: JudgeChain) -> None:
    given = replace(ALLOWS, up=sql("COMMENT ON TABLE person IS 'who lives here'"))

    failing, passing = (told(judge_chain(PERSON, one, only=CHECKS)) for one in (ALLOWS, given))

    assert ("allows", "PGH-X003") not in failing
    assert ("allows", "PGH-X003") in passing


@pytest.mark.parametrize("fault", ["", " / 0"], ids=["sound", "faulty"])
def test_rows_that_all_differ_have_null_where_the_revision_looks_for_it(fault: str, judge_chain: JudgeChain) -> None:
    """Or its loop would never run, and nobody would be told."""
    fills = (
        "for (id_,) in op.get_bind().execute(sa.text('SELECT id FROM person WHERE height IS NULL')).all():\n"
        f"    op.get_bind().execute(sa.text('UPDATE person SET height = id{fault} WHERE id = :id'), {{'id': id_}})\n"
    )
    keyed = Revision("keyed", f"{sql(UNIQUE)}\n{fills}", sql("ALTER TABLE person DROP CONSTRAINT person_key"))

    run = judge_chain(PERSON, keyed, only=CHECKS)

    (found,) = (one for one in run.report.findings if one.revision == "keyed")
    assert found.code == "PGH-U002"
    if fault:
        assert found.message.startswith("upgrade() passes on empty tables")
        assert cells(run) == [Cell.HOLDS, Cell.UNTRIED]
    else:
        assert found.message.startswith("upgrade() passes on rows that all differ")
        loops = [one for one in run.record.revisions[-1].upgrade.statements if one.sql.startswith("UPDATE person")]
        assert len(loops) == 1
