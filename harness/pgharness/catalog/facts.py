"""A catalog as plain values: facts of objects, and which object belongs to which."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

RELATION_KINDS = ("table", "view", "materialized view", "foreign table", "sequence")

KINDS = frozenset(
    {
        *RELATION_KINDS,
        *("access method", "attribute", "cast", "collation", "column", "constraint", "conversion", "database"),
        *("default privileges", "domain constraint", "domain not null constraint", "event trigger", "extension"),
        *("foreign data wrapper", "function", "index", "language", "not null constraint", "operator", "operator class"),
        *("operator family", "policy", "publication", "publication schema", "publication table", "rule", "schema"),
        *("server", "statistics", "subscription", "text search configuration", "text search dictionary"),
        *("text search parser", "text search template", "transform", "trigger", "type", "user mapping"),
    }
)
"""Every kind of object that has facts; "function" holds procedures and aggregates, "type" enums and domains, too."""


class FactKey(NamedTuple):
    """What a fact is about: a property of an object of a kind."""

    kind: str
    object: str
    property: str


class ObjectKey(NamedTuple):
    """An object, as PostgreSQL prints its qualified name: `("index", "public.ix_users_email")`."""

    kind: str
    object: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All facts of one database, sorted; two schemas are equal exactly when their facts are.

    Each object has the property "exists", but for what is there in any case: what came with the server, and the database itself, which is
    named `current` whatever its name. A property at its default has no fact. `parents` leads from an object to the one that it belongs to
    and goes with (column to table, index to constraint or table); `dependencies` to those that must be made before it. `shapes` has what
    the facts of tables, indexes and foreign keys say once more in parts, as `index_shapes` reads it. None of these is compared.
    """

    facts: Mapping[FactKey, str]
    server_version_number: int = field(compare=False)
    parents: Mapping[ObjectKey, ObjectKey] = field(default_factory=dict, compare=False, repr=False)
    dependencies: Mapping[ObjectKey, tuple[ObjectKey, ...]] = field(default_factory=dict, compare=False, repr=False)
    shapes: Mapping[ObjectKey, str] = field(default_factory=dict, compare=False, repr=False)

    def value(self, kind: str, object_name: str, property_name: str = "exists") -> str | None:
        """Return the fact's value, or None where there is no such fact. Raises ValueError for what is no kind."""
        require_kind(kind)
        return self.facts.get(FactKey(kind, object_name, property_name))

    def objects(self, *kinds: str) -> tuple[ObjectKey, ...]:
        """Return the objects that exist, of these kinds (of all, where none is named), sorted. Raises ValueError for what is no kind."""
        for kind in kinds:
            require_kind(kind)
        return tuple(
            ObjectKey(kind, name)
            for kind, name, property_name in self.facts
            if property_name == "exists" and (not kinds or kind in kinds)
        )

    def by_object(self) -> dict[ObjectKey, dict[str, str]]:
        """Return the facts grouped by object, in order."""
        grouped: dict[ObjectKey, dict[str, str]] = {}
        last: tuple[str, str] | None = None
        # Facts are sorted, so those of an object stand together.
        for (kind, name, property_name), value in self.facts.items():
            if last != (kind, name):
                last = kind, name
                properties = grouped.setdefault(ObjectKey(kind, name), {})
            properties[property_name] = value
        return grouped

    def ancestors(self, owner: ObjectKey) -> Iterator[ObjectKey]:
        """Yield the objects that this one belongs to, nearest first."""
        parent = self.parents.get(owner)
        while parent is not None:
            yield parent
            parent = self.parents.get(parent)

    def declared_beside(self, head: Snapshot) -> Snapshot:
        """Return the snapshot with what `head` says of the database itself, where this one says nothing.

        Models cannot declare that. And it is not to be in force while their database is made: a search path would make tables elsewhere.
        """
        facts = {**{key: value for key, value in head.facts.items() if key.kind == "database"}, **self.facts}
        return replace(self, facts={key: facts[key] for key in sorted(facts)})

    def without(self, relations: Collection[str]) -> Snapshot:
        """Return the snapshot without these relations (`public.alembic_version`) and all that belongs to them."""
        left_out = {ObjectKey(kind, name) for name in relations for kind in RELATION_KINDS}
        if not left_out:
            return self
        while more := {owner for owner, parent in self.parents.items() if parent in left_out and owner not in left_out}:
            left_out |= more
        return replace(
            self,
            facts={key: value for key, value in self.facts.items() if key[:2] not in left_out},
            parents={owner: parent for owner, parent in self.parents.items() if owner not in left_out},
            dependencies={
                owner: tuple(one for one in needed if one not in left_out)
                for owner, needed in self.dependencies.items()
                if owner not in left_out
            },
        )


def require_kind(kind: str) -> None:
    """Raise ValueError, with the nearest kind and all of them, where there are no facts of such a kind."""
    if kind in KINDS:
        return
    near = difflib.get_close_matches(kind, KINDS, n=1)
    raise ValueError(
        f"No object is of the kind {kind!r}.{f' Did you mean {near[0]!r}?' if near else ''} The kinds are: {', '.join(sorted(KINDS))}."
    )
