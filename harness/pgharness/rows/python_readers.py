"""Finds in the code of a revision how it reads texts, and makes texts that can be read so: of a format, a code, a separator, a few words."""

from __future__ import annotations

import ast
import base64
import json
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pgharness.rows.patterns import matching_texts
from pgharness.rows.split_texts import in_base, is_split, number_of, parts_read_in_a_row, split_texts

COUNT = 12
FIRST = datetime(2024, 1, 1, 12, 30, 15)  # noqa: DTZ001 - formats that name a zone write one of their own
Made = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read: the expression, and the texts that can be read so, or the type of PostgreSQL's that has such."""

    read: ast.expr
    texts: tuple[str, ...] = ()
    type_name: str = ""


def readings(tree: ast.Module, failed: Sequence[ast.AST], beside: Sequence[ast.AST]) -> Iterator[Reading]:
    """Yield what is read where a module failed, and what is read beside it; with what texts are compared there, is no way to read them.

    What is read of a text at first comes before what is read of the outcome.
    """
    known = _Known(tree)
    for place, outer in enumerate((*failed, *beside)):
        nodes = [one for one in ast.walk(outer) if place < len(failed) or not isinstance(one, ast.Compare | ast.If)]
        found = [one for node in nodes for one in (*_readings(node, known), *_of_parts(node, known))]
        told = [one for one in found if one.texts or one.type_name]
        yield from sorted(told, key=lambda one: sum(1 for _ in ast.walk(one.read)))


class _Known:
    """What a module gives names to: dictionaries and lists that are written out, and enumerations."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.taken_apart = tuple(parts_read_in_a_row(tree))
        self.patterns: dict[str, str] = {}
        self.words: dict[str, tuple[str, ...]] = {}
        self.members: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self.words[node.targets[0].id] = _words(node.value)
                for pattern in _compiled(node.value):
                    self.patterns[node.targets[0].id] = pattern
            elif isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases):
                pairs = [
                    one for one in node.body if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
                ]
                names = tuple(ast.unparse(one.targets[0]) for one in pairs)
                values = tuple(word for one in pairs for word in _word(one.value))
                self.members[node.name] = names, values
        self.keys = tuple(dict.fromkeys(_keys(tree)))

    def patterns_of(self, node: ast.expr) -> Iterator[str]:
        """Yield the pattern that is compiled there, or where its name is given."""
        if isinstance(node, ast.Name) and node.id in self.patterns:
            yield self.patterns[node.id]
        yield from _compiled(node)

    def words_of(self, node: ast.expr) -> tuple[str, ...]:
        """Return the texts of a dictionary's keys, or of a list, that is written out there or where its name is given."""
        return self.words.get(node.id, ()) if isinstance(node, ast.Name) else _words(node)


def _readings(node: ast.AST, known: _Known) -> Iterator[Reading]:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *more]):
            yield from _of_call(node, name, first, more, known)
        case ast.Assign(targets=[ast.Tuple(elts=names) | ast.List(elts=names)], value=ast.Call() as call):
            if not any(isinstance(one, ast.Starred) for one in names):
                yield from _split(_mapped(call), len(names), known)
        case ast.Subscript(value=ast.Call() as call, slice=index) if (number := number_of(index)) is not None:
            yield from _split(call, number + 1 if number >= 0 else -number, known, is_least=True)
        case ast.Subscript(value=ast.Name(id=name), slice=key) if name in known.members:
            yield Reading(key, known.members[name][0])
        case ast.Subscript(value=table, slice=key) if not isinstance(key, ast.Constant | ast.Slice):
            yield Reading(key, known.words_of(table))
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[right]):
            yield Reading(left, known.words_of(right))
        case ast.If():
            yield from _of_choices(node)


def _of_parts(node: ast.AST, known: _Known) -> Iterator[Reading]:
    """Yield what is taken apart there to be read one part after the other."""
    for call in known.taken_apart:
        if node is call:
            yield from _split(call, 2, known, is_least=True)


def _mapped(call: ast.Call) -> ast.Call:
    """Return the call whose parts another one goes over, or the call itself."""
    match call:
        case ast.Call(func=ast.Name(id="map"), args=[_, ast.Call() as inner]):
            return inner
    return call


def _of_call(call: ast.Call, name: str, first: ast.expr, more: Sequence[ast.expr], known: _Known) -> Iterator[Reading]:
    """Yield what a call reads: its first argument, or what a pattern is looked for in."""
    second = more[0].value if more and isinstance(more[0], ast.Constant) else None
    if name in known.members:
        yield Reading(first, known.members[name][1])
    elif name == "index" and isinstance(call.func, ast.Attribute):
        yield Reading(first, known.words_of(call.func.value))
    elif name in _MATCHERS and isinstance(call.func, ast.Attribute) and any(known.patterns_of(call.func.value)):
        for pattern in known.patterns_of(call.func.value):
            yield Reading(first, matching_texts(pattern, COUNT))
    elif name in _MATCHERS and isinstance(first, ast.Constant) and more:
        yield Reading(more[0], matching_texts(str(first.value), COUNT))
    elif name == "strptime" and isinstance(second, str):
        yield Reading(first, _series(lambda n: (FIRST + timedelta(days=n)).strftime(second.replace("%z", "+0000"))))
    elif name == "int" and isinstance(second, int) and 2 <= second <= 36:
        yield Reading(first, _series(lambda n: in_base(n + 10, second)))
    elif (type_name := _type_of(name, ast.unparse(call.func), known)) and not more:
        yield Reading(first, type_name=type_name)
    else:
        yield Reading(first, _made_for(name, ast.unparse(call.func), known))


