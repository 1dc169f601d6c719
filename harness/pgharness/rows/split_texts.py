"""Makes texts of parts between separators, as the code of a revision takes them apart: words, or numbers where it reads a part as one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

COUNT = 12
SPLITS = frozenset({"split", "rsplit"})
_NUMBERS = frozenset({"int", "float", "Decimal"})
Part = Callable[[int, int], str]
"""Makes the part of a place in the text of a number."""


def is_split(call: ast.Call) -> bool:
    """Whether a call takes a text apart."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in SPLITS


def split_texts(tree: ast.AST, call: ast.Call, parts: int, *, is_least: bool = False) -> tuple[str, ...]:
    """Return texts of so many parts, or sometimes one more where there are at least so many; none where their separator is not written out."""
    given = call.args[0] if call.args else next((one.value for one in call.keywords if one.arg == "sep"), None)
    if parts < 2 or not (given is None or _is_text(given)):
        return ()
    separator = str(given.value) if isinstance(given, ast.Constant) and given.value is not None else " "
    read = dict(_read_parts(tree, call))
    count = parts + 1 if is_least and separator != "@" and not read else parts
    made = (_joined(separator, n, count if n % 2 else parts, read) for n in range(COUNT))
    return tuple(dict.fromkeys(made))


def parts_read_in_a_row(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls that take a text apart whose parts are read one after the other, however many there are."""
    for node in ast.walk(tree):
        match node:
            case ast.comprehension(iter=ast.Call() as call) | ast.For(iter=ast.Call() as call) if is_split(call):
                yield call
            case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id=name), ast.Call() as call]) if (
                name in _NUMBERS and is_split(call)
            ):
                yield call


def _read_parts(tree: ast.AST, call: ast.Call) -> Iterator[tuple[int | None, Part]]:
    """Yield the places of the parts that are read as numbers, None for all of them, with what makes such."""
    names = dict(_names_of_parts(tree, call))
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id=name), one]) if one is call and name in _NUMBERS:
                yield None, _whole
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *more]) if name in _NUMBERS:
                base = more[0].value if more and isinstance(more[0], ast.Constant) else 10
                part = _in(base) if isinstance(base, int) and 2 <= base <= 36 else _whole
                yield from ((place, part) for place in _places_in(first, call, names))


def _places_in(read: ast.expr, call: ast.Call, names: Mapping[str, int | None]) -> Iterator[int | None]:
    """Yield the places of the parts that an expression has: by their names, or taken out of the call at once."""
    for node in ast.walk(read):
        match node:
            case ast.Name(id=name) if name in names:
                yield names[name]
            case ast.Subscript(value=value, slice=index) if value is call and (place := number_of(index)) is not None:
                yield place


def _names_of_parts(tree: ast.AST, call: ast.Call) -> Iterator[tuple[str, int | None]]:
    """Yield what the code calls the parts: by place, or None where one name goes over all."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=names) | ast.List(elts=names)], value=value) if value is call:
                yield from ((one.id, place) for place, one in enumerate(names) if isinstance(one, ast.Name))
            case (
                ast.comprehension(target=ast.Name(id=name), iter=value) | ast.For(target=ast.Name(id=name), iter=value)
            ) if value is call:
                yield name, None


def number_of(node: ast.expr) -> int | None:
    """Return the whole number that is written out."""
    match node:
        case ast.Constant(value=int() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)):
            return -number
    return None


def in_base(number: int, base: int) -> str:
    """Write a number in digits of a base."""
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def _joined(separator: str, n: int, parts: int, read: Mapping[int | None, Part]) -> str:
    if separator == "@" and not read:
        return "@".join([f"person{n + 1}", *["example.org"] * (parts - 1)])
    made = [read.get(place, read.get(place - parts, read.get(None, _word))) for place in range(parts)]
    return separator.join(part(n, place) for place, part in enumerate(made))


def _word(n: int, place: int) -> str:
    return f"{chr(ord('a') + place % 26)}{n + 1}"


def _whole(n: int, place: int) -> str:
    return str(10 * (place + 1) + n)


def _in(base: int) -> Part:
    return lambda n, place: in_base(10 * (place + 1) + n, base)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str))
