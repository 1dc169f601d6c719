"""What the text of a condition gives away about the values that it wants: numbers, strings, patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_STRING = re.compile(r"(?P<operator>(?:!?~\*?~?\*?|LIKE|ILIKE)\s*\(?\s*)?E?'(?P<text>(?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_REGEX_OPERATORS = ("~", "~*")
_LIKE_OPERATORS = ("~~", "~~*", "LIKE", "ILIKE")


@dataclass(frozen=True, slots=True)
class Hints:
    """The constants of some conditions, each once and in order; `regexes` and `likes` are the patterns among them."""

    numbers: tuple[Decimal, ...] = ()
    strings: tuple[str, ...] = ()
    regexes: tuple[str, ...] = ()
    likes: tuple[str, ...] = ()


def hints_of(expressions: Iterable[str]) -> Hints:
    """Read the constants in conditions as PostgreSQL prints them (pg_get_expr)."""
    texts = list(expressions)
    found = [match for text in texts for match in _STRING.finditer(text)]
    strings = [(_operator(match), match["text"].replace("''", "'")) for match in found]
    numbers = [Decimal(number) for text in texts for number in _NUMBER.findall(_STRING.sub("''", text))]
    # '10'::bigint and '0.5'::numeric are numbers too.
    numbers += [Decimal(string) for operator, string in strings if not operator and _NUMBER.fullmatch(string)]
    return Hints(
        numbers=tuple(dict.fromkeys(numbers)),
        strings=tuple(dict.fromkeys(string for operator, string in strings if not operator)),
        regexes=tuple(dict.fromkeys(string for operator, string in strings if operator in _REGEX_OPERATORS)),
        likes=tuple(dict.fromkeys(string for operator, string in strings if operator in _LIKE_OPERATORS)),
    )


def _operator(match: re.Match[str]) -> str:
    return (match["operator"] or "").strip(" (")