def _type_of(name: str, function: str, known: _Known) -> str:
    """Return the type of PostgreSQL's that has what a function reads; of JSON only where nothing is asked of it by a key."""
    if function in {"json.loads", "loads"} and not known.keys:
        return "json"
    return _TYPES.get(name, "")


def _made_for(name: str, function: str, known: _Known) -> tuple[str, ...]:
    if name in _PLAIN:
        return _series(_PLAIN[name])
    return _documents(function, known.keys) if name in _OF_DOCUMENTS else ()


def _split(call: ast.Call, parts: int, known: _Known, *, is_least: bool = False) -> Iterator[Reading]:
    """Yield what is split into so many parts."""
    if isinstance(call.func, ast.Attribute) and is_split(call):
        yield Reading(call.func.value, split_texts(known.tree, call, parts, is_least=is_least))


def _of_choices(node: ast.If) -> Iterator[Reading]:
    """Yield what is compared with texts, one after the other."""
    found: dict[str, tuple[ast.expr, list[str]]] = {}
    step: ast.stmt | None = node
    while isinstance(step, ast.If):
        match step.test:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Constant(value=str() as text)]):
                found.setdefault(ast.unparse(left), (left, []))[1].append(text)
        step = step.orelse[0] if len(step.orelse) == 1 else None
    yield from (Reading(left, tuple(texts)) for left, texts in found.values())


def _documents(function: str, keys: Sequence[str]) -> tuple[str, ...]:
    """Return documents of a form that a function reads, which have all keys that the revision asks for."""
    values = ("text", "1", "[]", "{}")
    made: list[dict[str, object]] = [dict.fromkeys(keys or ("name",), f"text {n + 1}") for n in range(3)]
    made += [dict.fromkeys(keys or ("name",), json.loads(one)) for one in values[1:]]
    if "literal_eval" in function:
        return tuple(map(repr, made))
    if "pickle" in function or "marshal" in function:
        return tuple(rf"\x{pickle.dumps(one).hex()}" for one in made)
    return tuple(map(json.dumps, made))  # which YAML reads too


def _keys(tree: ast.Module) -> Iterator[str]:
    """Yield the texts by which something is looked up, in the order in which they are written."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str() as key)):
                yield key
            case ast.Call(func=ast.Attribute(attr="get" | "pop"), args=[ast.Constant(value=str() as key), *_]):
                yield key


def _words(node: ast.expr) -> tuple[str, ...]:
    match node:
        case ast.Dict(keys=keys):
            return tuple(word for one in keys if one is not None for word in _word(one))
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return tuple(word for one in elements for word in _word(one))
    return ()


def _word(node: ast.expr) -> Iterator[str]:
    """Yield a text or a number that is written out, as a text."""
    match node:
        case ast.Constant(value=str() | int() as value) if not isinstance(value, bool):
            yield str(value)


def _compiled(node: ast.expr) -> Iterator[str]:
    """Yield the regular expression that is compiled there."""
    match node:
        case ast.Call(func=ast.Attribute(attr="compile"), args=[ast.Constant(value=str() as pattern), *_]):
            yield pattern


def _series(made: Made) -> tuple[str, ...]:
    return tuple(dict.fromkeys(made(n) for n in range(COUNT)))


def _coded(n: int) -> bytes:
    return f"text {n + 1}".encode()


_URL: Made = lambda n: f"https://person{n + 1}@example.org:8000/path/{n + 1}?key={n + 1}#part"  # noqa: E731 - a name for several keys
_ADDRESS: Made = lambda n: f"10.0.0.{n + 1}"  # noqa: E731
_NETWORK: Made = lambda n: f"10.0.{n + 1}.0/24"  # noqa: E731
_PLAIN: Mapping[str, Made] = {
    "b64decode": lambda n: base64.b64encode(_coded(n)).decode(),
    "standard_b64decode": lambda n: base64.b64encode(_coded(n)).decode(),
    "urlsafe_b64decode": lambda n: base64.urlsafe_b64encode(_coded(n)).decode(),
    "a2b_base64": lambda n: base64.b64encode(_coded(n)).decode(),
    "b32decode": lambda n: base64.b32encode(_coded(n)).decode(),
    "b16decode": lambda n: base64.b16encode(_coded(n)).decode(),
    "fromhex": lambda n: _coded(n).hex(),
    "unhexlify": lambda n: _coded(n).hex(),
    "a2b_hex": lambda n: _coded(n).hex(),
    "urlparse": _URL,
    "urlsplit": _URL,
    "make_url": _URL,
    "ip_address": _ADDRESS,
    "IPv4Address": _ADDRESS,
    "ip_interface": _ADDRESS,
    "ip_network": _NETWORK,
    "IPv4Network": _NETWORK,
    "Fraction": lambda n: f"{n + 1}/2",
    "parsedate_to_datetime": lambda n: (FIRST + timedelta(days=n)).strftime("%a, %d %b %Y %H:%M:%S +0000"),
}
_MATCHERS = frozenset({"match", "fullmatch", "search"})
_TYPES = {"UUID": "uuid", "Decimal": "numeric", "float": "double precision", "int": "bigint"}
_OF_DOCUMENTS = frozenset({"safe_load", "load", "full_load", "literal_eval", "loads"})
