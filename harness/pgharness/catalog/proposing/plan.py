"""Plans how the left catalog becomes the right one: what goes first, what is made, what is changed, what goes last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from pgharness.catalog.diff import ObjectDifference, by_object, difference
from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.names import unqualified
from pgharness.catalog.proposing import other_kinds, relations
from pgharness.catalog.proposing.attachments import (
    change_attached,
    default_privilege_lines,
    undo_default_privileges,
)
from pgharness.catalog.proposing.change import Change, Changer, NoStatementError, Wanted
from pgharness.catalog.proposing.columns import change_column
from pgharness.catalog.proposing.create_and_drop import HOLDERS, create_lines, dependents, drop_lines, subtree
from pgharness.catalog.proposing.python_words import operation
from pgharness.catalog.rendering.all_parts import parts_in_order
from pgharness.catalog.rendering.arrangement import Arrangement
from pgharness.catalog.rendering.parts import Contents

FIRST = ("type", "table", "column")
"""What is changed before all else, in this order."""
CHANGERS: dict[str, Changer] = {
    "attribute": other_kinds.change_attribute,
    "column": change_column,
    "constraint": relations.change_constraint,
    "database": other_kinds.change_database,
    "event trigger": other_kinds.change_event_trigger,
    "extension": other_kinds.change_extension,
    "foreign data wrapper": other_kinds.change_server,
    "foreign table": relations.change_table,
    "function": other_kinds.change_function,
    "index": relations.change_index,
    "materialized view": relations.change_table,
    "operator": other_kinds.change_operator,
    "publication": other_kinds.change_publication,
    "rule": relations.change_trigger,
    "sequence": relations.change_sequence,
    "server": other_kinds.change_server,
    "statistics": relations.change_statistics,
    "subscription": other_kinds.change_subscription,
    "table": relations.change_table,
    "trigger": relations.change_trigger,
    "type": other_kinds.change_type,
    "view": relations.change_view,
}
# What stands on a table and can go before anything else does, making room for others of its name.
LIGHT = frozenset(
    {"constraint", "index", "trigger", "rule", "policy", "statistics", "view", "publication table", "cast"}
)


@dataclass(frozen=True, slots=True)
class Mend:
    """What brings one object to what it is to be: lines of an upgrade(), or the reason why none can."""

    key: ObjectKey
    operations: tuple[str, ...]
    reason: str = ""


def mend(left: Snapshot, right: Snapshot) -> tuple[Mend, ...]:
    """Return what brings the left catalog to the right one, in the order in which it is to be done.

    An object may occur more than once. The order of columns is left as it is: PostgreSQL cannot move a column.
    """
    return tuple(one for one in _Plan(left, right).mends() if one.operations or one.reason)


class _Plan:
    """Both sides and what differs, object by object."""

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
        self.made_anew: set[ObjectKey] = set()

    def mends(self) -> Iterator[Mend]:
        """Yield what is to be done, in order."""
        names = {key.object for key in self.missing}
        light = {key for key in self.gone if key.kind in LIGHT and not self._waits_for_detaching(key)}
        early = light | {key for key in self.gone if key.object in names}
        yield from self._drops(early)
        for old, new in self.renamed:
            line = f"ALTER SEQUENCE {old.object} RENAME TO {unqualified(new.object)};"
            yield _written(new, [line])
        yield from self._created(self.missing)
        for group in self._in_order():
            yield from self._change(group)
        yield from self._drops(self.gone - early)

    def _waits_for_detaching(self, key: ObjectKey) -> bool:
        """Whether an index can be dropped only once its table is no partition any more."""
        return key.kind == "index" and "partition of" in self.left.properties[key] and self._is_detached(key)

    def _is_detached(self, key: ObjectKey) -> bool:
        return "partition of" not in self.right.properties.get(self.left.parent(key), {"partition of": ""})

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
        return not (key.kind == "column" and self._follows_type(key))

    def _comes_by_itself(self, key: ObjectKey, groups: dict[ObjectKey, ObjectDifference]) -> bool:  # noqa: ARG002 - as above
        if key.kind == "sequence":
            return "identity of" not in self.right.properties[key]
        if key.kind == "constraint":
            return not _is_parents(self.left, key, self.right)
        return not (key.kind == "column" and self._follows_type(key))

    def _follows_type(self, column: ObjectKey) -> bool:
        """Whether the column is of a typed table, which gets and loses columns with its type."""
        table = self.left.snapshot.parents.get(column) or self.right.parent(column)
        return all("of type" in side.properties.get(table, {}) for side in (self.left, self.right))

    def _drops(self, keys: set[ObjectKey]) -> Iterator[Mend]:
        """Drop, what depends on others first."""
        places = _places(self.left, keys)
        for key in sorted(keys, key=lambda one: (-places.get(one, 0), one)):
            yield _attempt(key, partial(drop_lines, self.left, key, detached=self._is_detached(key)))

    def _created(self, keys: set[ObjectKey]) -> Iterator[Mend]:
        for key, lines in create_lines(self.right, keys) if keys else ():
            yield _written(key, lines)
        for key in sorted(subtree(self.right, keys)) if keys else ():
            yield _written(key, undo_default_privileges(self.left, self.right, key))

    def _in_order(self) -> list[ObjectDifference]:
        """Return the changed objects, tables before their columns and indexes, each as late as what it needs."""
        places = _places(self.right, {one.key for one in self.changed})
        return sorted(self.changed, key=lambda one: (_rank(one.kind), places.get(one.key, 0)))

    def _change(self, group: ObjectDifference) -> Iterator[Mend]:
        key = group.key
        if key in self.made_anew:
            return
        change = Change(key, self.left, self.right)
        wanted: Wanted = {item.property: item.right for item in group.differences}
        if key.kind == "column" and self._follows_type(key):
            wanted = {name: value for name, value in wanted.items() if name not in ("type", "collation", "position")}
        try:
            lines = self._changed_lines(change, wanted)
        except NoStatementError as error:
            yield Mend(key, (), str(error))
            return
        if wanted:
            yield from self._made_anew(change, wanted)
        else:
            yield _written(key, lines)

    def _changed_lines(self, change: Change, wanted: Wanted) -> list[str]:
        if change.key.kind == "default privileges":
            names = list(wanted)
            facts = change.after
            return [line for name in names for line in default_privilege_lines(facts, name, wanted.pop(name))]
        special = CHANGERS.get(change.key.kind)
        lines = special(change, wanted) if special is not None else []
        return lines + change_attached(change, wanted)

    def _made_anew(self, change: Change, wanted: Wanted) -> Iterator[Mend]:
        """Drop the object with what depends on it, and make them again."""
        key = change.key
        above = dependents(self.left, {key}) - self.gone
        losing = sorted(one for one in {key, *above} if one.kind in HOLDERS or one.kind == "foreign table")
        if losing:
            what = ", ".join(sorted(wanted))
            names = ", ".join(f"{one.kind} {one.object}" for one in losing)
            yield Mend(key, (), f"its {what} cannot be changed, and to make it anew would take {names} along")
            return
        drops = list(self._drops({key, *above}))
        reasons = [one.reason for one in drops if one.reason]
        if reasons:
            yield Mend(key, (), reasons[0])
            return
        self.made_anew |= {key, *above}
        yield from (Mend(key, one.operations) for one in drops)
        again = {one for one in {key, *above} if "exists" in self.right.properties.get(one, {})}
        yield from (Mend(key, one.operations, one.reason) for one in self._created(again))


def _places(contents: Contents, keys: set[ObjectKey]) -> dict[ObjectKey, int]:
    """Return each object's place among these in a script of its catalog, columns after one another below their table."""
    ordered = parts_in_order(contents, keys) if len(keys) > 1 else ()
    return {key: number for number, part in enumerate(ordered) for key in part.makes}


def _rank(kind: str) -> int:
    return FIRST.index(kind) if kind in FIRST else len(FIRST)


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


def _attempt(key: ObjectKey, write: Callable[[], list[str]]) -> Mend:
    try:
        return _written(key, write())
    except NoStatementError as error:
        return Mend(key, (), str(error))


def _written(key: ObjectKey, lines: list[str]) -> Mend:
    return Mend(key, tuple(operation(line) for line in lines))
