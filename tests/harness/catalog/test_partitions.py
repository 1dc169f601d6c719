"""Which partitions the models leave to the chain."""

from __future__ import annotations

from pgharness.catalog.facts import FactKey, Snapshot
from pgharness.catalog.partitions import undeclared_partitions

EVENT = {FactKey("table", "public.event", "exists"): "partitioned table"}
EVENT_24 = {
    FactKey("table", "public.event_24", "exists"): "partitioned table",
    FactKey("table", "public.event_24", "partition of"): "public.event",
}
EVENT_24_0 = {
    FactKey("table", "public.event_24_0", "exists"): "table",
    FactKey("table", "public.event_24_0", "partition of"): "public.event_24",
}
HEAD = Snapshot({**EVENT, **EVENT_24, **EVENT_24_0}, 180000)


def test_partitions_at_every_depth_are_told_with_the_table_that_is_partitioned() -> None:
    assert undeclared_partitions(HEAD, Snapshot(EVENT, 180000)) == {
        "public.event": ["public.event_24", "public.event_24_0"]
    }


def test_models_that_declare_a_partition_leave_none_to_the_chain() -> None:
    assert undeclared_partitions(HEAD, Snapshot({**EVENT, **EVENT_24}, 180000)).get("public.event") is None


def test_partitions_of_a_table_that_the_models_lack_are_not_left_to_the_chain() -> None:
    assert undeclared_partitions(HEAD, Snapshot({}, 180000)) == {}
