"""Which node of a cluster a process can serve from."""

from __future__ import annotations

from flowforge_schema.health.node import NO_ANCHOR, WORKER, judge_node


def test_a_process_serves_from_the_coordinator_whose_outbox_has_its_anchor() -> None:
    assert judge_node(0, is_distributed=True, has_anchor=True) is None
    assert judge_node(0, is_distributed=False, has_anchor=False) is None
    assert judge_node(0, is_distributed=True, has_anchor=False) is NO_ANCHOR
    assert judge_node(3, is_distributed=True, has_anchor=True) is WORKER
