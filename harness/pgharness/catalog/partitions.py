"""Finds the partitions that only a migrated database has: models declare the partitioned table, and seldom its partitions."""

from __future__ import annotations

from pgharness.catalog.diff import Difference
from pgharness.catalog.facts import ObjectKey, Snapshot

TABLES = ("table", "foreign table")


def undeclared_partitions(head: Snapshot, models: Snapshot) -> dict[str, list[str]]:
    """Return the partitions that the models lack, at every depth, by the partitioned table, of which the models declare no partition at all."""
    declared = {models.value(*key, "partition of") for key in models.objects(*TABLES)}
    parents = {key.object: head.value(*key, "partition of") for key in head.objects(*TABLES)}
    found: dict[str, list[str]] = {}
    for name in parents:
        root = _root(name, parents)
        if root not in {name, *declared} and models.value("table", root) == "partitioned table":
            found.setdefault(root, []).append(name)
    return found


def is_of_tables(difference: Difference, tables: set[str]) -> bool:
    """Whether it is about one of these tables, or what belongs to one."""
    owners = (ObjectKey(difference.kind, difference.object), *difference.ancestors)
    return any(kind in TABLES and name in tables for kind, name in owners)


def _root(name: str, parents: dict[str, str | None]) -> str:
    while (parent := parents.get(name)) is not None:
        name = parent
    return name
