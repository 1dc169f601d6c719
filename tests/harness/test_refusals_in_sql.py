"""A revision that refuses rows by RAISE in a block of its own refuses as one that raises in Python does; what a trigger raises is a failure."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

CHECKS = ("upgrade", "roundtrip", "data")
ITEM = table("item", "id bigint PRIMARY KEY, price numeric")
JOB = table("job", "id bigint PRIMARY KEY, rank integer CHECK (rank <= 5)")
ADDS = "ALTER TABLE item ADD CONSTRAINT added CHECK (price >= 0)"
DROPS = "ALTER TABLE item DROP CONSTRAINT added"
REFUSES_UP = "DO $$ BEGIN IF EXISTS (SELECT FROM item WHERE price < 0) THEN RAISE EXCEPTION 'prices are negative'; END IF; END $$"
WIDER = ("ALTER TABLE job DROP CONSTRAINT job_rank_check", "ALTER TABLE job ADD CONSTRAINT wider CHECK (rank <= 50)")
BACK = ("ALTER TABLE job DROP CONSTRAINT wider", "ALTER TABLE job ADD CONSTRAINT job_rank_check CHECK (rank <= 5)")
REFUSES_DOWN = (
    "DO $$ BEGIN IF EXISTS (SELECT FROM job WHERE rank > 5) THEN RAISE EXCEPTION 'ranks are high'; END IF; END $$"
)
GUARD = (
    "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'prices stay'; END $$",
    "CREATE TRIGGER guard BEFORE UPDATE ON item FOR EACH ROW WHEN (OLD.price < 0) EXECUTE FUNCTION guard()",
)


def test_an_upgrade_that_refuses_rows_in_a_block_says_so(judge_chain: Callable[..., Run]) -> None:
    report = judge_chain(ITEM, Revision("adds", sql(REFUSES_UP, ADDS), sql(DROPS)), only=CHECKS).report

    assert [(one.code, one.message) for one in report.findings] == []
    assert any("upgrade() refuses rows that were made for it" in one.message for one in report.notes)


def test_a_downgrade_that_refuses_rows_in_a_block_says_so(judge_chain: Callable[..., Run]) -> None:
    report = judge_chain(JOB, Revision("widens", sql(*WIDER), sql(REFUSES_DOWN, *BACK)), only=CHECKS).report

    assert [(one.code, one.message) for one in report.findings] == []
    assert any(
        "downgrade() refuses rows that only the new schema admits: ranks are high" in one.message
        for one in report.notes
    )


def test_a_downgrade_that_refuses_in_a_block_and_declares_it_passes(judge_chain: Callable[..., Run]) -> None:
    refuses = sql("DO $$ BEGIN RAISE EXCEPTION 'there is no way back'; END $$")
    drops = Revision("drops", sql("ALTER TABLE item DROP price"), refuses, 'irreversible = "prices are gone"')

    report = judge_chain(ITEM, drops, only=CHECKS).report

    assert [(one.code, one.message) for one in report.findings] == []


@pytest.mark.parametrize(
    "sends",
    ["UPDATE item SET price = 0 WHERE price < 0", "DO $$ BEGIN UPDATE item SET price = 0 WHERE price < 0; END $$"],
)
def test_what_a_trigger_raises_is_no_refusal_of_the_revision(sends: str, judge_chain: Callable[..., Run]) -> None:
    guarded = Revision("guarded", sql(*GUARD), sql("DROP TRIGGER guard ON item", "DROP FUNCTION guard"))
    adds = Revision("adds", sql(sends, ADDS), sql(DROPS))

    report = judge_chain(ITEM, guarded, adds, only=CHECKS).report

    assert [(one.revision, one.code) for one in report.findings] == [("adds", "PGH-U002")]
