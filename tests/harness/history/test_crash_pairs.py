"""`crash` tells each revision that cannot be stopped and run again, and none of the mended twins."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.running import Run
from tests.harness.history.crash_pairs import PAIRS
from tests.harness.history.pairs import chain_of, expectations


def test_each_fault_is_found_and_each_mended_twin_passes(judge_chain: Callable[..., Run]) -> None:
    report = judge_chain(*chain_of(PAIRS), only=("crash",)).report

    found = {(one.check, one.revision, one.subject): one for one in report.findings}
    assert sorted(found) == sorted(expectations(PAIRS)), "\n".join(map(str, report.findings))
    for pair in PAIRS:
        assert pair.says in found[pair.expected()].message
