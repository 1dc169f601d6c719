"""What is told of two schemas, typed in in the order in which it is told, leads from the one to the other, and the rows survive."""

from __future__ import annotations

import pytest

from pgharness.catalog.diff import difference
from pgharness.catalog.snapshot import take_snapshot
from pgharness.describing.comparing import compare_in_words
from tests.harness.catalog.changed_schemas import WAYS
from tests.harness.catalog.fixing import Case
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
