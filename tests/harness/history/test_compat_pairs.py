"""`compat`: for each way to break the release before, a revision in which it is found, and one that does the same soundly."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.running import Run
from tests.harness.history.compat_pairs import PAIRS
from tests.harness.history.pairs import chain_of, expectations


@pytest.fixture
def run(judge_chain: Callable[..., Run]) -> Run:
    """Judge all pairs in one chain, as one deployment that comes upon a release that knows all their tables."""
    return judge_chain(*chain_of(PAIRS), only=("compat",), since="before", strict=("given numbers",))


def test_each_fault_is_found_at_its_revision_and_object_and_no_mended_twin_has_a_finding(run: Run) -> None:
    found = {(one.check, one.revision, one.subject) for one in run.report.findings}

    assert found == set(expectations(PAIRS))
    messages = {one.revision: one.message for one in run.report.findings}
    assert [pair.slug for pair in PAIRS if pair.says not in messages[pair.name("bad")]] == []
    mends = {one.revision: one.mend for one in run.report.findings}
    assert [pair.slug for pair in PAIRS if not pair.is_typed_in(mends[pair.name("bad")])] == []
    assert all(one.evidence.startswith("statement: ") for one in run.report.findings)
    assert all("after_deploy" in one.mend for one in run.report.findings)
    counted = [one for one in run.report.findings if "pg_get_serial_sequence" in one.mend]
    assert [one.revision for one in counted] == ["bad_sequence_behind"]
    assert f"behind line {counted[0].line} of " in counted[0].mend
