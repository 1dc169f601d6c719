"""Two prints of one definition are the same where the server reads them as the same, and only there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pgharness.catalog.diff import difference
from pgharness.catalog.facts import Snapshot
from pgharness.catalog.rereading import in_the_words_of, spelled
from pgharness.catalog.script import render_sql
from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Databases
from pgharness.servers import Connection

MOVING = """
CREATE TABLE item (
    id integer PRIMARY KEY, state varchar(10) CHECK (state IN ('x', 'y')), code varchar(10),
    is_x boolean GENERATED ALWAYS AS (state IN ('x', 'z')) STORED, seen timestamptz DEFAULT {now}
);
CREATE UNIQUE INDEX ix_item_code ON item (code) WHERE state IN ('x', 'z') AND code LIKE 'a%%';
CREATE VIEW open_item AS SELECT id FROM item WHERE state NOT IN ('y', {label});
CREATE POLICY p ON item USING (state IN ('x', 'y'));
CREATE DOMAIN grade AS varchar CHECK (VALUE IN ('a', 'b'));
"""


@contextmanager
def _scratch(databases: Databases) -> Iterator[Connection]:
    with databases.experiment("reread") as database, database.connect() as connection:
        yield connection


def _made(databases: Databases, script: str) -> Snapshot:
    with _scratch(databases) as connection:
        connection.execute(script.encode())
        return take_snapshot(connection)


def _unmade() -> Connection:
    raise AssertionError("no database is needed")


def test_what_a_restored_dump_prints_otherwise_is_the_same_and_what_says_another_thing_is_not(
    pg_databases: Databases,
) -> None:
    made = _made(pg_databases, MOVING.format(now="now()", label="'z'").replace("%%", "%"))
    other = _made(pg_databases, MOVING.format(now="CURRENT_TIMESTAMP", label="'w'").replace("%%", "%"))
    restored = _made(pg_databases, render_sql(other))

    moved = {(item.kind, item.property) for item in difference(made, restored)}
    left = difference(made, in_the_words_of(made, restored, lambda: _scratch(pg_databases)))

    assert len(moved) >= 6
    assert [(item.kind, item.object) for item in left] == [("view", "public.open_item")]


def test_equal_snapshots_are_told_without_a_database(pg_databases: Databases) -> None:
    made = _made(pg_databases, "CREATE TABLE item (id integer CHECK (id > 0))")

    assert in_the_words_of(made, made, _unmade) is made


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("CURRENT_TIMESTAMP", "now()"),
        ("transaction_timestamp()", "now()"),
        ("CHECK ((is_sold = true))", "CHECK (is_sold)"),
        ("CHECK (((is_sold = true) AND (pages > 0)))", "CHECK ((is_sold AND (pages > 0)))"),
        ('CHECK (("Sold" = false))', 'CHECK ((NOT "Sold"))'),
        ("CHECK ((note = '(x = true)'::text))", "CHECK ((note = '(x = true)'::text))"),
        ("('CURRENT_TIMESTAMP'::text)", "('CURRENT_TIMESTAMP'::text)"),
        ('shop.transaction_timestamp() + "CURRENT_TIMESTAMP"', 'shop.transaction_timestamp() + "CURRENT_TIMESTAMP"'),
        ("CURRENT_TIMESTAMP(3)", "CURRENT_TIMESTAMP(3)"),
    ],
)
def test_the_moment_of_the_transaction_has_one_name(printed: str, read: str) -> None:
    assert spelled(printed) == read


def test_defaults_that_store_the_same_value_are_the_same_and_others_are_not(pg_databases: Databases) -> None:
    columns = "a numeric(10,2) DEFAULT {}, b boolean DEFAULT {}, c numeric(4,1) DEFAULT {}, d text DEFAULT {}, e integer DEFAULT {}"
    made = _made(pg_databases, f"CREATE TABLE item ({columns.format('0.00', 'true', '0.25', quoted('0'), '1')})")
    other = _made(
        pg_databases,
        f"CREATE TABLE item ({columns.format(quoted('0'), quoted('t'), '0.3', quoted('0.00'), 'floor(2)')})",
    )

    left = difference(made, in_the_words_of(made, other, lambda: _scratch(pg_databases)))

    assert [item.object for item in left] == ["public.item.d", "public.item.e"]


def test_defaults_of_the_same_value_are_the_same_though_one_is_an_expression(pg_databases: Databases) -> None:
    table = (
        "CREATE TABLE item (a text[] DEFAULT {}, b text DEFAULT {}, c timestamptz DEFAULT {}, d integer[] DEFAULT {})"
    )
    made = _made(pg_databases, table.format("'{}'", "'AB'", "now()", "'{1,2}'"))
    other = _made(pg_databases, table.format("ARRAY[]::text[]", "'A' || 'B'", "clock_timestamp()", "ARRAY[1, 3]"))

    left = difference(made, in_the_words_of(made, other, lambda: _scratch(pg_databases)))

    assert [item.object for item in left] == ["public.item.c", "public.item.d"]


EMPTY = {
    "an array of a type of the chain's own": ("mood[]", "'{}'", "ARRAY[]::mood[]", "'{sad}'"),
    "a label of one": ("mood", "'sad'", "('sad'::mood)", "'ok'"),
    "an empty object": ("jsonb", "'{}'", "jsonb_build_object()", "'[]'"),
    "an empty list": ("json", "'[]'", "json_build_array()", "'{}'"),
    "an object": ("jsonb", "'{\"a\": 1}'", "jsonb_build_object('a', 1)", "jsonb_build_object('a', 2)"),
    "a text of parts": ("text", "'a-b'", "concat('a', '-', 'b')", "concat('a', '-', 'c')"),
    "a number of a domain": ("few", "2", "(1 + 1)", "3"),
}


@pytest.mark.parametrize(("data_type", "plain", "built", "another"), EMPTY.values(), ids=EMPTY)
def test_a_default_that_is_built_is_the_literal_that_it_comes_to(
    data_type: str, plain: str, built: str, another: str, pg_databases: Databases
) -> None:
    table = "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN few AS integer; CREATE TABLE item (a {} DEFAULT {})"
    made, other, third = (_made(pg_databases, table.format(data_type, one)) for one in (plain, built, another))

    def differs(right: Snapshot) -> bool:
        return bool(difference(made, in_the_words_of(made, right, lambda: _scratch(pg_databases))))

    assert (differs(other), differs(third)) == (False, True)


@pytest.mark.parametrize(
    ("data_type", "left", "right"),
    [
        ("text", "concat('a', now())", "'a'"),
        ("jsonb", "jsonb_build_object('at', now())", "jsonb_build_object('at', clock_timestamp())"),
        ("jsonb", "jsonb_build_object('at', CURRENT_DATE)", "jsonb_build_object('at', now()::date)"),
        ("double precision", "random()", "0"),
        ("uuid", "gen_random_uuid()", "uuidv4()"),
        ("text", "current_user", "session_user"),
        ("text", "current_setting('TimeZone')", "concat('Etc', '/UTC')"),
        ("text", "constant()", "'a'"),
    ],
)
def test_a_default_of_the_clock_of_chance_or_of_the_session_is_no_literal(
    data_type: str, left: str, right: str, pg_databases: Databases
) -> None:
    table = "CREATE FUNCTION constant() RETURNS text STABLE LANGUAGE plpgsql AS 'BEGIN RETURN ''a''; END'; CREATE TABLE item (a {} DEFAULT {})"
    made, other = (_made(pg_databases, table.format(data_type, one)) for one in (left, right))

    assert difference(made, in_the_words_of(made, other, lambda: _scratch(pg_databases)))


def test_defaults_that_are_one_expression_in_two_spellings_are_the_same(pg_databases: Databases) -> None:
    table = "CREATE TABLE item (a timestamp DEFAULT {}, b timestamp DEFAULT {}, c date DEFAULT {})"
    made = _made(pg_databases, table.format("(now() AT TIME ZONE 'utc')", "timezone('utc', now())", "now()"))
    other = _made(
        pg_databases, table.format("timezone('utc', now())", "(now() AT TIME ZONE 'cet')", "now() + interval '1 day'")
    )

    left = difference(made, in_the_words_of(made, other, lambda: _scratch(pg_databases)))

    assert [item.object for item in left] == ["public.item.b", "public.item.c"]


def quoted(text: str) -> str:
    """Write a text as SQL does."""
    return f"'{text}'"
