"""What is told of two schemas, typed in in the order in which it is told, leads from the one to the other, and the rows survive."""

from __future__ import annotations

import psycopg
import pytest

from pgharness.catalog.diff import difference
from pgharness.catalog.snapshot import take_snapshot
from pgharness.describing.comparing import compare_in_words
from pgharness.describing.proposals import mend_migrations
from tests.harness.catalog.changed_schemas import WAYS
from tests.harness.catalog.fixing import Case, t
from tests.harness.catalog.renamed_schemas import RENAMES
from tests.harness.catalog.trying import Bench, run_operations, taken_back


@pytest.mark.parametrize("case", [*RENAMES.values(), *WAYS.values()], ids=[*RENAMES, *WAYS])
def test_what_is_told_leads_from_left_to_right_and_rows_survive(case: Case, bench: Bench) -> None:
    if case.since > bench.major.number:
        pytest.skip(f"since PostgreSQL {case.since}")
    with taken_back(bench.scratch) as (_, connection):
        connection.execute(case.right.encode() or b"SELECT")
        right = take_snapshot(connection)
    with taken_back(bench.scratch) as (alembic, connection):
        connection.execute((case.left or "SELECT").encode())
        if case.rows:
            connection.execute(case.rows.encode())
        found = compare_in_words(difference, take_snapshot(connection), right, names=("left", "right"))
        for one in found.told:
            assert found.proposals[one.key].reason == ""
            run_operations(alembic, found.proposals[one.key].operations)

        assert {one.key for one in found.told} == found.proposals.keys()
        assert [one for one in difference(take_snapshot(connection), right) if one.property != "position"] == []
        assert case.told is None or tuple(told.subject for told in found.told) == case.told


@pytest.mark.parametrize(
    ("right", "error"),
    [("a varchar(1)", psycopg.errors.StringDataRightTruncation), ("a text", None), ("a varchar(3)", None)],
)
def test_a_text_that_does_not_fit_is_refused_and_not_cut_off(
    right: str, error: type[psycopg.Error] | None, bench: Bench
) -> None:
    with taken_back(bench.scratch) as (_, connection):
        connection.execute(f"CREATE TABLE t (id integer PRIMARY KEY, {right})".encode())
        wanted = take_snapshot(connection)
    with taken_back(bench.scratch) as (alembic, connection):
        connection.execute((t() + "INSERT INTO t VALUES (1, 'abc')").encode())
        found = compare_in_words(difference, take_snapshot(connection), wanted, names=("left", "right"))
        operations = [line for one in found.told for line in found.proposals[one.key].operations]

        if error is None:
            run_operations(alembic, operations)
            assert connection.execute("SELECT a FROM t").fetchone() == ("abc",)
        else:
            with pytest.raises(Exception, match="value too long") as refused:
                run_operations(alembic, operations)
            assert isinstance(refused.value.__cause__ or refused.value, error)


@pytest.mark.parametrize(
    ("left", "right", "what"),
    [
        ("numeric(12,4)", "numeric(10,2)", "rounds what has more digits"),
        ("double precision", "integer", "rounds what has more digits"),
        ("timestamp", "date", "cuts the time short"),
        ("numeric(10,2)", "numeric(12,2)", ""),
        ("integer", "bigint", ""),
        ("integer", "numeric", ""),
        ("varchar(3)", "text", ""),
    ],
)
def test_what_the_values_of_a_column_lose_is_told_with_a_query_for_it(
    left: str, right: str, what: str, bench: Bench
) -> None:
    with taken_back(bench.scratch) as (_, connection):
        connection.execute(f"CREATE TABLE t (a {right})".encode())
        wanted = take_snapshot(connection)
    with taken_back(bench.scratch) as (_, connection):
        connection.execute(f"CREATE TABLE t (a {left}); INSERT INTO t VALUES (NULL)".encode())
        found = compare_in_words(difference, take_snapshot(connection), wanted, names=("left", "right"))
        caution = found.proposals[found.told[0].key].caution
        said, _, query = caution.partition(", without an error: ")

        assert said == what
        assert caution in mend_migrations(found.told[0], found.proposals)
        assert not query or connection.execute(query.encode()).fetchone() == (0,)


def test_a_check_that_cannot_be_told_leaves_a_value_to_be_filled_in(bench: Bench) -> None:
    with taken_back(bench.scratch) as (_, connection):
        connection.execute(b"CREATE TABLE t (a text NOT NULL CHECK (a ~ '^[A-Z]+$'))")
        wanted = take_snapshot(connection)
    with taken_back(bench.scratch) as (_, connection):
        connection.execute(b"CREATE TABLE t (a text CHECK (a ~ '^[A-Z]+$'))")
        found = compare_in_words(difference, take_snapshot(connection), wanted, names=("left", "right"))

    assert "SET a = <a value for which (a ~ '^[A-Z]+$'::text)>" in mend_migrations(found.told[0], found.proposals)


REFERRING = "CREATE TABLE u (id integer PRIMARY KEY); CREATE TABLE t (a integer {null} {unique} REFERENCES u);"


@pytest.mark.parametrize(
    ("unique", "value"),
    [
        ("UNIQUE", "<a key of public.u that no row of public.t has>"),
        ("", "(SELECT id FROM public.u ORDER BY 1 LIMIT 1)"),
    ],
)
def test_a_key_that_refers_to_another_is_filled_with_one_of_its_own_where_it_is_unique(
    unique: str, value: str, bench: Bench
) -> None:
    with taken_back(bench.scratch) as (_, connection):
        connection.execute(REFERRING.format(null="NOT NULL", unique=unique).encode())
        wanted = take_snapshot(connection)
    with taken_back(bench.scratch) as (_, connection):
        connection.execute(REFERRING.format(null="", unique=unique).encode())
        found = compare_in_words(difference, take_snapshot(connection), wanted, names=("left", "right"))

    assert f"SET a = {value}" in mend_migrations(found.told[0], found.proposals)
