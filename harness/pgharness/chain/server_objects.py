"""Tells from their texts whether a chain's revisions make what belongs to the whole server, which two databases cannot both have made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pgharness.chain.project import Project

# Roles and slots belong to the whole server, so two databases that make the same ones cannot be worked on side by side.
# `ALTER DATABASE … CHARACTER SET` is MySQL's, and stands in chains that serve it too.
_SPEAKS_OF_SERVER = re.compile(
    r"\b(create|alter|drop)\s+(role|user|group|tablespace|subscription|system|"
    r"database\b(?!\s+\S+\s+(default\s+)?(character\s+set|charset|collate\b)))\b|replication_slot",
    re.IGNORECASE,
)


def speaks_of_server(project: Project) -> bool:
    """Whether a revision, or the baseline, seems to make what belongs to the whole server."""
    return any(map(_file_speaks, _files(project)))


def says_of_server(code: str) -> bool:
    """Whether a text in a revision's code seems to make such a thing; what comments and docstrings say, nobody sends."""
    return any(_SPEAKS_OF_SERVER.search(text) for text in _texts_of(code))


def _files(project: Project) -> Iterator[Path]:
    yield from (Path(item.path) for item in project.chain.revisions)
    if project.settings.baseline is not None:
        yield project.settings.baseline


def _file_speaks(file: Path) -> bool:
    text = file.read_text(encoding="utf-8", errors="replace")
    return says_of_server(text) if file.suffix == ".py" else _SPEAKS_OF_SERVER.search(text) is not None


def _texts_of(code: str) -> Iterator[str]:
    """Yield the texts of a Python file, f-strings as one; the whole of one that is of another version's grammar."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        yield code
        return
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    said |= {id(part) for node in formatted for part in node.values}
    for text in formatted:
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in text.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value
