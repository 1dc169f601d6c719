"""A part of a script: SQL that makes some objects, what it needs made before it, and its place among the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.rendering.arrangement import Arrangement

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
    """What of a snapshot is written, and how.

    `apart` are those to write after their table, `alone` the tables to make by themselves before they become partitions. Where `only` is
    not None, no parts are made but of these objects and of what they belong to.
    """

    arrangement: Arrangement
    apart: frozenset[ObjectKey] = frozenset()
    alone: frozenset[ObjectKey] = frozenset()
    only: frozenset[ObjectKey] | None = None

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot."""
        return self.arrangement.snapshot

    @property
    def properties(self) -> dict[ObjectKey, dict[str, str]]:
        """The properties of each object, in order."""
        return self.arrangement.properties

    @property
    def major(self) -> int:
        """The server's major version."""
        return self.snapshot.server_version_number // 10000

    @property
    def given(self) -> list[ObjectKey]:
        """What came with the server or an extension, sorted."""
        given = self.arrangement.given
        return given if self.only is None else [key for key in given if key in self.only]

    def all(self, *kinds: str) -> list[tuple[ObjectKey, dict[str, str]]]:
        """Return the existing objects of these kinds with their properties, sorted."""
        return [(key, self.properties[key]) for kind in sorted(kinds) for key in self._by_kind.get(kind, ())]

    @cached_property
    def _by_kind(self) -> dict[str, list[ObjectKey]]:
        if self.only is None:
            return self.arrangement.by_kind
        above = {one for key in self.only for one in self.snapshot.ancestors(key)}
        return self.arrangement.existing(sorted(self.only | above))

    def of(self, parent: ObjectKey, kind: str) -> list[ObjectKey]:
        """Return the parent's children of a kind, sorted."""
        return [child for child in self.arrangement.children.get(parent, ()) if child.kind == kind]

    def parent(self, key: ObjectKey) -> ObjectKey:
        """Return what the object belongs to, itself where it stands alone."""
        return self.snapshot.parents.get(key, key)

    def local_name(self, key: ObjectKey) -> str:
        """Return the name that the object has within its parent: `email` for `public.users.email`."""
        return key.object.removeprefix(self.parent(key).object + ".")

    def needs(self, *keys: ObjectKey) -> frozenset[ObjectKey]:
        """Return what PostgreSQL says these objects depend on."""
        return frozenset(needed for key in keys for needed in self.snapshot.dependencies.get(key, ()))


def partitions_below(contents: Contents, table: ObjectKey) -> frozenset[ObjectKey]:
    """Return all partitions of a table, at every depth."""
    below = contents.arrangement.partitions.get(table.object, ())
    return frozenset(below).union(*(partitions_below(contents, key) for key in below))


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
