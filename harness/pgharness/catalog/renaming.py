"""Calls objects of a snapshot otherwise, as the server would: their keys, what belongs to them, and each printed text that names them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.catalog.identifiers import quoted, with_columns, with_names
from pgharness.catalog.names import qualifier, unqualified, unquoted
from pgharness.catalog.rendering.arrangement import Arrangement

# Whose names stand beside the one of what they belong to, and not below it.
BESIDE_THEIR_TABLE = frozenset({"index", "sequence", "statistics"})
# Named in whole in printed texts; of views and rules PostgreSQL prints more than a new name then.
NAMED_IN_TEXTS = frozenset({"function", "table", "foreign table", "sequence", "type", "view", "materialized view"})
# Their queries name tables and columns with aliases, which keep the old name.
QUERIES = frozenset({"view", "materialized view", "rule"})
NAMED_IN_QUERIES = frozenset({"function", "sequence", "type"})
WITH_NAMES = frozenset(
    {
        "definition",
        "default",
        "generated",
        "type",
        "owned by",
        "identity of",
        "inherits",
        "partition of",
        "table",
        "using",
        "with check",
    }
    | {"of type", "base type"}
)
WITH_COLUMNS = frozenset({"definition", "generated", "using", "with check", "partition key"})
# Kinds whose definition begins with the object's own name.
WITH_OWN_NAME = frozenset({"index", "trigger", "rule", "statistics", "function"})


@dataclass(frozen=True, slots=True)
class Rename:
    """An object by the name that it has and by the one that it is to have.

    A NOT NULL is told by its column, `("not null", "public.users.email")` on both sides; `constraints` are its names, as the catalog has them.
    """

    old: ObjectKey
    new: ObjectKey
    constraints: tuple[str, str] = ("", "")


def printed_name(key: ObjectKey) -> str:
    """Return an object's name as its own definition has it: a function's without arguments, an index's without schema."""
    if key.kind in ("function", "statistics"):
        return key.object.partition("(")[0]
    return unqualified(key.object) if key.kind in WITH_OWN_NAME else key.object


def with_own_name(key: ObjectKey, value: str, name: str) -> str:
    """Return a definition with another name of its object."""
    return value.replace(f" {printed_name(key)}", f" {name}", 1) if key.kind in WITH_OWN_NAME else value


def renamed(snapshot: Snapshot, renames: Sequence[Rename]) -> Snapshot:
    """Return the snapshot with objects of one stage called otherwise, and all that follows from it by itself."""
    if renames[0].old.kind == "not null":
        return _with_not_null_names(snapshot, renames)
    moved = _moved(snapshot, renames)
    texts = _texts(snapshot, renames, moved)
    facts = {
        FactKey(*moved.get(ObjectKey(*key[:2]), key[:2]), key.property): _text(snapshot, key, value, moved, texts)
        for key, value in snapshot.facts.items()
    }
    _keep_not_null_names(snapshot, moved, facts)

    def name(key: ObjectKey) -> ObjectKey:
        return moved.get(key, key)

    return replace(
        snapshot,
        facts=dict(sorted(facts.items())),
        parents={name(owner): name(parent) for owner, parent in snapshot.parents.items()},
        dependencies={
            name(owner): tuple(sorted(name(one) for one in needed)) for owner, needed in snapshot.dependencies.items()
        },
        shapes={name(owner): _shape(owner, shape, texts) for owner, shape in snapshot.shapes.items()},
    )


def _moved(snapshot: Snapshot, renames: Iterable[Rename]) -> dict[ObjectKey, ObjectKey]:
    """Return the new key of each object that has one."""
    arrangement = Arrangement(snapshot)
    moved: dict[ObjectKey, ObjectKey] = {}
    for one in renames:
        pairs = [(one.old, one.new)]
        if one.old.kind == "column":
            pairs += _inherited(arrangement, one)
        while pairs:
            old, new = pairs.pop()
            moved[old] = new
            pairs += [(child, _below(child, old, new)) for child in arrangement.children.get(old, ())]
    types = {one.old.object: one.new.object for one in renames if one.old.kind == "type"}
    for key in arrangement.by_kind.get("function", ()) if types else ():
        moved[key] = ObjectKey("function", with_names(key.object, types))
    return moved


def _below(child: ObjectKey, old: ObjectKey, new: ObjectKey) -> ObjectKey:
    """Return the key of what belongs to a renamed object; a constraint's index is called as the constraint."""
    if child.kind == "index" and new.kind == "constraint":
        return ObjectKey("index", f"{qualifier(child.object)}.{unqualified(new.object)}")
    if child.kind in BESIDE_THEIR_TABLE or not child.object.startswith(old.object):
        return child
    return ObjectKey(child.kind, new.object + child.object.removeprefix(old.object))


