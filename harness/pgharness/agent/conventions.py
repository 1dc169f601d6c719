"""Gives models that are imported ahead the naming convention that env.py sets before it imports them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, UniqueConstraint

from .reflected import is_reflected

Conventions = Mapping[str, Mapping[str, Mapping[str, str]]]
"""For a module, for the dotted name of a MetaData in it: the names of constraints, by kind."""

# What a convention names where nobody gave a name.
_NAMED = {"pk": PrimaryKeyConstraint, "fk": ForeignKeyConstraint, "uq": UniqueConstraint}
_GIVEN = dict(MetaData().naming_convention)


def names_in(metadata: Sequence[MetaData]) -> str:
    """Return a digest of the names that models declare; a naming convention that comes only once they are imported gives none to what is there.

    What is read from the run's database is left out: there one has a table that another has not yet.
    """
    names = [
        (table.fullname, sorted(str(one.name) for one in [*table.constraints]), sorted(map(_name, table.indexes)))
        for one in metadata
        for table in one.tables.values()
        if not is_reflected(table)
    ]
    return sha256(repr(sorted(names)).encode()).hexdigest()


def conventions_of(metadata: Sequence[MetaData], modules: Sequence[str]) -> dict[str, dict[str, dict[str, str]]]:
    """Return what has named the constraints of models, each at the first of these modules that holds the MetaData; what calls functions is left out."""
    told: dict[str, dict[str, dict[str, str]]] = {}
    for one in metadata:
        convention: dict[Any, Any] = dict(one.naming_convention)
        is_plain = all(isinstance(part, str) for named in convention.items() for part in named)
        is_new = convention != _GIVEN and is_plain and _has_named(one)
        place = next(_places(one, modules), None) if is_new else None
        if place is not None:
            told.setdefault(place[0], {})[place[1]] = convention
    return told


def _has_named(metadata: MetaData) -> bool:
    """Whether the convention was there before the models: set behind them, it names none."""
    named = tuple(kind for key, kind in _NAMED.items() if key in metadata.naming_convention)
    names = [
        one.name for table in metadata.tables.values() for one in table.constraints if named and isinstance(one, named)
    ]
    return bool(names) and None not in names


def give(module: str, conventions: Conventions) -> None:
    """Set the conventions of what a module holds that has been imported, before anything is declared with it."""
    for path, convention in conventions.get(module, {}).items():
        found: Any = sys.modules.get(module)
        for name in path.split("."):
            found = getattr(found, name, None)
        if isinstance(found, MetaData):
            found.naming_convention = dict(convention)


def _places(metadata: MetaData, modules: Sequence[str]) -> Iterator[tuple[str, str]]:
    for module in modules:
        for name, value in list(vars(sys.modules[module]).items()) if module in sys.modules else ():
            if value is metadata:
                yield module, name
            elif isinstance(value, type) and value.__dict__.get("metadata") is metadata:
                yield module, f"{name}.metadata"


def _name(one: Any) -> str:
    with contextlib.suppress(Exception):
        return str(one.name)
    return ""
