"""The functions of triggers in the form that works on a shard, where the tables' own names mean the whole tables.

A query of a trigger on a shard may not ask other nodes, so each asks the shard that lies beside its own. An error on a shard arrives
without the name of its constraint, so the message bears it. Each file is as PostgreSQL prints the function.
"""

from __future__ import annotations

from importlib.resources import files
from types import MappingProxyType
from typing import Final


def _read() -> dict[str, str]:
    folder = files(__package__) / "functions"
    read = {file.name.removesuffix(".sql"): file.read_text("utf-8") for file in folder.iterdir()}
    return dict(sorted(read.items()))


FORMS: Final = MappingProxyType(_read())
"""By name, the helpers `shard_beside` and `commit_in_two_phases` among them, which no trigger of the chain runs."""

HELPERS: Final = MappingProxyType(
    {"shard_beside": "shard_beside(text,text,text)", "commit_in_two_phases": "commit_in_two_phases()"}
)
KNOWN_FUNCTIONS: Final = frozenset(FORMS) - set(HELPERS)


def signature_of(name: str) -> str:
    """Return a function's name with its arguments, as PostgreSQL prints it."""
    return HELPERS.get(name, f"{name}()")


def forms_by_signature() -> dict[str, str]:
    """Return the definitions by signature."""
    return {signature_of(name): definition for name, definition in FORMS.items()}
