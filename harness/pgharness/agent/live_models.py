"""Finds the models of the project that a revision imports, which are those of today: what a statement of theirs names may not be there yet."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def live_models(path: str, statement: str) -> list[str]:
    """Return `module.Class` of each model that the file imports, anywhere in it, and whose table the statement names."""
    found: dict[str, None] = {}
    for value in _imported(path):
        table = getattr(getattr(value, "__table__", None), "name", "")
        if isinstance(value, type) and table and re.search(rf"(?<!\w){re.escape(table)}(?!\w)", statement):
            found[f"{value.__module__}.{value.__qualname__}"] = None
    return list(found)


def _imported(path: str) -> Iterator[Any]:
    """Yield what the file imports, and what modules among it hold."""
    for node in ast.walk(ast.parse(Path(path).read_bytes())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _held_by(sys.modules.get(alias.name))
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                one = getattr(sys.modules.get(node.module or ""), alias.name, None)
                yield one
                yield from _held_by(sys.modules.get(f"{node.module}.{alias.name}"))


def _held_by(module: Any) -> Iterator[Any]:
    yield from vars(module).values() if module is not None else ()
