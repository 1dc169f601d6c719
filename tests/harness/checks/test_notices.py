"""`notices` tells what is alike as one cause; its findings themselves are pairs."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.report.causes import causes
from pgharness.running import Run
from tests.harness.chains import Revision, table

LOOP = "for name in ('old_a', 'old_b', 'old_c'):\n    op.execute(f'DROP INDEX IF EXISTS {name}')"


def test_names_that_a_loop_drops_in_vain_are_one_cause(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(table("author"), Revision("drops", LOOP), only=("notices",))

    (cause,) = causes(run.report.findings)
    assert (cause.first.code, len(cause.findings)) == ("PGH-N003", 3)
    assert cause.message == "A DROP … IF EXISTS drops nothing: no revision of the chain makes what it names."