def _inherited(arrangement: Arrangement, rename: Rename) -> Iterator[tuple[ObjectKey, ObjectKey]]:
    """Yield the same column of the tables below, which are renamed with it."""
    old, new = unqualified(rename.old.object), unqualified(rename.new.object)
    pending = [qualifier(rename.old.object)]
    while pending:
        parent = pending.pop()
        for key in arrangement.tables.values():
            facts = arrangement.properties[key]
            if parent in (*facts.get("inherits", "").split(", "), facts.get("partition of")):
                pending.append(key.object)
                yield ObjectKey("column", f"{key.object}.{old}"), ObjectKey("column", f"{key.object}.{new}")


@dataclass(frozen=True, slots=True)
class _Texts:
    """The names to replace: whole ones anywhere, those of columns by table."""

    names: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]
    are_in_queries: bool


def _texts(snapshot: Snapshot, renames: Sequence[Rename], moved: Mapping[ObjectKey, ObjectKey]) -> _Texts:
    names = {printed_name(one.old): printed_name(one.new) for one in renames if one.old.kind in NAMED_IN_TEXTS}
    # A partition's index says which one it belongs to.
    names |= {old.object: new.object for old, new in moved.items() if old.kind == "index"}
    columns: dict[str, dict[str, str]] = {}
    arrangement = Arrangement(snapshot)
    for one in renames:
        if one.old.kind == "column":
            pairs = [(one.old, one.new), *_inherited(arrangement, one)]
            for old, new in pairs:
                columns.setdefault(qualifier(old.object), {})[unqualified(old.object)] = unqualified(new.object)
                names[old.object] = new.object
    return _Texts(names, columns, renames[0].old.kind in NAMED_IN_QUERIES)


def _text(snapshot: Snapshot, key: FactKey, value: str, moved: Mapping[ObjectKey, ObjectKey], texts: _Texts) -> str:
    owner = ObjectKey(key.kind, key.object)
    if owner in moved and key.property == "definition":
        value = with_own_name(owner, value, printed_name(moved[owner]))
    if owner.kind == "function" or (owner.kind in QUERIES and not texts.are_in_queries):
        return value
    if texts.names and key.property in WITH_NAMES:
        value = with_names(value, texts.names)
    if texts.columns and key.property in WITH_COLUMNS:
        value = _with_columns(snapshot, owner, value, texts.columns)
    return value


def _with_columns(snapshot: Snapshot, owner: ObjectKey, value: str, columns: Mapping[str, Mapping[str, str]]) -> str:
    """Rename columns in what belongs to their table, and where a foreign key refers to them."""
    tables = [owner.object, *(one.object for one in snapshot.ancestors(owner))]
    own = next((columns[table] for table in tables if table in columns), {})
    head, references, tail = value.partition(" REFERENCES ") if owner.kind == "constraint" else (value, "", "")
    head = with_columns(head, own)
    referenced = columns.get(tail.partition("(")[0], {})
    return head + references + (with_columns(tail, referenced) if referenced else tail)


def _shape(owner: ObjectKey, shape: str, texts: _Texts) -> str:
    """Rename in what facts say once more in parts: a table's columns by number, and the table that a foreign key leads to."""
    if owner.kind == "constraint":
        head, bar, table = shape.rpartition("|")
        return f"{head}{bar}{texts.names.get(table, table)}"
    if owner.object in texts.columns:
        names, collations = json.loads(shape)
        return json.dumps([[texts.columns[owner.object].get(one, one) for one in names], collations])
    return shape


def _keep_not_null_names(snapshot: Snapshot, moved: Mapping[ObjectKey, ObjectKey], facts: dict[FactKey, str]) -> None:
    """Note under which name a NOT NULL stays: since PostgreSQL 18 it has one, which no rename of table or column changes."""
    if snapshot.server_version_number < 180000:
        return
    for old, new in moved.items():
        if old.kind != "column" or (*old, "not null") not in snapshot.facts:
            continue
        name = not_null_name(old, snapshot.value(*old, "not null constraint"))
        facts.pop(FactKey(*new, "not null constraint"), None)
        if name != usual_not_null_name(new):
            facts[FactKey(*new, "not null constraint")] = quoted(name)


def not_null_name(column: ObjectKey, told: str | None) -> str:
    """Return the name of a column's NOT NULL, as the catalog has it; `told` is the fact, which there is where the name is not the usual one."""
    return usual_not_null_name(column) if told is None else unquoted(told)


def usual_not_null_name(column: ObjectKey) -> str:
    """Return the name that PostgreSQL 18 chooses for a column's NOT NULL, as the catalog has it."""
    table = unquoted(unqualified(qualifier(column.object)))
    return f"{table}_{unquoted(unqualified(column.object))}_not_null"


def _with_not_null_names(snapshot: Snapshot, renames: Iterable[Rename]) -> Snapshot:
    facts = dict(snapshot.facts)
    for one in renames:
        key = FactKey("column", one.new.object, "not null constraint")
        facts.pop(key, None)
        if one.constraints[1] != usual_not_null_name(one.new):
            facts[key] = quoted(one.constraints[1])
    return replace(snapshot, facts=dict(sorted(facts.items())))
