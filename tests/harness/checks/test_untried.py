"""What met no row is told as untried, unless it was tried and fails on rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.checks import data
from pgharness.findings import Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.contents import Contents
from pgharness.records.revisions import Chain, Revision
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure, RevisionRecord, Step

EMPTY = Snapshot({}, 180000)
FILE = "0001.py"
FILLS, CLEANS = "UPDATE a SET x = y", "DELETE FROM a"
STEP = Step(tuple(Statement(one, file=FILE, line=9, rows=0) for one in (FILLS, CLEANS)), 0.0, EMPTY, met=Contents(()))
ITEM = RevisionRecord(Revision("0001", "0001", FILE, ()), EMPTY, STEP)
FAILS = Failure("Error", "too long", FILLS, "22001")


def untried(item: RevisionRecord) -> list[str]:
    """Return the statements that are told to be untried."""
    record = ChainRecord(Chain((item.revision,), ("0001",), ("0001",)), "alembic_version", (item,), EMPTY)
    told = [one.message for one in data.judge(record, lambda *_: ()) if isinstance(one, Note)]
    return [one.split("`")[1] for one in told if "met no row" in one]


def test_statements_that_met_no_row_are_untried() -> None:
    assert untried(ITEM) == [FILLS, CLEANS]


@pytest.mark.parametrize(
    "item",
    [
        replace(ITEM, upgrade_rows_failure=FAILS),
        replace(ITEM, reupgrade_rows_failure=FAILS),
        replace(ITEM, upgrade=Step((), 0.0, EMPTY), downgrade=STEP, downgrade_rows_failure=FAILS),
        replace(ITEM, upgrade=Step((), 0.0, EMPTY), downgrade=STEP, newer_rows_failure=FAILS),
    ],
    ids=["up", "up again", "down", "down on newer rows"],
)
def test_a_statement_that_fails_on_rows_was_tried(item: RevisionRecord) -> None:
    assert untried(item) == [CLEANS]


def test_what_fails_on_the_way_down_says_nothing_of_the_way_up() -> None:
    assert untried(replace(ITEM, downgrade_rows_failure=FAILS)) == [FILLS, CLEANS]


def test_a_loop_over_batches_whose_last_is_empty_was_tried() -> None:
    batches = tuple(
        Statement(f"UPDATE a SET x = y WHERE id BETWEEN {first} AND {first + 9}", file=FILE, line=9, rows=rows)
        for first, rows in ((1, 4), (11, 0))
    )
    assert untried(replace(ITEM, upgrade=replace(STEP, statements=batches))) == []
