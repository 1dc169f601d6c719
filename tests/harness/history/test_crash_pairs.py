"""`crash` tells each revision that cannot be stopped and run again, and none of the mended twins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from pgharness.running import Run
from tests.harness.history.crash_pairs import PAIRS
from tests.harness.history.pairs import chain_of, expectations


def test_each_fault_is_found_and_each_mended_twin_passes(judge_chain: Callable[..., Run]) -> None:
    report = judge_chain(*chain_of(PAIRS), only=("crash",)).report

    said: defaultdict[tuple[str, str | None, str], list[str]] = defaultdict(list)
    mends: defaultdict[str | None, str] = defaultdict(str)
    for one in report.findings:
        said[one.check, one.revision, one.subject].append(one.message)
        mends[one.revision] += one.mend
    expected = set(expectations(PAIRS))
    assert expected <= set(said)
    assert {(check, revision) for check, revision, _ in said} == {(check, revision) for check, revision, _ in expected}
    for pair in PAIRS:
        assert any(pair.says in message for message in said[pair.expected()]), pair.slug
        assert pair.is_typed_in(mends[pair.name("bad")]), (pair.slug, mends[pair.name("bad")])
