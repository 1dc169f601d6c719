"""Finds what stands in the way of a column's new type, so that it has to go and come again: what reads the column, keys, conditions on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.identifiers import identifiers
from pgharness.catalog.index_shapes import foreign_key_of
from pgharness.catalog.rendering.parts import Contents

# What PostgreSQL refuses to see another type below, whichever it is (manual, ALTER TABLE, "SET DATA TYPE").
READERS = frozenset({"view", "materialized view", "rule", "policy", "trigger", "function"})
TEXTS = ("definition", "using", "with check", "generated")


@dataclass(frozen=True, slots=True)
class Retyping:
    """Columns of which some share what is in the way, and all that is in their way."""

    columns: tuple[ObjectKey, ...]
    in_the_way: frozenset[ObjectKey]


def retypings(
    contents: Contents, columns: Iterable[ObjectKey], gone: AbstractSet[ObjectKey], is_far: Callable[[ObjectKey], bool]
) -> list[Retyping]:
    """Return those of the columns that something is in the way of, which are changed together with others that it is in the way of.

    `gone` is gone already. `is_far` says of a column that its values and those of the new type cannot be compared.
    """
    found: list[Retyping] = []
    for column in columns:
        in_the_way = frozenset(in_the_way_of(contents, column, is_far=is_far(column))) - gone
        if not in_the_way:
            continue
        sharing = [one for one in found if one.in_the_way & in_the_way]
        found = [one for one in found if one not in sharing]
        found.append(
            Retyping(
                (*(key for one in sharing for key in one.columns), column),
                in_the_way.union(*(one.in_the_way for one in sharing)),
            )
        )
    return found


def in_the_way_of(contents: Contents, column: ObjectKey, *, is_far: bool) -> Iterator[ObjectKey]:
    """Yield what reads a column; where its values become others of another kind, also keys and conditions."""
    name = contents.local_name(column)
    for key in _near(contents, column):
        facts = contents.properties.get(key, {})
        if key.kind == "column" and "generated" in facts and key != column and _mentions(facts, name):
            yield key
            yield from (one for one in _near(contents, key) if _holds(contents, one, contents.local_name(key)))
        elif key.kind in READERS and _mentions(facts, name):
            # A function's text can say nothing of it; only one whose body is parsed depends on the table at all.
            yield key
        elif is_far and _compares(contents, key, column):
            yield key


def _near(contents: Contents, column: ObjectKey) -> list[ObjectKey]:
    table = contents.parent(column)
    return sorted({*contents.arrangement.users.get(table, ()), *contents.arrangement.children.get(table, ())})


def _mentions(facts: dict[str, str], name: str) -> bool:
    return any(name in identifiers(facts[text]) for text in TEXTS if text in facts)


def _holds(contents: Contents, key: ObjectKey, name: str) -> bool:
    """Whether an index, constraint or view has a column in it, and goes where that goes."""
    kinds = READERS | {"index", "constraint", "statistics"}
    return key.kind in kinds and _mentions(contents.properties.get(key, {}), name)


def _compares(contents: Contents, key: ObjectKey, column: ObjectKey) -> bool:
    """Whether it compares the column with something: a foreign key with another column, a condition or expression with a constant."""
    facts, name = contents.properties.get(key, {}), contents.local_name(column)
    if key.kind == "index":
        has_expression = facts.get("definition", "").count("(") > 1 or " WHERE " in facts.get("definition", "")
        return has_expression and _mentions(facts, name)
    if key.kind == "statistics":
        return _mentions(facts, name)
    if key.kind != "constraint":
        return False
    if facts["exists"] != "foreign key":
        return facts["exists"] in ("check", "exclusion") and _mentions(facts, name)
    found, table = foreign_key_of(contents.snapshot, key), contents.parent(column).object
    return (found.table == table and name in found.columns) or (found.referenced == table and name in found.referred)
