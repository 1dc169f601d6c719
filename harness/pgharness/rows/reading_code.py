"""Tells which columns the code of a revision reads, and as what, at the line where it failed and beside it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgharness.rows.python_readers import readings

_SELECTED = re.compile(r"\bSELECT\s+(?:DISTINCT\s+)?(.+?)\s+FROM\b", re.IGNORECASE | re.DOTALL)
_LAST_NAME = re.compile(r'("(?:[^"]|"")+"|[\w$]+)\s*$')


@dataclass(frozen=True, slots=True)
class CodeReading:
    """A column, by a name or another, and the texts that the code can read there, or the type that it reads them as."""

    names: tuple[str, ...]
    texts: tuple[str, ...]
    type_name: str


def read_as(source: str, lines: Sequence[int]) -> tuple[CodeReading, ...]:
    """Return what is read at some lines of a file, outermost first, and in the loop around the innermost; none where it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    places = [node for line in lines if (node := _statement_at(tree, line)) is not None]
    loop = _loop_at(tree, lines[-1]) if lines else None
    found: dict[tuple[str, ...], CodeReading] = {}
    for reading in readings(tree, places[::-1], [loop] if loop is not None else []):
        names = tuple(_names(reading.read, tree)) + tuple(
            name for node in places[:-1] for name in _names(node, tree, only_fields=True)
        )
        found.setdefault(names, CodeReading(names, reading.texts, reading.type_name))
    return tuple(found.values())


def _statement_at(tree: ast.Module, line: int) -> ast.stmt | None:
    """Return the innermost statement that has a line; of one that has others in it, its head alone is meant by that."""
    found = [
        node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    inner = max(found, key=lambda node: (node.lineno, -(node.end_lineno or 0)), default=None)
    if isinstance(inner, ast.Raise | ast.Assert):
        return next((node for node in reversed(found) if isinstance(node, ast.If) and inner in ast.walk(node)), inner)
    return inner


def _loop_at(tree: ast.Module, line: int) -> ast.stmt | None:
    """Return the innermost loop, or comprehension, around a line."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.For | ast.While) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return max(found, key=lambda node: node.lineno, default=None)


def _names(node: ast.AST, tree: ast.Module, *, only_fields: bool = False) -> Iterator[str]:
    """Yield what may be the name of a column in an expression: a field of a row, a variable, or what stands in its place in a SELECT."""
    for one in ast.walk(node):
        match one:
            case ast.Attribute(value=ast.Name(), attr=name) if not isinstance(getattr(one, "ctx", None), ast.Store):
                yield name
            case ast.Subscript(slice=ast.Constant(value=str() as name)):
                yield name
            case ast.Subscript(value=ast.Name(), slice=ast.Constant(value=int() as place)):
                yield from _selected(tree, place, one.lineno)
            case ast.Name(id=name) if not only_fields:
                yield name
                yield from _unpacked(tree, name, one.lineno)


def _unpacked(tree: ast.Module, name: str, line: int) -> Iterator[str]:
    """Yield what stands in a SELECT in the place that a variable has among those of a loop."""
    for node in ast.walk(tree):
        target = node.target if isinstance(node, ast.For | ast.comprehension) else None
        if isinstance(target, ast.Tuple):
            for place, one in enumerate(target.elts):
                if isinstance(one, ast.Name) and one.id == name:
                    yield from _selected(tree, place, line)


def _selected(tree: ast.Module, place: int, line: int) -> Iterator[str]:
    """Yield the name in a place of the last SELECT that is written before a line."""
    texts = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.lineno <= line
    ]
    for node in sorted(texts, key=lambda one: -one.lineno):
        selected = _SELECTED.search(str(node.value))
        if selected is not None:
            names = [_LAST_NAME.search(one.split(" AS ")[0].split(" as ")[0]) for one in selected[1].split(",")]
            if place < len(names) and (found := names[place]) is not None:
                yield found[1].strip('"')
            return
