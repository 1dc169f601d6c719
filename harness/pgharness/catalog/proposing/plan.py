"""Plans how the left catalog becomes the right one: what goes first, what is made, what is changed, what goes last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial

from pgharness.catalog.diff import ObjectDifference
from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.names import unqualified
from pgharness.catalog.proposing import other_kinds, relations
from pgharness.catalog.proposing.attachments import (
    change_attached,
    default_privilege_lines,
    undo_default_privileges,
)
from pgharness.catalog.proposing.casts import is_far, loss
from pgharness.catalog.proposing.change import Change, Changer, Mend, NoStatementError, Wanted
from pgharness.catalog.proposing.columns import change_column, set_default
from pgharness.catalog.proposing.columns_while_serving import (
    Serving,
    add_again,
    add_in_steps,
    add_with_default,
    default_meanwhile,
    forbid_null,
    is_indexed,
)
from pgharness.catalog.proposing.create_and_drop import HOLDERS, create_lines, dependents, drop_lines, subtree
from pgharness.catalog.proposing.enums import columns_to_lead_over, is_swapped, swap
from pgharness.catalog.proposing.needs import Needs
from pgharness.catalog.proposing.ordering import in_order
from pgharness.catalog.proposing.python_words import operation
from pgharness.catalog.proposing.readers import Retyping, in_the_way_of, retypings
from pgharness.catalog.proposing.rename_calls import rename_lines
from pgharness.catalog.proposing.todo import Todo
from pgharness.catalog.proposing.while_serving import DROPS_FIRST, while_serving
from pgharness.catalog.renames import RenameGroup, find_renames
from pgharness.catalog.rendering.all_parts import parts_in_order
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
VIEWS = frozenset({"view", "materialized view"})
# What stands on a table and can go before anything else does, making room for others of its name.
LIGHT = frozenset(
    {"constraint", "index", "trigger", "rule", "policy", "statistics", "view", "publication table", "cast"}
)


def mend(
    left: Snapshot,
    right: Snapshot,
    only: AbstractSet[ObjectKey] | None = None,
    *,
    serving: Serving = Serving.NOBODY,
    standing: Snapshot | None = None,
) -> tuple[Mend, ...]:
    """Return what brings the left catalog to the right one, one mend an object, in the order in which it is to be done.

    What is but called otherwise is renamed, under its new name; with `only`, of these objects of either side alone. The order of columns is
    left as it is: PostgreSQL cannot move a column. Where somebody is `serving`, indexes and constraints of tables that stand are made in autocommit
    blocks, and columns that may not be NULL with a default, so that nobody waits for them; that is so of tables that
    are `standing`, by default all of the left.
    """
    renames = find_renames(left, right, only)
    plan = _Plan(renames.left, right, serving, standing or renames.left)
    return (*(plan.renaming(group) for group in renames.groups), *in_order(plan.mends(), plan.needs))


class _Plan:
    """How it is done; `made_anew` are objects that come again, each with the one that changed for it."""

    def __init__(self, left: Snapshot, right: Snapshot, serving: Serving, standing: Snapshot) -> None:
        self.serving = serving
        self.standing = frozenset(standing.objects("table", "materialized view"))
        self.todo = Todo(left, right)
        self.left, self.right = self.todo.left, self.todo.right
        self.made_anew: dict[ObjectKey, ObjectKey] = {}

    def renaming(self, group: RenameGroup) -> Mend:
        """Return what does the renames of a group."""
        also = frozenset(one.new for one in group.following if one.new.kind != "not null")
        operations = tuple(operation(line) for line in rename_lines(group, self.right))
        return Mend(group.first.new, operations, also=also)

    def needs(self, keys: Collection[ObjectKey]) -> dict[ObjectKey, set[ObjectKey]]:
        """Return which of these objects have to be mended before each of them."""
        return Needs(self.left, self.right, frozenset(keys), self.made_anew).all()

    def mends(self) -> Iterator[Mend]:
        """Yield what is to be done, in order."""
        names = {key.object for key in self.todo.missing}
        light = {key for key in self.todo.gone if key.kind in LIGHT and not self.todo.waits_for_detaching(key)}
        early = light | {key for key in self.todo.gone if key.object in names}
        needed = {
            key: keys for key in light - self.todo.missing if key.object not in names and (keys := self._needing(key))
        }
        early -= needed.keys()
        yield from self._drops(early)
        for old, new in self.todo.renamed:
            line = f"ALTER SEQUENCE {old.object} RENAME TO {unqualified(new.object)};"
            yield _written(new, [line])
        changes = [*self._changes()]
        with_others = {key: owner for key in self.todo.missing if (owner := self._made_anew_with(key)) is not None}
        yield from self._created(self.todo.missing - with_others.keys())
        yield from (Mend(owner, (), also=frozenset({key})) for key, owner in with_others.items())
        yield from changes
        for key, keys in needed.items():
            yield self._gone_beneath(key, keys)
        yield from self._drops(self.todo.gone - early - needed.keys())

    def _needing(self, key: ObjectKey) -> list[ObjectKey]:
        """Return the foreign keys that stay and need the index of a constraint, or an index, which goes."""
        if key.kind not in {"constraint", "index"}:
            return []
        return sorted(
            one
            for one in dependents(self.left, {key}) - self.todo.gone
            if one.kind == "constraint" and self.left.properties[one] == self.right.properties.get(one)
        )

    def _gone_beneath(self, key: ObjectKey, keys: Collection[ObjectKey]) -> Mend:
        """Drop what foreign keys need, and make them again, which find another index that does."""
        drops = [line for one in keys for line in drop_lines(self.left, one)] + drop_lines(self.left, key)
        again = [line for one in self._created(set(keys)) for line in one.operations]
        return replace(_written(key, drops), operations=(*(operation(line) for line in drops), *again))

    def _changes(self) -> Iterator[Mend]:
        groups = self._in_order()
        columns = [one.key for one in groups if one.kind == "column" and self._changes_type(one)]
        far = partial(is_far, self.left, self.right)
        retyped = {one.columns[0]: one for one in retypings(self.left, columns, self.todo.gone, far)}
        within = {column for one in retyped.values() for column in one.columns[1:]}
        by_key = {one.key: one for one in groups}
        for group in groups:
            if group.key in retyped:
                yield from self._retyped(retyped[group.key], by_key)
            elif group.kind == "type" and is_swapped(Change(group.key, self.left, self.right)):
                yield from self._swapped(group, by_key)
            elif group.key not in within:
                yield from self._change(group)

    def _changes_type(self, group: ObjectDifference) -> bool:
        return any(one.property in ("type", "collation") for one in group.differences)

    def _retyped(self, retyping: Retyping, groups: Mapping[ObjectKey, ObjectDifference]) -> Iterator[Mend]:
        """Change columns, with what is in their way gone meanwhile."""
        changes = (one for column in retyping.columns for one in self._change(groups[column]))
        yield from self._meanwhile_without(retyping.in_the_way, retyping.columns, changes, groups)

    def _swapped(self, group: ObjectDifference, groups: Mapping[ObjectKey, ObjectDifference]) -> Iterator[Mend]:
        """Put a new enum in the place of one that loses labels."""
        change = Change(group.key, self.left, self.right)
        using = [key for key in self.left.arrangement.users.get(group.key, ()) if key not in self.todo.gone]
        users = {self.left.parent(one) if self.left.parent(one).kind in VIEWS else one for one in using}
        others = {one for one in users if one.kind in LIGHT | VIEWS}
        columns = sorted(one for one in users if one.kind == "column")
        found = {key for column in columns for key in in_the_way_of(self.left, column, is_far=True)}
        in_the_way = self._with_what_depends((found | others) - self.todo.gone)
        try:
            lines = swap(change, columns_to_lead_over(change, in_the_way))
        except NoStatementError as error:
            yield Mend(group.key, (), str(error))
            return
        yield from self._meanwhile_without(in_the_way, (group.key,), [_written(group.key, lines)], groups)
        wanted = {item.property: item.right for item in group.differences if item.property != "labels"}
        yield _written(group.key, change_attached(change, wanted))

    def _with_what_depends(self, keys: Collection[ObjectKey]) -> set[ObjectKey]:
        return set(keys) | (dependents(self.left, keys) - self.todo.gone)

    def _meanwhile_without(
        self,
        keys: Collection[ObjectKey],
        changed: Sequence[ObjectKey],
        changes: Iterable[Mend],
        groups: Mapping[ObjectKey, ObjectDifference],
    ) -> Iterator[Mend]:
        """Do changes while some objects are gone, which come again as they are to be; all is one mend of the first that changes."""
        first, *others = changed
        above = self._with_what_depends(keys)
        if any(one.kind in HOLDERS and "generated" not in self.left.properties.get(one, {}) for one in above):
            yield from changes
            return
        self.made_anew |= dict.fromkeys(above, first)
        also = frozenset({*others, *(one for one in above if one in groups)})
        yield from (Mend(first, one.operations, one.reason, also) for one in self._drops(above))
        yield from changes
        again = {one for one in above if "exists" in self.right.properties.get(one, {})}
        yield from (Mend(first, one.operations, one.reason, also) for one in self._created(again))

    def _made_anew_with(self, key: ObjectKey) -> ObjectKey | None:
        """Return for which change something is made anew that this belongs to, so that it comes with that."""
        return next((self.made_anew[one] for one in self.right.snapshot.ancestors(key) if one in self.made_anew), None)

    def _drops(self, keys: set[ObjectKey]) -> Iterator[Mend]:
        """Drop, what depends on others first."""
        places = _places(self.left, keys)
        ordered = sorted(keys, key=lambda one: (-places.get(one, 0), one))
        yield from self._untied(ordered)
        for key in ordered:
            yield _attempt(key, partial(drop_lines, self.left, key, detached=self.todo.is_detached(key)))

    def _untied(self, tables: Sequence[ObjectKey]) -> Iterator[Mend]:
        """Drop the foreign keys that lead to a table which goes before their own."""
        places = {key: number for number, key in enumerate(tables) if key.kind == "table"}
        for key, place in places.items():
            for user in self.left.arrangement.users.get(key, ()):
                if user.kind == "constraint" and places.get(self.left.parent(user), -1) > place:
                    yield _written(self.left.parent(user), drop_lines(self.left, user))

    def _created(self, keys: set[ObjectKey]) -> Iterator[Mend]:
        for key, lines in create_lines(self.right, keys) if keys else ():
            if key.kind == "column" and (added := self._added(key, keys)) is not None:
                yield added
                continue
            first = [self._while_serving(key, line) for line in lines[:1]]
            yield _written(key, [*first, *lines[1:]])
        for key in sorted(keys):
            below = sorted(subtree(self.right, {key}))
            yield _written(key, [line for one in below for line in undo_default_privileges(self.left, self.right, one)])

    def _added(self, column: ObjectKey, keys: set[ObjectKey]) -> Mend | None:
        """Return what adds a column to rows while they are read and written; None where it is as any other."""
        if self.serving is Serving.NOBODY:
            return None
        is_up = self.serving is Serving.ON_THE_WAY_UP
        default = default_meanwhile(self.right, column)
        if not is_up and self.right.parent(column) in self.standing and is_indexed(self.right, column, keys):
            return _written(column, add_again(self.right, column, default))
        if default is not None:
            added = _written(column, add_with_default(self.right, column, default))
            *stays, takes_away = added.operations
            return replace(added, operations=tuple(stays), meanwhile=(default, takes_away)) if is_up else added
        lines = add_in_steps(self.right, column) if is_up else []
        return _written(column, lines) if lines else None

    def _while_serving(self, key: ObjectKey, line: str) -> str:
        """Return what makes an object so that nobody waits, where its table is on the left already and may be in use."""
        is_below = self.serving is not Serving.NOBODY and key.kind in {"index", "constraint"}
        if not is_below or self.right.parent(key) not in self.standing:
            return line
        return while_serving(self.right, key, line, is_way_back=self.serving is Serving.ON_THE_WAY_BACK)

    def _in_order(self) -> list[ObjectDifference]:
        """Return the changed objects, tables before their columns and indexes, each as late as what it needs."""
        places = _places(self.right, {one.key for one in self.todo.changed})
        return sorted(self.todo.changed, key=lambda one: (_rank(one.kind), places.get(one.key, 0)))

    def _change(self, group: ObjectDifference) -> Iterator[Mend]:
        key = group.key
        if key in self.made_anew:
            return
        change = Change(key, self.left, self.right)
        wanted: Wanted = {item.property: item.right for item in group.differences}
        if key.kind == "column" and self.todo.follows_type(key):
            wanted = {name: value for name, value in wanted.items() if name not in ("type", "collation", "position")}
        try:
            lines = self._changed_lines(change, wanted)
        except NoStatementError as error:
            yield Mend(key, (), str(error))
            return
        if wanted:
            yield from self._made_anew(change, wanted)
        else:
            also = self.todo.with_columns.get(key, frozenset())
            yield Mend(key, tuple(operation(line) for line in lines), also=also, caution=_caution(change))

    def _changed_lines(self, change: Change, wanted: Wanted) -> list[str]:
        if change.key.kind == "default privileges":
            names = list(wanted)
            facts = change.after
            return [line for name in names for line in default_privilege_lines(facts, name, wanted.pop(name))]
        special = CHANGERS.get(change.key.kind)
        is_column_up = change.key.kind == "column" and self.serving is Serving.ON_THE_WAY_UP
        never_null = forbid_null(change, wanted) if is_column_up else []
        lines = special(change, wanted) if special is not None else []
        return lines + change_attached(change, wanted) + never_null

    def _made_anew(self, change: Change, wanted: Wanted) -> Iterator[Mend]:
        """Drop the object with what depends on it, and make them again."""
        key = change.key
        above = dependents(self.left, {key}) - self.todo.gone
        defaults = {one for one in above if key.kind == "function" and "default" in self.left.properties.get(one, {})}
        above -= defaults
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
        self.made_anew |= dict.fromkeys({key, *above}, key)
        also = frozenset(one for one in above if one in {group.key for group in self.todo.changed})
        columns = sorted(one for one in defaults if one.kind == "column")
        yield _written(key, [set_default(self.left, column, None) for column in columns])
        again = {one for one in {key, *above} if "exists" in self.right.properties.get(one, {})}
        created = list(self._created(again))
        with_it = {one.key for one in created if any(map(DROPS_FIRST.match, one.operations))}
        yield from (Mend(key, one.operations, also=also) for one in drops if one.key != key or key not in with_it)
        yield from (Mend(key, one.operations, one.reason) for one in created)
        kept = [(one, self.right.properties.get(one, {}).get("default")) for one in columns]
        yield _written(key, [set_default(self.right, column, value) for column, value in kept if value is not None])


def _caution(change: Change) -> str:
    """Return what the values of a column lose by another type."""
    if change.key.kind != "column" or "type" not in change.before or change.before["type"] == change.after.get("type"):
        return ""
    return loss(change.local_name, change.parent.object, change.before["type"], change.after["type"])


def _places(contents: Contents, keys: set[ObjectKey]) -> dict[ObjectKey, int]:
    """Return each object's place among these in a script of its catalog, columns after one another below their table."""
    ordered = parts_in_order(contents, keys) if len(keys) > 1 else ()
    return {key: number for number, part in enumerate(ordered) for key in part.makes}


def _rank(kind: str) -> int:
    return FIRST.index(kind) if kind in FIRST else len(FIRST)


def _attempt(key: ObjectKey, write: Callable[[], list[str]]) -> Mend:
    try:
        return _written(key, write())
    except NoStatementError as error:
        return Mend(key, (), str(error))


def _written(key: ObjectKey, lines: list[str]) -> Mend:
    return Mend(key, tuple(operation(line) for line in lines))
