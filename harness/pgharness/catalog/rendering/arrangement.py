"""A snapshot arranged for writing: its objects by kind, by parent, by partitioned table and by what they need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from pgharness.catalog.facts import ObjectKey, Snapshot

TABLES = ("foreign table", "table")


@dataclass(frozen=True)
class Arrangement:
    """The ways to an object of one snapshot, each laid out once, so that whoever writes many objects looks through none."""

    snapshot: Snapshot

    @cached_property
    def properties(self) -> dict[ObjectKey, dict[str, str]]:
        """The properties of each object, in order."""
        return self.snapshot.by_object()

    @cached_property
    def by_kind(self) -> dict[str, list[ObjectKey]]:
        """The existing objects of each kind, sorted."""
        return self.existing(self.properties)

    @cached_property
    def children(self) -> dict[ObjectKey, list[ObjectKey]]:
        """The objects that belong to each object, sorted."""
        return _sorted_by_target((child, (parent,)) for child, parent in self.snapshot.parents.items())

    @cached_property
    def users(self) -> dict[ObjectKey, list[ObjectKey]]:
        """The objects that depend on each object, sorted."""
        return _sorted_by_target(self.snapshot.dependencies.items())

    @cached_property
    def tables(self) -> dict[str, ObjectKey]:
        """The tables and foreign tables by name."""
        return {key.object: key for kind in TABLES for key in self.by_kind.get(kind, ())}

    @cached_property
    def partitions(self) -> dict[str, list[ObjectKey]]:
        """The partitions of each partitioned table, by its name."""
        partitions: defaultdict[str, list[ObjectKey]] = defaultdict(list)
        for key in self.tables.values():
            if "partition of" in self.properties[key]:
                partitions[self.properties[key]["partition of"]].append(key)
        return partitions

    @cached_property
    def given(self) -> list[ObjectKey]:
        """What came with the server or an extension, of which little more than privileges is told, sorted."""
        return [
            key
            for key, facts in self.properties.items()
            if "exists" not in facts and key not in self.snapshot.parents and key.kind != "database"
        ]

    def existing(self, keys: Iterable[ObjectKey]) -> dict[str, list[ObjectKey]]:
        """Return those of the keys, which are sorted, that exist, by kind."""
        by_kind: defaultdict[str, list[ObjectKey]] = defaultdict(list)
        for key in keys:
            if "exists" in self.properties.get(key, ()):
                by_kind[key.kind].append(key)
        return by_kind


def _sorted_by_target(pairs: Iterable[tuple[ObjectKey, Iterable[ObjectKey]]]) -> dict[ObjectKey, list[ObjectKey]]:
    """Turn pairs of an object and those that it leads to round."""
    turned: defaultdict[ObjectKey, list[ObjectKey]] = defaultdict(list)
    for key, targets in sorted(pairs):
        for target in targets:
            turned[target].append(key)
    return turned
