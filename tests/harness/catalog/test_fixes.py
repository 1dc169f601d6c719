"""What is told of two schemas, typed in in the order in which it is told, leads from the one to the other, and the rows survive."""

from __future__ import annotations

import psycopg
import pytest

from pgharness.catalog.diff import difference
from pgharness.catalog.snapshot import take_snapshot
from pgharness.describing.comparing import compare_in_words
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
