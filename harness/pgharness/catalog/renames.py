"""Finds what two catalogs have in common but for its name: a constraint, column, table, … that only one side has, and its equal on the other.

Kind after kind, each on a left side in which the kinds before it are called as on the right, for a constraint of a renamed table belongs to
a table that is on both sides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.names import qualifier, unqualified
from pgharness.catalog.rename_evidence import is_same_column
from pgharness.catalog.renaming import Rename, not_null_name, printed_name, renamed, with_own_name
from pgharness.catalog.rendering.arrangement import Arrangement

STAGES: tuple[tuple[str, ...], ...] = (
    ("type",),
    ("function",),
    ("table", "foreign table"),
    ("column",),
    ("constraint", "domain constraint"),
    ("index",),
    ("sequence",),
    ("view", "materialized view"),
    ("trigger", "policy", "rule", "statistics"),
)
RELATIONS = frozenset({"table", "foreign table", "view", "materialized view", "sequence", "index"})
# What is said of an object beside its definition, and may change with its name.
BESIDE = frozenset({"comment", "not null constraint"})
RENAMED_TYPES = frozenset({"enum", "domain", "composite"})


@dataclass(frozen=True, slots=True)
class RenameGroup:
    """One thing that is called otherwise, and what belongs to it and was called after it."""

    first: Rename
    following: tuple[Rename, ...] = ()

    @property
    def all(self) -> tuple[Rename, ...]:
        """Return all renames, in an order in which they can be done."""
        return (self.first, *self.following)


@dataclass(frozen=True, slots=True)
class Renames:
    """The renames that lead from a left catalog towards a right one, and the left catalog once they are done."""

    groups: tuple[RenameGroup, ...]
    left: Snapshot


def find_renames(left: Snapshot, right: Snapshot, only: AbstractSet[ObjectKey] | None = None) -> Renames:
    """Return what is called otherwise on the left than on the right; with `only`, of these objects of either side alone."""
    found: list[Rename] = []
    sides = _Sides(left, right)
    for kinds in STAGES:
        stage = [one for one in sides.pairs(kinds) if only is None or {_first_name(one, found), one.new} <= only]
        if stage:
            found += stage
            sides = _Sides(renamed(sides.left, stage), right)
    names = _not_null_names(sides, {one.new for one in found})
    if names:
        sides = _Sides(renamed(sides.left, names), right)
    return Renames(tuple(_grouped([*found, *names], sides.right)), sides.left)


def _first_name(rename: Rename, before: Iterable[Rename]) -> ObjectKey:
    """Return what the left side calls the object, before the renames of what it belongs to."""
    name = rename.old.object
    for one in before:
        if name.startswith(f"{one.new.object}."):
            name = one.old.object + name.removeprefix(one.new.object)
    return ObjectKey(rename.old.kind, name)


class _Sides:
    """The left catalog, with some renames done, and the right one."""

    def __init__(self, left: Snapshot, right: Snapshot) -> None:
        self.left, self.right = left, right
        self.before, self.after = Arrangement(left), Arrangement(right)

    def pairs(self, kinds: Iterable[str]) -> Iterator[Rename]:
        """Yield what has one equal on the other side under another name in the same schema or table."""
        for kind in kinds:
            gone = self._by_signature(kind, self.before, self.after)
            missing = self._by_signature(kind, self.after, self.before)
            for signature in sorted(gone.keys() & missing.keys(), key=lambda one: gone[one]):
                yield from self._paired(gone[signature], missing[signature])

    def _paired(self, gone: list[ObjectKey], missing: list[ObjectKey]) -> Iterator[Rename]:
        # Of constraints and indexes that say the same, each is as good as the other; of tables that look alike, nobody knows which is which.
        if len(gone) != len(missing) or (len(gone) > 1 and gone[0].kind not in ("constraint", "index")):
            return
        for old, new in zip(gone, missing, strict=True):
            if self._can_be_called(old, new):
                yield Rename(old, new)

    def _by_signature(self, kind: str, here: Arrangement, there: Arrangement) -> dict[object, list[ObjectKey]]:
        found: defaultdict[object, list[ObjectKey]] = defaultdict(list)
        for key in here.by_kind.get(kind, ()):
            if key not in there.properties:
                signature = SIGNATURES.get(kind, _facts)(here, key)
                if signature is not None:
                    found[self._place(here, key), signature].append(key)
        return found

    def _place(self, here: Arrangement, key: ObjectKey) -> object:
        """Return within what the name of an object has to be another one."""
        parent = here.snapshot.parents.get(key)
        return parent if key.kind != "sequence" and parent is not None else qualifier(printed_name(key))

    def _can_be_called(self, old: ObjectKey, new: ObjectKey) -> bool:
        """Whether nothing on the left has the new name still."""
        name = new.object
        if new.kind == "constraint":
            table = self.after.snapshot.parents[new]
            if old.kind == "constraint" and self._has_children(table) and self._is_check(old):
                return False
            name = f"{qualifier(table.object)}.{unqualified(name)}"
        if old.kind == "column" and (
            "inherited" in self.before.properties[old] or not is_same_column(self.before, old, self.after, new)
        ):
            return False
        return not any(ObjectKey(kind, name) in self.before.properties for kind in RELATIONS)

    def _has_children(self, table: ObjectKey) -> bool:
        return any(
            table.object in facts.get("inherits", "").split(", ") or facts.get("partition of") == table.object
            for _, facts in self._tables
        )

    @property
    def _tables(self) -> list[tuple[ObjectKey, dict[str, str]]]:
        return [(key, self.before.properties[key]) for key in self.before.tables.values()]

    def _is_check(self, key: ObjectKey) -> bool:
        return self.before.properties[key]["exists"] == "check"


Signature = Callable[[Arrangement, ObjectKey], object]


def _facts(here: Arrangement, key: ObjectKey) -> object:
    """Return all that is known of an object but its name."""
    return tuple(
        sorted(
            (name, with_own_name(key, value, "?"))
            for name, value in here.properties[key].items()
            if name not in BESIDE and not name.startswith("grants to ")
        )
    )


def _index(here: Arrangement, key: ObjectKey) -> object:
    """Return what an index is; one of a constraint is called as the constraint is."""
    return None if here.snapshot.parents[key].kind == "constraint" else _facts(here, key)


def _function(here: Arrangement, key: ObjectKey) -> object:
    return _facts(here, key) if "definition" in here.properties[key] else None


def _table(here: Arrangement, key: ObjectKey) -> object:
    """Return a table with its columns in their order; where a number comes from a sequence, whichever it is."""
    columns = [one for one in here.children.get(key, ()) if one.kind == "column"]
    in_order = sorted(columns, key=lambda one: int(here.properties[one].get("position", "0")))
    told = tuple((unqualified(one.object), _column(here, one)) for one in in_order)
    return (_facts(here, key), told) if told else None


def _column(here: Arrangement, key: ObjectKey) -> object:
    facts = {name: value for name, value in here.properties[key].items() if name not in BESIDE}
    if facts.get("default", "").startswith("nextval("):
        facts["default"] = "nextval"
    return tuple(sorted(facts.items()))


def _type(here: Arrangement, key: ObjectKey) -> object:
    if here.properties[key]["exists"] not in RENAMED_TYPES:
        return None
    inside = tuple((unqualified(one.object), _facts(here, one)) for one in here.children.get(key, ()))
    return _facts(here, key), inside


SIGNATURES: dict[str, Signature] = {
    "column": _column,
    "foreign table": _table,
    "function": _function,
    "index": _index,
    "table": _table,
    "type": _type,
}


def _not_null_names(sides: _Sides, renamed_ones: AbstractSet[ObjectKey]) -> list[Rename]:
    """Return the NOT NULLs that keep the name they had from a table or column that is called otherwise now (PostgreSQL 18)."""
    found = []
    for column in sides.before.by_kind.get("column", ()):
        if renamed_ones.isdisjoint({column, *sides.left.ancestors(column)}):
            continue
        before, after = sides.before.properties[column], sides.after.properties.get(column, {})
        if "not null" not in before or "not null" not in after:
            continue
        names = tuple(not_null_name(column, facts.get("not null constraint")) for facts in (before, after))
        if names[0] != names[1]:
            told = ObjectKey("not null", column.object)
            found.append(Rename(told, told, (names[0], names[1])))
    return found


def _grouped(renames: list[Rename], right: Snapshot) -> Iterator[RenameGroup]:
    """Yield each rename with those that follow from it: of what belongs to it, or is called after a column."""
    firsts: dict[ObjectKey, Rename] = {}
    following: defaultdict[ObjectKey, list[Rename]] = defaultdict(list)
    for one in renames:
        above = _above(one, right, firsts)
        if above is None:
            firsts[one.new] = one
        else:
            following[above].append(one)
    for key, first in firsts.items():
        yield RenameGroup(first, tuple(following[key]))


def _above(rename: Rename, right: Snapshot, firsts: dict[ObjectKey, Rename]) -> ObjectKey | None:
    key = rename.new if rename.new.kind != "not null" else ObjectKey("column", rename.new.object)
    if rename.new.kind == "not null" and key in firsts:
        return key
    ancestors = [one for one in right.ancestors(key) if one in firsts]
    if ancestors:
        return ancestors[0]
    parent = right.parents.get(key)
    for column, first in firsts.items():
        if column.kind == "column" and right.parents.get(column) == parent and _is_called_after(rename, first):
            return column
    return None


def _is_called_after(rename: Rename, column: Rename) -> bool:
    old, new = (unqualified(one.object) for one in (column.old, column.new))
    return unqualified(rename.old.object).replace(old, new) == unqualified(rename.new.object)
