"""Statements that make what the left side lacks, and that drop what it has too much."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.proposing.alembic_calls import dropping
from pgharness.catalog.proposing.attachments import default_privilege_lines
from pgharness.catalog.proposing.change import NoStatementError
from pgharness.catalog.proposing.columns import add_column
from pgharness.catalog.proposing.creation_calls import creating
from pgharness.catalog.rendering.all_parts import parts_in_order
from pgharness.catalog.rendering.attachments import attachments, phrase
from pgharness.catalog.rendering.parts import Contents, Part, Phase

# Objects that go with their owner, or that no DROP names.
DROPS = {
    "column": "ALTER {table} DROP COLUMN {local};",
    "constraint": "ALTER {table} DROP CONSTRAINT {local};",
    "domain constraint": "ALTER DOMAIN {parent} DROP CONSTRAINT {local};",
    "attribute": "ALTER TYPE {parent} DROP ATTRIBUTE {local} CASCADE;",
    "publication table": "ALTER PUBLICATION {publication} DROP TABLE {parent};",
    "publication schema": "ALTER PUBLICATION {publication} DROP TABLES IN SCHEMA {parent};",
    "user mapping": "DROP USER MAPPING FOR {user} SERVER {server};",
}
ATTACH = re.compile(r"ALTER (TABLE ONLY|FOREIGN TABLE ONLY|INDEX) \S.* ATTACH PARTITION ")
# Made by a line of their own, not by a part of a script.
BELOW = frozenset({"column", "attribute", "domain constraint"})
# What these hold is more than their definition: dropping and making them anew loses it.
HOLDERS = frozenset({"table", "column", "sequence", "schema", "attribute"})


def subtree(contents: Contents, keys: Iterable[ObjectKey]) -> set[ObjectKey]:
    """Return the objects and all that belongs to them, at every depth."""
    found: set[ObjectKey] = set()
    pending = list(keys)
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            pending.extend(contents.arrangement.children.get(key, ()))
    return found


def dependents(contents: Contents, keys: Iterable[ObjectKey]) -> set[ObjectKey]:
    """Return what has to go before these can go, at every depth, these left out."""
    wanted = set(keys)
    gone: set[ObjectKey] = set()
    more = subtree(contents, wanted)
    while more:
        gone |= more
        users = {user for one in more for user in contents.arrangement.users.get(one, ()) if user not in gone}
        more = subtree(contents, {one for one in users if "exists" in contents.properties.get(one, {})}) - gone
    return {key for key in gone - wanted if not _belongs(contents, key, gone)}


def drop_lines(contents: Contents, key: ObjectKey, *, detached: bool = False) -> list[str]:
    """Write what drops an object; `detached` says that its table has been taken out of its partitioned one before."""
    facts, parent = contents.properties.get(key, {}), contents.parent(key)
    if key.kind == "default privileges":
        return _drop_default_privileges(contents, key)
    if facts.get("exists") == "partition trigger":
        table = f"{parent.kind.upper()} {parent.object}"
        return [f"ALTER {table} ENABLE TRIGGER {contents.local_name(key)};"]
    if "partition of" in facts and key.kind == "index" and not detached:
        raise NoStatementError(
            f"an index of a partition goes with the one of its parent: drop index {facts['partition of']}"
        )
    template = DROPS.get(key.kind, "DROP {phrase};")
    line = template.format(
        phrase=phrase(contents, key),
        table=f"{parent.kind.upper()} {parent.object}",
        parent=parent.object,
        local=contents.local_name(key),
        publication=key.object.rpartition(" in publication ")[2],
        user=facts.get("user", ""),
        server=facts.get("server", ""),
    )
    return [dropping(contents, key, line)]


def create_lines(contents: Contents, keys: set[ObjectKey]) -> Iterator[tuple[ObjectKey, list[str]]]:
    """Write what makes these objects and all that belongs to them, each with its lines, in an order in which each finds what it needs."""
    wanted = subtree(contents, keys)
    inside = frozenset(key for key in wanted if key.kind == "constraint" and contents.parent(key) not in wanted)
    alone = frozenset(key for key in wanted if key.kind in ("table", "foreign table"))
    apart = replace(contents, apart=contents.apart | inside, alone=alone)
    ordered = parts_in_order(apart, wanted)
    # Columns can need types, functions and sequences; constraints and indexes can need columns.
    early, late = _split(ordered)
    attaching: list[tuple[ObjectKey, list[str]]] = []
    for part in early:
        yield from _part_lines(keys, part, apart, attaching)
    in_place = sorted(keys, key=lambda key: (key.kind, contents.parent(key), _position(contents, key), key))
    yield from ((key, lines) for key in in_place if (lines := _below(contents, key)))
    for part in late:
        yield from _part_lines(keys, part, apart, attaching)
    yield from attaching


def _position(contents: Contents, key: ObjectKey) -> int:
    """Return where a column or attribute stands: those that are added come to stand in the order in which they are."""
    return int(contents.properties[key].get("position", "0"))


def _split(ordered: Iterable[Part]) -> tuple[list[Part], list[Part]]:
    """Distinguish what columns can need from what can need columns, and from what needs that."""
    early: list[Part] = []
    late: list[Part] = []
    made_late: set[ObjectKey] = set()
    for part in ordered:
        if _is_early(part) and made_late.isdisjoint(part.needs):
            early.append(part)
        else:
            late.append(part)
            made_late |= part.makes
    return early, late


def _is_early(part: Part) -> bool:
    return part.phase < Phase.TABLES or part.rank < 0


def _part_lines(
    keys: set[ObjectKey], part: Part, contents: Contents, attaching: list[tuple[ObjectKey, list[str]]]
) -> Iterator[tuple[ObjectKey, list[str]]]:
    """Yield a part's lines for the wanted object that it is of; what attaches a partition is put off till all of it is there."""
    key = _owner_among(keys, part, contents)
    if key is None or _is_attached_with_table(part, contents):
        return
    last = [line for line in part.statements if ATTACH.match(line) and key.kind != "index"]
    lines = [line for line in part.statements if line and line not in last]
    made = min(part.makes, default=None)
    # A constraint's index comes with it, and after it.
    if lines and made is not None and made.kind in ("constraint", "index"):
        lines[0] = creating(contents, made, lines[0])
    yield key, lines
    # The indexes of a partition are attached with it.
    put_off = [line for line in last if not line.startswith("ALTER INDEX")]
    if put_off:
        attaching.append((key, put_off))


