"""`notices` tells what the server remarks of a revision that does something else than it says, and nothing of its twin."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.running import Run
from tests.harness.history.notices_pairs import PAIRS
from tests.harness.history.pairs import chain_of, expectations


def test_each_remark_that_betrays_a_fault_is_told_at_its_revision_and_no_other(
    judge_chain: Callable[..., Run],
) -> None:
    report = judge_chain(*chain_of(PAIRS), only=("notices",)).report

    found = {(one.check, one.revision, one.subject): one for one in report.findings}
    assert sorted(found) == sorted(expectations(PAIRS))
    unsaid = {pair.slug for pair in PAIRS if pair.says not in found[pair.expected()].message}
    assert unsaid == set()
