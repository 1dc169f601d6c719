"""The difference of two snapshots: a set difference of facts, and the same told object by object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NamedTuple

from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.catalog.layout import is_layout


class Difference(NamedTuple):
    """One fact that the two sides do not share; None stands for its absence. `ancestors` are what its object belongs to, nearest first."""

    kind: str
    object: str
    property: str
    left: str | None
    right: str | None
    ancestors: tuple[ObjectKey, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectDifference:
    """All differences of one object; `only_in` says that one side lacks the object altogether."""

    kind: str
    object: str
    only_in: Literal["left", "right"] | None
    differences: tuple[Difference, ...]

    @property
    def key(self) -> ObjectKey:
        """The object."""
        return ObjectKey(self.kind, self.object)


def difference(left: Snapshot, right: Snapshot) -> tuple[Difference, ...]:
    """Return every fact that is not the same on both sides, sorted; empty when the two schemas are equal.

    Positions that part only because a column is missing on one side are left to the missing column, and the layout of functions is none.
    """
    unequal = {key for key, _ in left.facts.items() ^ right.facts.items()}
    unequal -= {key for key in unequal if key.kind == "function" and _is_layout(key, left, right)}
    unequal -= _shifted_positions(unequal, left, right)
    return tuple(_difference(key, left, right) for key in sorted(unequal))


def by_object(differences: Iterable[Difference]) -> tuple[ObjectDifference, ...]:
    """Describe the differences object by object, sorted; what belongs to an object that one side lacks is not told beside it."""
    parents: dict[ObjectKey, ObjectKey | None] = {}
    groups: dict[ObjectKey, ObjectDifference] = {}
    for (kind, name), group in groupby(sorted(differences), key=lambda one: (one.kind, one.object)):
        members = tuple(group)
        owner = ObjectKey(kind, name)
        parents[owner] = next(iter(members[0].ancestors), None)
        groups[owner] = ObjectDifference(kind, name, _only_in(members), members)
    return tuple(group for owner, group in groups.items() if not _is_swallowed(owner, groups, parents))


def _is_layout(key: FactKey, left: Snapshot, right: Snapshot) -> bool:
    here, there = left.facts.get(key), right.facts.get(key)
    return key.property == "definition" and here is not None and there is not None and is_layout(here, there)


def _difference(key: FactKey, left: Snapshot, right: Snapshot) -> Difference:
    owner = ObjectKey(key.kind, key.object)
    # A table and a view of one name own columns of one name.
    sides = (left, right) if key in left.facts else (right, left)
    ancestors = tuple(sides[0].ancestors(owner)) or tuple(sides[1].ancestors(owner))
    return Difference(*key, left.facts.get(key), right.facts.get(key), ancestors)


def _shifted_positions(unequal: set[FactKey], left: Snapshot, right: Snapshot) -> set[FactKey]:
    """Return the positions among these whose columns stand in the same order on both sides, counting shared columns alone."""
    by_parent: defaultdict[ObjectKey, list[FactKey]] = defaultdict(list)
    for key in unequal:
        if key.property == "position" and key in left.facts and key in right.facts:
            by_parent[left.parents[ObjectKey(key.kind, key.object)]].append(key)
    if not by_parent:
        return set()
    orders: defaultdict[ObjectKey, list[tuple[int, int]]] = defaultdict(list)
    for key, position in left.facts.items():
        if key.property == "position" and key in right.facts:
            parent = left.parents[ObjectKey(key.kind, key.object)]
            orders[parent].append((int(position), int(right.facts[key])))
    return {
        key
        for parent, keys in by_parent.items()
        if [there for _, there in sorted(orders[parent])] == sorted(there for _, there in orders[parent])
        for key in keys
    }


def _only_in(members: tuple[Difference, ...]) -> Literal["left", "right"] | None:
    for member in members:
        if member.property == "exists" and member.right is None:
            return "left"
        if member.property == "exists" and member.left is None:
            return "right"
    return None


def _one_side(members: tuple[Difference, ...]) -> Literal["left", "right"] | None:
    """Return the side that alone says anything of an object: what a view's column has beside its definition goes with the view."""
    if all(member.right is None for member in members):
        return "left"
    return "right" if all(member.left is None for member in members) else None


def _is_swallowed(
    owner: ObjectKey, groups: dict[ObjectKey, ObjectDifference], parents: dict[ObjectKey, ObjectKey | None]
) -> bool:
    """Whether a missing ancestor tells of this object too: both are on one side only, and on the same."""
    side = groups[owner].only_in or _one_side(groups[owner].differences)
    parent = parents.get(owner)
    while side is not None and parent is not None:
        above = groups.get(parent)
        if above is not None and above.only_in == side:
            return True
        parent = parents.get(parent)
    return False
