"""Says which objects have to be mended before others: those that they depend on where they are made, those that use them where they go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.proposing.create_and_drop import subtree
from pgharness.catalog.rendering.parts import Contents

TABLES = frozenset({"table", "foreign table", "view", "materialized view"})
# What names columns of tables, and of which the catalog's snapshot says only the table.
READ_COLUMNS = frozenset(
    {"view", "materialized view", "rule", "policy", "trigger", "function", "index", "constraint", "statistics"}
)


@dataclass(frozen=True)
class Needs:
    """The objects that are to be mended, and both sides. `made_anew` leads from what is made again to what it is made again for."""

    left: Contents
    right: Contents
    keys: frozenset[ObjectKey]
    made_anew: Mapping[ObjectKey, ObjectKey]

    def all(self) -> dict[ObjectKey, set[ObjectKey]]:
        """Return for each object those of the others that have to be mended before it."""
        return {key: {one for one in self._needed(key) if one != key} for key in self.keys}

    @cached_property
    def _again(self) -> dict[ObjectKey, set[ObjectKey]]:
        found: defaultdict[ObjectKey, set[ObjectKey]] = defaultdict(set)
        for key, owner in self.made_anew.items():
            found[owner].add(key)
        return found

    @cached_property
    def _by_name(self) -> dict[str, list[ObjectKey]]:
        """What goes, by name."""
        found: defaultdict[str, list[ObjectKey]] = defaultdict(list)
        for key in self.keys:
            if self._goes(key):
                found[key.object].append(key)
        return found

    @cached_property
    def _parts_of_index(self) -> dict[ObjectKey, list[ObjectKey]]:
        """The indexes of partitions by the one of the whole table."""
        found: defaultdict[ObjectKey, list[ObjectKey]] = defaultdict(list)
        for key, facts in self.right.all("index"):
            if "partition of" in facts:
                found[ObjectKey("index", facts["partition of"])].append(key)
        return found

    def _goes(self, key: ObjectKey) -> bool:
        return key not in self.right.properties

    def _needed(self, key: ObjectKey) -> Iterator[ObjectKey]:
        if self._goes(key):
            yield from self._users(key)
            return
        yield from (one for one in self._by_name.get(key.object, ()) if one.kind != key.kind)
        yield from self._found(self.right, key, itself=False)
        yield from self._column_before(key)
        for part in subtree(self.right, {key, *self._again.get(key, ())}):
            for needed in self._directly(part):
                yield from self._found(self.right, needed)
                if part in self.keys:
                    yield part
                if part.kind in READ_COLUMNS and needed.kind in TABLES:
                    yield from (one for one in self.right.of(needed, "column") if one in self.keys)

    def _column_before(self, key: ObjectKey) -> Iterator[ObjectKey]:
        """Yield the column that is added to the table before this one, so that they come to stand in their order."""
        if key.kind != "column" or key in self.left.properties:
            return
        place = self._position(key)
        others = [one for one in self.right.of(self.right.parent(key), "column") if one not in self.left.properties]
        yield from sorted((one for one in others if self._position(one) < place), key=self._position)[-1:]

    def _position(self, column: ObjectKey) -> int:
        return int(self.right.properties[column].get("position", "0"))

    def _directly(self, part: ObjectKey) -> Iterator[ObjectKey]:
        facts = self.right.properties.get(part, {})
        yield from self.right.snapshot.dependencies.get(part, ())
        parent = self.right.snapshot.parents.get(part)
        if parent is not None:
            yield parent
        if "partition of" in facts:
            yield ObjectKey(part.kind, facts["partition of"])
        # Which of the two the statement belongs to that attaches one to the other, nobody knows here.
        yield from self._parts_of_index.get(part, ())
        column = ObjectKey("column", facts.get("owned by", ""))
        if column in self.keys and column not in self.left.properties:
            yield column

    def _users(self, key: ObjectKey) -> Iterator[ObjectKey]:
        """Yield what uses an object that goes; of a column, what reads its table."""
        for part in subtree(self.left, {key}):
            for user in self.left.arrangement.users.get(part, ()):
                yield from self._found(self.left, user)
        if key.kind == "column":
            table = self.left.parent(key)
            near = [*self.left.arrangement.users.get(table, ()), *self.left.arrangement.children.get(table, ())]
            for user in near:
                if user.kind in READ_COLUMNS:
                    yield from self._found(self.left, user)

    def _found(self, contents: Contents, key: ObjectKey, *, itself: bool = True) -> Iterator[ObjectKey]:
        """Yield the object as which this one is mended: itself, or what it belongs to."""
        for one in (*((key,) if itself else ()), *contents.snapshot.ancestors(key)):
            owner = self.made_anew.get(one, one)
            if owner in self.keys:
                yield owner
                return
