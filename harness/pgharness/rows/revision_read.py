"""Reads what the code of a revision sends, up and down: its SQL with the values that it binds, and statements in SQLAlchemy's words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from pgharness.rows.sent import Literal, Sent
from pgharness.rows.sql_read import MOST, UNKNOWN, joined, read_sql

_ACTS = {"update": ("update",), "delete": ("delete",), "insert": ("insert",), "bulk_insert": ("insert",)}
_FINDING = frozenset({"where", "filter", "filter_by"})
_TABLES = frozenset({"table", "Table"})


@dataclass(frozen=True, slots=True)
class RevisionText:
    """What a revision sends in each direction."""

    up: tuple[Sent, ...] = ()
    down: tuple[Sent, ...] = ()


def read_revision(source: str) -> RevisionText:
    """Return what is sent by upgrade() and downgrade(), and by functions of the file that they call; nothing where it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return RevisionText()
    names = _Names(tree)
    return RevisionText(*(tuple(names.sent_by(function)) for function in ("upgrade", "downgrade")))


class _Names:
    """What a module gives names to: constants, tables and functions."""

    def __init__(self, tree: ast.Module) -> None:
        self.constants: dict[str, ast.expr] = {}
        self.tables: dict[str, str] = {}
        self.bound: dict[str, Literal] = {}
        self.functions = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
        for node in ast.walk(tree):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.Call(func=function, args=[ast.Constant(value=str() as table), *_]),
                ) if _last(function) in _TABLES:
                    self.tables[name] = table
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.constants.setdefault(name, value)
                case ast.ClassDef(name=name, body=body):
                    self.tables.update((name, table) for table in _tablename(body))

    def sent_by(self, function: str) -> Iterator[Sent]:
        """Yield what a function sends, and those that it calls."""
        for node in self._reached(function, set()):
            self.bound = dict(self._bound(node))
            for text in self._texts(node):
                yield from read_sql(text, self.bound)
            yield from self._in_calls(node)

    def _reached(self, name: str, seen: set[str]) -> Iterator[ast.AST]:
        if name in seen or name not in self.functions:
            return
        seen.add(name)
        yield self.functions[name]
        for node in ast.walk(self.functions[name]):
            if isinstance(node, ast.Name):
                yield from self._reached(node.id, seen)
                if node.id in self.constants and node.id not in seen:
                    seen.add(node.id)
                    yield self.constants[node.id]

    def _texts(self, node: ast.AST) -> Iterator[str]:
        """Yield the texts that are written out, f-strings with the constants that stand in them."""
        if isinstance(node, ast.JoinedStr):
            yield "".join(self._part(one) for one in node.values)
            return
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        for child in ast.iter_child_nodes(node):
            yield from self._texts(child)

    def _part(self, node: ast.expr) -> str:
        if isinstance(node, ast.FormattedValue):
            return next((one or "NULL" for one in self.values_of(node.value)), UNKNOWN)
        return str(node.value) if isinstance(node, ast.Constant) else ""

    def _bound(self, node: ast.AST) -> Iterator[tuple[str, Literal]]:
        """Yield the values of parameters, by keyword or by the key of a dictionary."""
        for one in ast.walk(node):
            match one:
                case ast.Call(keywords=keywords):
                    yield from (
                        (word.arg, value) for word in keywords if word.arg for value in self.values_of(word.value)
                    )
                case ast.Dict(keys=keys, values=values):
                    for key, value in zip(keys, values, strict=True):
                        if isinstance(key, ast.Constant) and isinstance(key.value, str):
                            yield from ((key.value, literal) for literal in self.values_of(value))

    def _in_calls(self, node: ast.AST) -> Iterator[Sent]:
        """Yield the statements that calls make, each as a whole; a comparison elsewhere is of rows that were read."""
        for one in ast.iter_child_nodes(node):
            acts = [
                act for call in ast.walk(one) if isinstance(call, ast.Call) for act in _ACTS.get(_last(call.func), ())
            ]
            if acts and isinstance(one, ast.Expr | ast.Assign | ast.Return | ast.Call):
                yield self._statement(one, acts[0])
            elif isinstance(one, ast.Compare) or (isinstance(one, ast.Call) and _last(one.func) in _FINDING):
                yield self._statement(one, "select")
            else:
                yield from self._in_calls(one)

    def _statement(self, node: ast.AST, act: str) -> Sent:
        inner = list(ast.walk(node))
        table = next((self.tables[one.id] for one in inner if isinstance(one, ast.Name) and one.id in self.tables), "")
        given = [tuple(self._given(one)) for one in inner]
        if act == "insert":
            return Sent(act, table, rows=tuple(dict(one) for one in given if one)[:MOST])
        written: dict[str, tuple[Literal, ...]] = {}
        for name, value in (pair for one in given for pair in one):
            written[name] = (*written.get(name, ()), value)
        compared = [pair for one in inner for pair in self._compared(one)]
        if any(_is_either(one) for one in inner):
            return Sent(act, table, tuple({name: one} for name, values in compared for one in values), written)
        return Sent(act, table, joined(compared), written)

    def _compared(self, node: ast.AST) -> Iterator[tuple[str, tuple[Literal, ...]]]:
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[value]):
                found, column = tuple(self.values_of(value)), _column(left)
            case (
                ast.Compare(left=left, ops=[ast.In()], comparators=[value])
                | ast.Call(func=ast.Attribute(value=left, attr="in_"), args=[value])
            ):
                found, column = tuple(one for item in self._items(value) for one in self.values_of(item)), _column(left)
            case ast.Call(func=ast.Attribute(value=left, attr="is_"), args=[value]):
                found, column = tuple(self.values_of(value)), _column(left)
            case _:
                return
        if column and found:
            yield column, found

    def _items(self, node: ast.expr) -> list[ast.expr]:
        if isinstance(node, ast.Name) and node.id in self.constants:
            node = self.constants[node.id]
        return node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []

    def _given(self, node: ast.AST) -> Iterator[tuple[str, Literal]]:
        """Yield what a call of values() gives to columns, or a dictionary does."""
        match node:
            case ast.Call(func=ast.Attribute(attr="values"), keywords=keywords):
                yield from ((word.arg, one) for word in keywords if word.arg for one in self.values_of(word.value))
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    name = key.value if isinstance(key, ast.Constant) else _column(key) if key is not None else ""
                    if isinstance(name, str) and name:
                        yield from ((name, one) for one in self.values_of(value))

    def values_of(self, node: ast.expr) -> Iterator[Literal]:
        """Yield the value that is written out, or where its name is given, as a text; nothing for another expression."""
        match node:
            case ast.Constant(value=None):
                yield None
            case ast.Constant(value=bool() as value):
                yield str(value).lower()
            case ast.Constant(value=str() | int() | float() as value):
                yield str(value)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                yield str(-value)
            case ast.Name(id=name) if name in self.constants and not isinstance(self.constants[name], ast.Name):
                yield from self.values_of(self.constants[name])
            case ast.Call(func=function, args=[ast.Constant(value=str() as name), *_]) if (
                _last(function) == "bindparam"
            ):
                yield from (self.bound[one] for one in (name,) if one in self.bound)
            case ast.Call(func=function, args=cases, keywords=keywords) if _last(function) == "case":
                yield from (
                    one for case in cases if isinstance(case, ast.Tuple) for one in self.values_of(case.elts[-1])
                )
                yield from (one for word in keywords if word.arg == "else_" for one in self.values_of(word.value))
            case ast.Call(func=function, args=[one]) if _last(function) in {"Decimal", "literal", "UUID"}:
                yield from self.values_of(one)
            case ast.Call(func=function, args=[*parts]) if _last(function) in {"date", "datetime"}:
                yield from _moment(_last(function), parts)


def _moment(name: str, parts: list[ast.expr]) -> Iterator[str]:
    numbers = [one.value for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, int)]
    if len(numbers) == len(parts) >= len(("year", "month", "day")):
        try:
            yield str(date(*numbers) if name == "date" else datetime(*numbers))  # type: ignore[arg-type]  # noqa: DTZ001 - as it is written
        except (TypeError, ValueError):
            return


def _last(node: ast.expr) -> str:
    """Return the last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_either(node: ast.AST) -> bool:
    """Whether conditions are joined by OR."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.BitOr)
    return isinstance(node, ast.Call) and _last(node.func) == "or_"


def _column(node: ast.expr) -> str:
    """Return the name of a column: `item.c.state`, `Item.state`, `column("state")`, `row["state"]`."""
    match node:
        case ast.Attribute(value=inner, attr=name):
            return name if _last(inner) != "dialect" else ""
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
        case ast.Call(func=function, args=[ast.Constant(value=str() as name), *_]) if _last(function) == "column":
            return name
    return ""


def _tablename(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__tablename__")], value=ast.Constant(value=str() as name)):
                yield name
