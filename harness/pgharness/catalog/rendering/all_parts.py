"""All parts of a script, or those of some objects and of what they need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering import databases, indexes, routines, tables, types, views
from pgharness.catalog.rendering.order import in_order
from pgharness.catalog.rendering.parts import Contents, Part

MODULES = (types, routines, tables, indexes, views, databases)


def all_parts(contents: Contents) -> list[Part]:
    """Return all parts of a script of the contents."""
    return [part for module in MODULES for part in module.parts(contents)]


def parts_in_order(contents: Contents, keys: Iterable[ObjectKey]) -> list[Part]:
    """Return the parts of these objects and of all that they need, in the order in which a script of everything has them.

    What is left out is needed by none of these, and so has no say in their order.
    """
    wanted = set(keys)
    while True:
        # The shell of a type is written with the type.
        types = {ObjectKey("type", key.object) for key in wanted if key.kind == "shell type"}
        parts = [part for part in all_parts(replace(contents, only=frozenset(wanted | types))) if _is_of(part, wanted)]
        needed = set().union(*(part.needs for part in parts))
        if needed <= wanted:
            return in_order(parts)[0]
        wanted |= needed


def _is_of(part: Part, wanted: set[ObjectKey]) -> bool:
    return not wanted.isdisjoint(part.makes or part.needs)
