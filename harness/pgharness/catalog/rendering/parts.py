"""A part of a script: SQL that makes some objects, what it needs made before it, and its place among the others."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from pgharness.catalog.facts import ObjectKey, Snapshot

PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")
PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.+-]+")


class Phase(IntEnum):
    """The order in which a reader meets kinds of objects, as far as nothing needs another order."""

    SCHEMAS = 0
    EXTENSIONS = 1
    FOREIGN_DATA = 2
    TYPES = 3
    FUNCTIONS = 4
    OPERATORS = 5
    TABLES = 6
    VIEWS = 7
    FOREIGN_KEYS = 8
    PUBLICATIONS = 9
    EVENT_TRIGGERS = 10
    DEFAULT_PRIVILEGES = 11
    DATABASE = 12


@dataclass(frozen=True, slots=True)
class Part:
    """Statements that make the objects in `makes`; `group` and `rank` keep an index below its table."""

    makes: frozenset[ObjectKey]
    needs: frozenset[ObjectKey]
    phase: Phase
    group: str
    statements: tuple[str, ...]
    rank: int = 0

    @property
    def place(self) -> tuple[Phase, str, int, tuple[str, ...]]:
        """Where the part stands when nothing that it needs says otherwise."""
        return self.phase, self.group, self.rank, self.statements


@dataclass(frozen=True)
class Contents:
    """A snapshot arranged for writing: properties by object, objects by parent.

    `apart` are those to write after their table, `alone` the tables to make by themselves before they become partitions.
    """

    snapshot: Snapshot
    apart: frozenset[ObjectKey] = field(default_factory=frozenset)
    alone: frozenset[ObjectKey] = field(default_factory=frozenset)

    @cached_property
    def properties(self) -> dict[ObjectKey, dict[str, str]]:
        """The properties of each object, in order."""
        return self.snapshot.by_object()

    @cached_property
    def children(self) -> dict[ObjectKey, list[ObjectKey]]:
        """The objects that belong to each object, sorted."""
        children: defaultdict[ObjectKey, list[ObjectKey]] = defaultdict(list)
        for child, parent in sorted(self.snapshot.parents.items()):
            children[parent].append(child)
        return children

    @property
    def major(self) -> int:
        """The server's major version."""
        return self.snapshot.server_version_number // 10000

    def all(self, *kinds: str) -> list[tuple[ObjectKey, dict[str, str]]]:
        """Give the existing objects of these kinds with their properties, sorted."""
        return [(key, facts) for key, facts in self.properties.items() if key.kind in kinds and "exists" in facts]

    def of(self, parent: ObjectKey, kind: str) -> list[ObjectKey]:
        """Give the parent's children of a kind, sorted."""
        return [child for child in self.children.get(parent, ()) if child.kind == kind]

    def parent(self, key: ObjectKey) -> ObjectKey:
        """Give what the object belongs to, itself where it stands alone."""
        return self.snapshot.parents.get(key, key)

    def local_name(self, key: ObjectKey) -> str:
        """Give the name that the object has within its parent: `email` for `public.users.email`."""
        return key.object.removeprefix(self.parent(key).object + ".")

    def needs(self, *keys: ObjectKey) -> frozenset[ObjectKey]:
        """Give what PostgreSQL says these objects depend on."""
        return frozenset(needed for key in keys for needed in self.snapshot.dependencies.get(key, ()))


def literal(text: str) -> str:
    """Write a string constant (standard_conforming_strings is on)."""
    return "'" + text.replace("'", "''") + "'"


def options(facts: dict[str, str], prefix: str = "option ", *, between: str = " = ") -> list[str]:
    """Write the options among an object's facts: `fillfactor = 70`."""
    return [
        f"{_option_name(name.removeprefix(prefix))}{between}{value if PLAIN_VALUE.fullmatch(value) and '=' in between else literal(value)}"
        for name, value in facts.items()
        if name.startswith(prefix)
    ]


def wrapper_options(facts: dict[str, str]) -> str:
    """Write the OPTIONS clause of a foreign-data object, with a space before it; empty where there are none."""
    written = ", ".join(options(facts, "wrapper option ", between=" "))
    return f" OPTIONS ({written})" if written else ""


def _option_name(name: str) -> str:
    return name if PLAIN_NAME.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def statement(*lines: str) -> str:
    """Write a statement of the lines that are not empty."""
    return "\n".join(line for line in lines if line) + ";"
