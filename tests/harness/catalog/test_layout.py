"""Functions that part in their layout alone are equal; what a blank means something in is not."""

from __future__ import annotations

import pytest

from pgharness.catalog.diff import difference
from pgharness.catalog.snapshot import take_snapshot
from tests.harness.catalog.trying import Bench, taken_back

BODY = "BEGIN IF NEW.a IS NULL THEN RAISE EXCEPTION 'a  b'; END IF; RETURN NEW; END"
INDENTED = """
    BEGIN
        IF NEW.a IS NULL THEN
            RAISE EXCEPTION 'a  b';
        END IF;
        RETURN NEW;
    END
"""


def _function(body: str, head: str = "RETURNS trigger LANGUAGE plpgsql") -> str:
    return f"CREATE FUNCTION f() {head} AS $f${body}$f$"


@pytest.mark.parametrize(
    ("left", "right", "is_equal"),
    [
        pytest.param(_function(BODY), _function(INDENTED), True, id="indentation"),
        pytest.param(_function(INDENTED), _function(INDENTED.replace("\n", "\r\n")), True, id="ends of lines"),
        pytest.param(_function(BODY), _function(BODY.replace("a  b", "a b")), False, id="a blank in a text"),
        pytest.param(_function(BODY), _function(BODY.replace("NEW.a", 'NEW."a "')), False, id="a blank in a name"),
        pytest.param(_function(BODY), _function(BODY.replace("NULL", "NOT NULL")), False, id="another condition"),
        pytest.param(
            _function("-- so\nBEGIN RETURN NEW; END"),
            _function("-- so BEGIN RETURN NEW; END\nBEGIN RETURN OLD; END"),
            False,
            id="a comment to the end of its line",
        ),
        pytest.param(
            _function("SELECT 1", "RETURNS int LANGUAGE sql"),
            _function("\n  SELECT\n    1\n", "RETURNS int LANGUAGE sql"),
            True,
            id="sql",
        ),
        pytest.param(
            _function("SELECT 1", "RETURNS int LANGUAGE sql"),
            _function("SELECT  1", "RETURNS int LANGUAGE sql IMMUTABLE"),
            False,
            id="another volatility",
        ),
    ],
)
def test_layout_is_no_difference(left: str, right: str, bench: Bench, *, is_equal: bool) -> None:
    snapshots = []
    for statement in (left, right):
        with taken_back(bench.scratch) as (_, connection):
            connection.execute(statement.encode())
            snapshots.append(take_snapshot(connection))

    assert (difference(*snapshots) == ()) == is_equal
    assert snapshots[0] != snapshots[1]
