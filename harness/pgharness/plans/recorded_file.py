"""Writes statements that were sent as a file of statements, each with a name and with a sample of its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pgharness.plans.server_log import Sent

_RELATION = re.compile(
    r"\b(?:FROM|INTO|UPDATE|CALL)\s+(?:ONLY\s+)?((?:\"[^\"]+\"|\w+)(?:\.(?:\"[^\"]+\"|\w+))?)", re.IGNORECASE
)
HEADER = "-- What `pgharness record` saw, one statement of each kind; write it anew with the release that sends them.\n"


def file_of(sent: Iterable[Sent]) -> str:
    """Return the text of the file."""
    names: dict[str, int] = {}
    return HEADER + "".join(_entry(one, names) for one in sent)


def _entry(one: Sent, names: dict[str, int]) -> str:
    verb = one.sql.split(maxsplit=1)[0].strip("(").lower()
    relation = _RELATION.search(one.sql)
    name = f"{verb} {relation[1]}" if relation is not None else verb
    names[name] = names.get(name, 0) + 1
    samples = f"-- samples: SELECT {', '.join(map(_in_one_line, one.parameters))}\n" if one.parameters else ""
    return f"\n-- name: {name} {names[name]}\n{samples}{one.sql};\n"


def _in_one_line(literal: str) -> str:
    """Write a literal such that it fits a comment of one line."""
    if not re.search(r"[\n\r\\]", literal):
        return literal
    escaped = literal.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"E{escaped}"
