"""Tells whether two definitions of a function part in their layout alone: blanks, indentation and ends of lines that mean nothing to PostgreSQL."""

from __future__ import annotations

import re

# As pg_get_functiondef prints it; what stands in other languages may go by its indentation.
_BODY = re.compile(
    r"(?P<head>.*?\n LANGUAGE (?:sql|plpgsql)\n.*?)^AS (?P<quote>\$\w*\$)(?P<body>.*)(?P=quote)\s*\Z",
    re.DOTALL | re.MULTILINE,
)
_PARTS = re.compile(
    r"""(?P<kept>--[^\n]*|/\*.*?\*/|[eE]?'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|(?P<tag>\$\w*\$).*?(?P=tag))|(?P<blank>\s+)|(?P<other>[^\s])""",
    re.DOTALL,
)


def is_layout(left: str, right: str) -> bool:
    """Whether two definitions, as the server prints them, are the same but for blanks outside of texts, names and comments."""
    first, second = _BODY.match(left), _BODY.match(right)
    if first is None or second is None or first["head"] != second["head"]:
        return False
    return _laid_out(first["body"]) == _laid_out(second["body"])


def _laid_out(body: str) -> str:
    """Return a body with one blank in the place of several; a comment to the end of its line keeps that."""
    parts = list[str]()
    for part in _PARTS.finditer(body):
        if part["blank"] is None:
            parts.append(part[0].rstrip() if part[0].startswith("--") else part[0])
        elif parts and parts[-1].startswith("--"):
            parts.append("\n")
        else:
            parts.append(" ")
    return "".join(parts).strip()
