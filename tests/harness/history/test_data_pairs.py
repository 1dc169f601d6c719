"""`data` tells each revision that loses or changes contents by its column or table, and says nothing of its twin that keeps them."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.running import Run
from tests.harness.history.data_pairs import PAIRS
from tests.harness.history.pairs import chain_of, expectations


def test_each_loss_is_told_at_its_revision_and_no_twin_that_keeps_what_stands_there(
    judge_chain: Callable[..., Run],
) -> None:
    report = judge_chain(*chain_of(PAIRS), only=("data",)).report

    found = {(one.check, one.revision, one.subject): one for one in report.findings}
    charged = {revision for _, revision, _ in found}
    assert set(expectations(PAIRS)) - found.keys() == set()
    assert charged == {pair.name("bad") for pair in PAIRS}
    unsaid = {pair.slug for pair in PAIRS if pair.says not in found[pair.expected()].message}
    assert unsaid == set()
    assert [pair.slug for pair in PAIRS if not pair.is_typed_in(found[pair.expected()].mend)] == []
    renamed = {one.revision for one in found.values() if "rename it" in one.mend}
    assert renamed == {"bad_added_and_dropped"}
