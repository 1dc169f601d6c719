"""Names as PostgreSQL prints them: qualified, and quoted where they have to be."""

from __future__ import annotations

import re

NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
"""A name in a statement, as a pattern."""
FULL_NAME = rf"{NAME}(?:\.{NAME})?"
"""The same, maybe with its schema."""
_LAST = re.compile(r'(?:"(?:[^"]|"")*"|[^".]+)$')


def unqualified(name: str) -> str:
    """Return the last part of a qualified name, quotes kept."""
    match = _LAST.search(name)
    assert match is not None, name
    return match[0]


def qualifier(name: str) -> str:
    """Return what stands before the last part of a qualified name, quotes kept; empty where nothing does."""
    return name.removesuffix(unqualified(name)).removesuffix(".")


def unquoted(identifier: str) -> str:
    """Return an identifier as the catalog has it."""
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier
