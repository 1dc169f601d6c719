"""Writes what a database itself carries, for a database whose name is not known when this is written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from pgharness.catalog.carried import NAME, Carried, changes
from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering.parts import Contents, Part, Phase, literal

CURRENT = ObjectKey("database", "current")


def parts(contents: Contents) -> Iterator[Part]:
    """Yield the part that concerns the database itself, last: a script's own session is not to go by its settings."""
    facts = contents.properties.get(CURRENT)
    if facts:
        lines = tuple(change_lines({}, facts))
        yield Part(frozenset({CURRENT}), frozenset(), Phase.DATABASE, CURRENT.object, lines)


def change_lines(before: Carried, after: Carried) -> list[str]:
    """Write what brings the database in which the lines are run from what it carries to what it is to carry."""
    return [_line(statement) for statement in changes(before, after)]


def _line(statement: str) -> str:
    """Let the server put the name of its current database into a statement."""
    if NAME not in statement:
        return f"{statement};"
    template = literal(statement.replace("%", "%%").replace(NAME, "%I"))
    body = f"BEGIN EXECUTE format({template}, current_database()); END"
    quotes = ("$$" if number == 0 else f"$body{number}$" for number in count())
    quote = next(quote for quote in quotes if quote not in body)
    return f"DO {quote} {body} {quote};"
