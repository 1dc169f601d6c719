"""Rows that one run of an upgrade passes over are there as it left them when the next revision runs, whatever a second run does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.running import Run
from tests.harness.chains import Revision, sql, table
from tests.harness.runs import told

JudgeChain = Callable[..., Run]

THERE = table("a", "id bigint PRIMARY KEY, name text NOT NULL")
ADDS = Revision("add", sql("ALTER TABLE a ADD copy text"), sql("ALTER TABLE a DROP copy"))
REQUIRES = Revision(
    "require", sql("ALTER TABLE a ALTER copy SET NOT NULL"), sql("ALTER TABLE a ALTER copy DROP NOT NULL")
)
PIECES = """
bind, done = op.get_bind(), 0
while ids := bind.execute(sa.text("SELECT id FROM a WHERE copy IS NULL ORDER BY id LIMIT 2 OFFSET {offset}")).scalars().all():
    for one in ids:
        bind.execute(sa.text("UPDATE a SET copy = name WHERE id = :id"), {{"id": one}})
    done += 2
"""
SKIPS = PIECES.replace('OFFSET {offset}")', 'OFFSET :done"), {{"done": done}}').format()
ONCE = 'op.execute("UPDATE a SET copy = name WHERE id IN (SELECT id FROM a WHERE copy IS NULL ORDER BY id LIMIT 2)")'


@pytest.mark.parametrize("fills", [SKIPS, ONCE], ids=["OFFSET", "one piece alone"])
def test_a_revision_that_forbids_null_fails_where_the_one_before_it_passed_over_rows(
    fills: str, judge_chain: JudgeChain
) -> None:
    findings = judge_chain(THERE, ADDS, Revision("fill", fills), REQUIRES, only=("upgrade", "data")).report.findings

    by_revision = {one.revision: one for one in findings}
    assert {one.revision: one.code for one in findings} == {"fill": "PGH-V009", "require": "PGH-U002"}
    assert "One run of upgrade() passes over 2 values" in by_revision["fill"].message
    assert "copy" in by_revision["require"].message


@pytest.mark.parametrize("down", ["pass", 'op.execute("UPDATE a SET copy = NULL")'], ids=["pass", "undone"])
def test_one_that_takes_all_of_them_in_pieces_lets_it_pass(down: str, judge_chain: JudgeChain) -> None:
    fills = Revision("fill", PIECES.format(offset=0), down)

    assert told(judge_chain(THERE, ADDS, fills, REQUIRES, only=("upgrade", "data")).report.findings) == []


def test_what_is_another_value_each_time_stays_what_the_last_run_gave(judge_chain: JudgeChain) -> None:
    chance = Revision("fill", sql("UPDATE a SET copy = random()::text"), "pass")

    findings = judge_chain(THERE, ADDS, chance, REQUIRES, only=("upgrade", "data")).report.findings

    assert {one.revision for one in findings} == {"fill"}
    assert [one.message for one in findings if "passes over" in one.message] == []
