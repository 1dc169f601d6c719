"""What there is to do between two catalogs: which objects go, come, get another name or change, by themselves and not with another."""

from __future__ import annotations

from collections.abc import Mapping

from pgharness.catalog.diff import Difference, ObjectDifference, by_object, difference
from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.proposing.numbering import sequence_of
from pgharness.catalog.rendering.arrangement import Arrangement
from pgharness.catalog.rendering.parts import Contents


class Todo:
    """Both sides and what differs, object by object.

    `gone` and `missing` are those that are dropped and made; `renamed` are sequences under their names on each side; of `with_columns` the
    sequences change with their column.
    """

    def __init__(self, left: Snapshot, right: Snapshot) -> None:
        self.left, self.right = Contents(Arrangement(left)), Contents(Arrangement(right))
        groups = {group.key: group for group in by_object(difference(left, right))}
        rebuilt = {key for key, group in groups.items() if group.only_in is None and self._changes_sort(key)}
        self.renamed = self._renamed_identities(groups)
        self.gone = rebuilt | {
            key for key, group in groups.items() if group.only_in == "left" and self._goes_by_itself(key, groups)
        }
        self.missing = rebuilt | {
            key for key, group in groups.items() if group.only_in == "right" and self._comes_by_itself(key, groups)
        }
        self.gone -= {key for key in self.gone if _is_constraints_own(self.left, key)}
        self.missing -= {key for key in self.missing if _is_constraints_own(self.right, key)}
        self.changed = [group for key, group in groups.items() if group.only_in is None and key not in rebuilt]
        self.with_columns = self._leave_to_columns(groups)

    def waits_for_detaching(self, key: ObjectKey) -> bool:
        """Whether an index can be dropped only once its table is no partition any more."""
        return key.kind == "index" and "partition of" in self.left.properties[key] and self.is_detached(key)

    def is_detached(self, key: ObjectKey) -> bool:
        """Whether the table of an index comes to be no partition any more."""
        return "partition of" not in self.right.properties.get(self.left.parent(key), {"partition of": ""})

    def follows_type(self, column: ObjectKey) -> bool:
        """Whether the column is of a typed table, which gets and loses columns with its type."""
        table = self.left.snapshot.parents.get(column) or self.right.parent(column)
        return all("of type" in side.properties.get(table, {}) for side in (self.left, self.right))

    def _leave_to_columns(self, groups: Mapping[ObjectKey, ObjectDifference]) -> dict[ObjectKey, frozenset[ObjectKey]]:
        """Leave sequences to the columns that get their numbers otherwise; return those of each that differ."""
        found: dict[ObjectKey, frozenset[ObjectKey]] = {}
        for group in self.changed:
            if group.kind == "column" and any(_begins_or_ends(one) for one in group.differences):
                found[group.key] = frozenset(self._sequences_of(group.key) & groups.keys())
        taken = frozenset().union(*found.values())
        self.gone -= taken
        self.missing -= taken
        self.changed = [one for one in self.changed if one.key not in taken]
        self.renamed = [pair for pair in self.renamed if taken.isdisjoint(pair)]
        return found

    def _sequences_of(self, column: ObjectKey) -> set[ObjectKey]:
        """Return the sequences of an identity column, on each side; of a serial one only where it becomes one or was one."""
        sides = (self.left, self.right)
        found = [(side, sequence_of(side, column)) for side in sides]
        is_both = None not in [one for _, one in found]
        return {one for side, one in found if one is not None and (is_both or "identity of" in side.properties[one])}

    def _changes_sort(self, key: ObjectKey) -> bool:
        """Whether an index is a constraint's on one side alone, so that it goes and comes with that."""
        return key.kind == "index" and self.left.parent(key) != self.right.parent(key)

    def _renamed_identities(self, groups: dict[ObjectKey, ObjectDifference]) -> list[tuple[ObjectKey, ObjectKey]]:
        """Return the sequences of identity columns that have another name on each side."""
        sequences = [group for group in groups.values() if group.kind == "sequence"]
        gone = {self.left.properties[one.key].get("identity of"): one.key for one in sequences if one.only_in == "left"}
        missing = {
            self.right.properties[one.key].get("identity of"): one.key for one in sequences if one.only_in == "right"
        }
        return [(gone[column], missing[column]) for column in sorted(gone.keys() & missing.keys() - {None}, key=str)]

    def _goes_by_itself(self, key: ObjectKey, groups: dict[ObjectKey, ObjectDifference]) -> bool:
        """Whether no other object takes it along: an owned sequence goes with its column, a CHECK comes to be the parent's."""
        facts = self.left.properties[key]
        if key.kind == "sequence":
            column = groups.get(ObjectKey("column", facts.get("owned by", "")))
            return "identity of" not in facts and (column is None or column.only_in != "left")
        if key.kind == "constraint":
            return not _is_parents(self.right, key, self.left)
        return not (key.kind == "column" and self.follows_type(key))

    def _comes_by_itself(self, key: ObjectKey, groups: dict[ObjectKey, ObjectDifference]) -> bool:  # noqa: ARG002 - as above
        if key.kind == "sequence":
            return "identity of" not in self.right.properties[key]
        if key.kind == "constraint":
            return not _is_parents(self.left, key, self.right)
        return not (key.kind == "column" and self.follows_type(key))


def _begins_or_ends(one: Difference) -> bool:
    """Whether a column is an identity on one side alone."""
    return one.property == "identity" and None in (one.left, one.right)


def _is_constraints_own(contents: Contents, key: ObjectKey) -> bool:
    """Whether an index goes and comes with the constraint that made it."""
    return key.kind == "index" and contents.parent(key).kind == "constraint"


def _is_parents(there: Contents, key: ObjectKey, here: Contents) -> bool:
    """Whether a constraint of a table that is here by itself and there a partition is there the parent's."""
    table = here.parent(key)
    parent = there.properties.get(table, {}).get("partition of")
    is_partition_here = "partition of" in here.properties.get(table, {})
    name = here.local_name(key)
    return (
        not is_partition_here and parent is not None and ObjectKey("constraint", f"{parent}.{name}") in there.properties
    )
