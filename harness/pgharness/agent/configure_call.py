"""Finds where env.py calls configure(), and writes the same call such that each revision is a transaction of its own."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path
from typing import Any

OPTION = "transaction_per_migration"


def call_apart(env_py: str, options: dict[str, Any]) -> dict[str, Any] | None:
    """Return line and code of the call that is being made; None where it stands elsewhere, or gets the option by a name that it does not spell."""
    frame, here = sys._getframe(1), os.path.realpath(env_py)  # noqa: SLF001
    while os.path.realpath(frame.f_code.co_filename) != here:
        if frame.f_back is None:
            return None
        frame = frame.f_back
    try:
        tree = ast.parse(Path(here).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == "configure"]
    calls = [one for one in calls if one.lineno <= frame.f_lineno <= (one.end_lineno or one.lineno)]
    if len(calls) != 1:
        return None
    (call,) = calls
    spelt = [one for one in call.keywords if one.arg == OPTION]
    if OPTION in options and not spelt:
        return None
    others = [one for one in call.keywords if one.arg != OPTION]
    call.keywords = [*others, ast.keyword(OPTION, ast.Constant(value=True))]
    return {"first": call.lineno, "last": call.end_lineno or call.lineno, "code": ast.unparse(call)}


def _name(function: ast.expr) -> str:
    return str(getattr(function, "attr", getattr(function, "id", "")))
