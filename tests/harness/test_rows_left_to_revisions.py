"""A new column or table that one of the next revisions fills itself has no rows of ours, which nobody could have written there before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

CHECKS = ("upgrade", "roundtrip", "data", "modes", "crash")
ITEM = table("item", "id bigint PRIMARY KEY, price numeric(12,2)")
ADDS = Revision("adds", sql("ALTER TABLE item ADD cents bigint"), sql("ALTER TABLE item DROP cents"))
FILL = "UPDATE item SET cents = price * 100 WHERE cents IS NULL"
BACK = "UPDATE item SET price = cents / 100.0"
FILLS = Revision("fills", sql(FILL), sql(BACK, "UPDATE item SET cents = NULL"))
FILLS_SOME = Revision(
    "fills_some", sql(f"{FILL} AND price > 2"), sql(f"{BACK} WHERE price > 2", "UPDATE item SET cents = NULL")
)
OVERWRITES = Revision("overwrites", sql("UPDATE item SET cents = price * 100"))
REQUIRES = Revision(
    "requires",
    sql("UPDATE item SET cents = 0, price = 0 WHERE price IS NULL", "ALTER TABLE item ALTER cents SET NOT NULL"),
    sql("ALTER TABLE item ALTER cents DROP NOT NULL"),
)
ARCHIVE = Revision("archive", sql("CREATE TABLE old_item (id bigint, price numeric(12,2))"), sql("DROP TABLE old_item"))
MOVES = Revision(
    "moves",
    sql(
        "INSERT INTO old_item SELECT id, price FROM item WHERE price < 3",
        "DELETE FROM item WHERE id IN (SELECT id FROM item WHERE price < 3)",
    ),
    sql("INSERT INTO item SELECT id, price FROM old_item", "DELETE FROM old_item"),
)
NUMBERS = Revision(
    "numbers",
    sql("ALTER TABLE old_item ADD CONSTRAINT old_item_key UNIQUE (id)"),
    sql("ALTER TABLE old_item DROP CONSTRAINT old_item_key"),
)


def told(run: Run) -> list[tuple[str | None, str]]:
    """Return the revision and the code of each finding."""
    return [(one.revision, one.code) for one in run.report.findings]


def test_a_column_is_added_filled_and_required_in_revisions_of_their_own(judge_chain: Callable[..., Run]) -> None:
    sound = Revision(
        "requires", sql("ALTER TABLE item ALTER price SET DEFAULT 0"), sql("ALTER TABLE item ALTER price DROP DEFAULT")
    )

    run = judge_chain(ITEM, ADDS, FILLS, sound, only=CHECKS)

    assert told(run) == []


def test_what_the_filling_leaves_out_is_found_where_it_is_required(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(ITEM, ADDS, FILLS_SOME, REQUIRES, only=("upgrade",))

    assert told(run) == [("requires", "PGH-U002")]


def test_a_filling_that_overwrites_what_people_have_entered_is_found(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(ITEM, ADDS, OVERWRITES, only=("upgrade", "data"))

    assert told(run) == [("overwrites", "PGH-V001")]


def test_rows_are_moved_to_a_table_that_was_made_before(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(ITEM, ARCHIVE, MOVES, NUMBERS, only=CHECKS)

    assert told(run) == []


@pytest.mark.parametrize(
    ("where", "codes"), [("", []), (" WHERE id > 1000000", ["PGH-V005"])], ids=["whole", "in part"]
)
def test_a_table_in_whose_place_another_one_is_filled_has_rows(
    where: str, codes: list[str], judge_chain: Callable[..., Run]
) -> None:
    """It has the name of what the revision fills, and what it fills that from."""
    swap = Revision(
        "swap",
        sql(
            "ALTER TABLE visit RENAME TO visit_old",
            "CREATE TABLE visit (id int NOT NULL, at date NOT NULL) PARTITION BY RANGE (at)",
            "CREATE TABLE visit_all PARTITION OF visit DEFAULT",
            f"INSERT INTO visit SELECT * FROM visit_old{where}",
            "DROP TABLE visit_old",
        ),
        sql(
            "CREATE TABLE visit_old (id int NOT NULL, at date NOT NULL)",
            "INSERT INTO visit_old SELECT * FROM visit",
            "DROP TABLE visit",
            "ALTER TABLE visit_old RENAME TO visit",
        ),
    )

    run = judge_chain(table("visit", "id int NOT NULL, at date NOT NULL"), swap, only=("upgrade", "data"))

    assert [one.code for one in run.report.findings] == codes
    assert not any("met no row" in one.message and "visit SELECT" in one.message for one in run.report.notes) or where
