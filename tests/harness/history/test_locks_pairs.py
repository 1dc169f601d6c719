"""`locks` tells each fault of its table at the right revision and table, and nothing of the mended twins."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.running import Run
from tests.harness.history.locks_pairs import PAIRS
from tests.harness.history.pairs import chain_of, expectations


def test_each_fault_is_told_and_no_mended_twin_is(judge_chain: Callable[..., Run]) -> None:
    report = judge_chain(*chain_of(PAIRS), only=("locks",), strict=("old locks",)).report

    told = [(one.check, one.revision, one.subject) for one in report.findings]
    missing = set(expectations(PAIRS)) - set(told)
    assert (missing, [one for one in told if one not in set(expectations(PAIRS))]) == (set(), [])
    for pair in PAIRS:
        said = [one.message for one in report.findings if one.revision == pair.name("bad")]
        assert any(pair.says in message for message in said), said
