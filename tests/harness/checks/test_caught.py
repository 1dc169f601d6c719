"""`upgrade` tells a failure that the code of a revision catches as what it is, at its line; and nothing of code that asks first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.report.model import Cell
from pgharness.running import Run
from tests.harness.chains import ENV, Revision, sql, table

SHELF = table("shelf", "id int PRIMARY KEY, place text, word text")
ADDS = "op.add_column('shelf', sa.Column('place', sa.Text()))"
UNIQUE = "op.create_unique_constraint('shelf_key', 'shelf', ['word'])"
NESTED = "with op.get_bind().begin_nested():\n        {}"
AUTOCOMMIT = ENV.replace('"))', '"), isolation_level="AUTOCOMMIT")', 1)
DROPS = sql("ALTER TABLE shelf DROP CONSTRAINT IF EXISTS shelf_key")


def catching(act: str) -> str:
    """Return code that catches whatever an act raises, and goes on."""
    return f"try:\n    {act}\nexcept Exception:\n    print('could not add')"


def test_a_failure_that_is_caught_within_a_transaction_is_told_with_its_statement_and_what_comes_of_it(
    judge_chain: Callable[..., Run],
) -> None:
    later = f"{catching(ADDS)}\nop.execute(\"COMMENT ON TABLE shelf IS 'x'\")"

    last, then = (judge_chain(SHELF, Revision("adds", up), only=("upgrade",)) for up in (catching(ADDS), later))

    for run in (last, then):
        (found,) = run.report.findings
        assert (found.code, found.revision) == ("PGH-U001", "adds")
        assert "DuplicateColumn (SQLSTATE 42701)" in found.message
        assert "the code catches that and goes on" in found.message
        assert "statement: ALTER TABLE shelf ADD COLUMN place" in found.evidence
        assert found.line == 12
        assert found.mend.startswith("let it fail instead of catching it")


@pytest.mark.parametrize(
    ("env", "act"), [(AUTOCOMMIT, ADDS), (ENV, NESTED.format(ADDS))], ids=["outside of transactions", "a savepoint"]
)
def test_a_failure_that_is_caught_for_good_is_a_note(env: str, act: str, judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(SHELF, Revision("adds", catching(act)), only=("upgrade",), env=env)

    assert run.report.findings == ()
    (told,) = (one.message for one in run.report.notes if "the code catches that" in one.message)
    assert told.startswith("`ALTER TABLE shelf ADD COLUMN place TEXT` (line 1")
    assert "SQLSTATE 42701" in told


def test_a_failure_on_rows_that_is_caught_for_good_is_found(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(SHELF, Revision("adds", catching(NESTED.format(UNIQUE)), DROPS), only=("upgrade",))

    (found,) = run.report.findings
    assert (found.code, found.revision) == ("PGH-U010", "adds")
    assert "SQLSTATE 23505" in found.message


def test_nothing_is_said_where_the_code_asks_first(judge_chain: Callable[..., Run]) -> None:
    asks = f"if 'place' not in {{one['name'] for one in sa.inspect(op.get_bind()).get_columns('shelf')}}:\n    {ADDS}"

    run = judge_chain(SHELF, Revision("adds", asks), only=("upgrade",))

    assert run.report.findings == ()
    assert not any("catches" in one.message for one in run.report.notes)


def test_a_revision_for_which_a_newer_one_stands_is_not_shown_as_sound(judge_chain: Callable[..., Run]) -> None:
    """Where each statement is committed by itself, the newest revision stands for all that cannot be run again."""
    older, newer = (
        Revision(
            name,
            sql(f"ALTER TABLE shelf ADD {name}_1 int", f"ALTER TABLE shelf ADD {name}_2 int"),
            sql(f"ALTER TABLE shelf DROP {name}_1", f"ALTER TABLE shelf DROP {name}_2"),
        )
        for name in ("older", "newer")
    )

    report = judge_chain(SHELF, older, newer, only=("crash",), env=AUTOCOMMIT).report

    (result,) = (one for one in report.results if one.name == "crash")
    assert {one.revision for one in result.findings} == {"newer"}
    shown = {one.revision: report.cell(result, one)[0] for one in report.chain.revisions}
    assert shown["older"] == shown["newer"] == Cell.BROKEN