def _is_attached_with_table(part: Part, contents: Contents) -> bool:
    """Whether a part attaches an index of a table that is made now, and attached itself, which attaches its indexes."""
    if part.makes:
        return False
    tables = {table for key in part.needs if key.kind == "index" for table in contents.snapshot.ancestors(key)}
    return any("partition of" in contents.properties.get(one, {}) for one in tables & contents.alone)


def _owner_among(keys: set[ObjectKey], part: Part, contents: Contents) -> ObjectKey | None:
    """Return the wanted object that a part makes or makes ready; None where it is of another."""
    concerned = part.makes or {key for key in part.needs if key.kind in ("sequence", "index")}
    for found in sorted(concerned):
        key = ObjectKey("type", found.object) if found.kind == "shell type" else found
        for one in (key, *contents.snapshot.ancestors(key)):
            if one in keys:
                return one if one.kind not in BELOW or part.makes == {one} or one.kind == "constraint" else None
    return None


def _below(contents: Contents, key: ObjectKey) -> list[str]:
    """Write what adds a column, attribute or domain's check to what exists."""
    if key.kind == "column":
        return add_column(contents, key)
    facts, parent, name = contents.properties[key], contents.parent(key), contents.local_name(key)
    if key.kind == "domain constraint":
        add = f"ALTER DOMAIN {parent.object} ADD CONSTRAINT {name} {facts['definition']};"
        return [add, *attachments(contents, key)]
    if key.kind == "attribute":
        collation = f" COLLATE {facts['collation']}" if "collation" in facts else ""
        add = f"ALTER TYPE {parent.object} ADD ATTRIBUTE {name} {facts['type']}{collation} CASCADE;"
        return [add, *attachments(contents, key)]
    return []


def _belongs(contents: Contents, key: ObjectKey, gone: set[ObjectKey]) -> bool:
    return any(one in gone for one in contents.snapshot.ancestors(key))


def _drop_default_privileges(contents: Contents, key: ObjectKey) -> list[str]:
    """Write what brings default privileges back to the built-in ones."""
    return [
        line
        for name, _ in sorted(contents.properties[key].items())
        if name.startswith("grants to ")
        for line in default_privilege_lines(contents.properties[key], name, None)
    ]
