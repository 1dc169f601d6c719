"""Texts that match a regular expression, made from the expression itself."""

from __future__ import annotations

import importlib
import string
from collections.abc import Sequence
from typing import Any, TypeVar

# The parser behind `re`; there is no public one. What it cannot read, or reads otherwise than PostgreSQL, the server refuses
# as a candidate, so nothing rests on the two dialects being one.
_PARSER = importlib.import_module("re._parser")

_CATEGORIES = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_NOT_DIGIT": string.ascii_lowercase,
    "CATEGORY_WORD": string.ascii_lowercase + string.digits + "_",
    "CATEGORY_NOT_WORD": "-. ",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": string.ascii_lowercase,
}
_ANY = string.ascii_lowercase + string.digits
_PRINTABLE = string.ascii_letters + string.digits + "-_. "
_LONGEST_REPEAT = 12

_Member = TypeVar("_Member")


def matching_texts(regex: str, count: int) -> tuple[str, ...]:
    """Return up to `count` different texts that match; none where the expression cannot be read."""
    try:
        parsed = _PARSER.parse(_in_python(regex))
        texts = [_Choice(number).text(parsed) for number in range(count)]
    except Exception:  # noqa: BLE001 - another dialect's expression may make Python's parser raise anything
        return ()
    return tuple(dict.fromkeys(texts))


def _in_python(regex: str) -> str:
    """Write what PostgreSQL spells otherwise (regular expression escapes and classes) as Python does."""
    classes = {
        "[:alpha:]": "a-zA-Z",
        "[:digit:]": "0-9",
        "[:alnum:]": "a-zA-Z0-9",
        "[:lower:]": "a-z",
        "[:upper:]": "A-Z",
    }
    for name, members in classes.items():
        regex = regex.replace(name, members)
    return regex.replace("[:space:]", " ").replace(r"\m", r"\b").replace(r"\M", r"\b").replace(r"\y", r"\b")


class _Choice:
    """One text out of many: wherever the expression leaves a choice, it is made by the digits of a number."""

    def __init__(self, number: int) -> None:
        self._number = number

    def text(self, parsed: Sequence[Any]) -> str:
        return "".join(self._part(str(operation), argument) for operation, argument in parsed)

    def _part(self, operation: str, argument: Any) -> str:
        if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            return self._repeat(*argument)
        if operation == "BRANCH":
            return self.text(self._one_of(argument[1]))
        if operation == "SUBPATTERN":
            return self.text(argument[-1])
        characters = _characters(operation, argument)
        return self._one_of(characters) if characters else ""  # anchors and look-around take no character

    def _repeat(self, least: int, most: int, repeated: Sequence[Any]) -> str:
        # A few more than the least leave room for different texts.
        times = max(least, min(int(most), _LONGEST_REPEAT, least + 3))
        return "".join(self.text(repeated) for _ in range(times))

    def _one_of(self, members: Sequence[_Member]) -> _Member:
        self._number, place = divmod(self._number, len(members))
        return members[place]


def _characters(operation: str, argument: Any) -> Sequence[str]:  # noqa: PLR0911 - one return for each case
    """Return the characters that one element may stand for, those that are easy to read first; empty for what takes none."""
    match operation:
        case "LITERAL":
            return chr(argument)
        case "NOT_LITERAL":
            return _ANY.replace(chr(argument), "")
        case "ANY":
            return _ANY
        case "RANGE":
            return [chr(code) for code in range(argument[0], min(argument[1], argument[0] + 64) + 1)]
        case "CATEGORY":
            return _CATEGORIES.get(str(argument), _ANY)
        case "IN":
            return _members(argument)
        case _:
            return ""


def _members(argument: Sequence[Any]) -> list[str]:
    found = [character for operation, value in argument for character in _characters(str(operation), value)]
    is_negated = str(argument[0][0]) == "NEGATE"
    return [character for character in _PRINTABLE if character not in found] if is_negated else found
