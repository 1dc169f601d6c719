"""What is proposed for an enum whose labels are removed or moved makes both sides equal, or is left to be done by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.catalog.diff import difference
from pgharness.catalog.proposing import Mend, mend
from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Database, Databases
from tests.harness.catalog.trying import run_operations, taken_back

MOOD = "CREATE TYPE mood AS ENUM ({labels});"
BEFORE, AFTER = MOOD.format(labels="'a', 'b', 'c'"), MOOD.format(labels="'b', 'a'")

Sides = Callable[[str, str], tuple[Database, Database]]


@pytest.fixture
def sides(pg_databases: Databases) -> Sides:
    """Return what makes two databases by SQL."""

    def make(*scripts: str) -> tuple[Database, Database]:
        left, right = pg_databases.create_empty("left"), pg_databases.create_empty("right")
        for database, script in zip((left, right), scripts, strict=True):
            with database.connect() as connection:
                connection.execute(script)
        return left, right

    return make


def proposed(left: Database, right: Database) -> tuple[Mend, ...]:
    with left.connect() as ours, right.connect() as theirs:
        return mend(take_snapshot(ours), take_snapshot(theirs))


def assert_made_equal(left: Database, right: Database) -> None:
    mends = proposed(left, right)
    with taken_back(left) as (alembic, ours), right.connect() as theirs:
        for one in mends:
            run_operations(alembic, one.operations)

        assert difference(take_snapshot(ours), take_snapshot(theirs)) == ()


LED_OVER = {
    "a column": "CREATE TABLE e (c mood)",
    "a column with a default": "CREATE TABLE e (c mood DEFAULT 'a' NOT NULL)",
    "an array": "CREATE TABLE e (c mood[])",
    "a column that a view reads": "CREATE TABLE e (c mood); CREATE VIEW v AS SELECT c FROM e",
    "a column of which another is generated": "CREATE TABLE e (c mood, g boolean GENERATED ALWAYS AS (c = 'a') STORED)",
    "a column with a check and a partial index": "CREATE TABLE e (c mood CHECK (c <> 'b')); CREATE INDEX i ON e (c) WHERE c = 'a'",
}
BY_HAND = {
    "a child table": "CREATE TABLE e (c mood); CREATE TABLE f () INHERITS (e)",
    "a function's argument": "CREATE FUNCTION f(mood) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a partition key": "CREATE TABLE e (c mood) PARTITION BY LIST (c)",
    "a type of the name that the old one would get": "CREATE TABLE e (c mood); CREATE TYPE mood_before AS ENUM ('x')",
}


@pytest.mark.parametrize("tables", LED_OVER.values(), ids=LED_OVER)
def test_columns_are_led_over_to_a_new_type(tables: str, sides: Sides) -> None:
    assert_made_equal(*sides(f"{BEFORE} {tables}", f"{AFTER} {tables}"))


@pytest.mark.parametrize("tables", BY_HAND.values(), ids=BY_HAND)
def test_what_no_statement_leads_over_is_to_be_done_by_hand(tables: str, sides: Sides) -> None:
    (one,) = proposed(*sides(f"{BEFORE} {tables}", f"{AFTER} {tables}"))

    assert "labels can be neither removed nor moved" in one.reason
    assert one.operations == ()


def test_a_label_with_a_backslash_is_added_as_it_is(sides: Sides) -> None:
    assert_made_equal(*sides(MOOD.format(labels="'a'"), MOOD.format(labels=r"'a', 'back\slash'")))
