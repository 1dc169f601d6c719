"""Tells whether a file of code writes out a day, in a text or as the numbers of a call; its docstrings do not count, nor do comments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date, datetime, timezone


def unsaid_days(tree: ast.Module) -> list[str]:
    """Return today, by the clock of this place and by that of UTC, as ISO 8601 writes it, where the file names no such day."""
    now = datetime.now(timezone.utc)
    written = list(_written(tree))
    return sorted({day.isoformat() for day in (now.date(), now.astimezone().date()) if not _names(written, day)})


def _names(written: list[tuple[str, ...]], day: date) -> bool:
    """Whether numbers that stand together are those of a day, in any order that people write."""
    year, month, of_month = day.year, day.month, day.day
    orders = ((year, month, of_month), (of_month, month, year), (month, of_month, year))
    together = "{:04}{:02}{:02}".format(*orders[0])
    return any(
        together in "".join(numbers)
        or any(tuple(map(int, numbers[at : at + 3])) in orders for at in range(len(numbers) - 2))
        for numbers in written
    )


def _written(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    """Yield the numbers of each text, and of each call's arguments."""
    docstrings = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, int)) and id(node) not in docstrings:
            yield tuple(re.findall(r"\d+", str(node.value)))
        elif isinstance(node, ast.Call):
            values = [one.value for one in node.args if isinstance(one, ast.Constant)]
            yield tuple(str(one) for one in values if isinstance(one, int))
