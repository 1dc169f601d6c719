"""Finds a value that the CHECKs on one column take, as far as they are of a form that can be told without a server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering.parts import Contents, literal
from pgharness.rows.hints import hints_of

_OPERATORS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    "=": lambda one, other: one == other,
    "<>": lambda one, other: one != other,
}
_COMPARISON = re.compile(
    r"(?P<length>(?:char_|character_)?length\()?(?P<name>\S+?)(?:::[a-z ]+)?\)? (?P<operator>[<>=]{1,2}) '?(?P<number>-?[\d.]+)'?(?:::[a-z ]+)?"
)
_ONE_OF = re.compile(r"(?P<name>\S+?)(?:::[a-z ]+)? = ANY \(+ARRAY\[(?P<texts>.*)\]\)?(?:::[a-z \[\]]+)?\)*")
_NOT_EMPTY = re.compile(r"(?P<name>\S+?)(?:::[a-z ]+)? <> ''(?:::[a-z ]+)?")
# So long a text is no placeholder.
LONGEST = 200


def fitting(contents: Contents, column: ObjectKey, neutral: str | None) -> str | None:
    """Return the neutral value, or another one, that the CHECKs take; where that cannot be told, a placeholder that has to be filled in."""
    checks = _checks(contents, column)
    if not checks:
        return neutral
    name = contents.local_name(column)
    conditions = [part for check in checks for part in _parts(check)]
    for value in _candidates(neutral, checks):
        if all(_takes(condition, name, value) for condition in conditions):
            return value
    return f"<a value for which {' AND '.join(checks)}>"


def _checks(contents: Contents, column: ObjectKey) -> list[str]:
    """Return the conditions of the table's CHECKs that speak of the column."""
    name = re.compile(rf"(?<![\w\"$]){re.escape(contents.local_name(column))}(?![\w\"$])")
    definitions = (
        contents.properties[key].get("definition", "")
        for key in contents.of(contents.parent(column), "constraint")
        if contents.properties[key]["exists"] == "check"
    )
    return [
        found[1] for one in definitions if name.search(one) and (found := re.match(r"CHECK \((.*)\)", one, re.DOTALL))
    ]


def _parts(condition: str) -> list[str]:
    """Return what is joined by AND, without the parentheses around it."""
    return [_bare(part) for part in re.split(r" AND (?=\()", _bare(condition))]


def _bare(condition: str) -> str:
    while condition.startswith("(") and condition.endswith(")") and _closes_last(condition):
        condition = condition[1:-1]
    return condition


def _closes_last(condition: str) -> bool:
    """Whether the first parenthesis is closed by the last."""
    depth = 0
    for place, character in enumerate(condition):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(condition) - 1
    return False


def _candidates(neutral: str | None, checks: Iterable[str]) -> Iterator[str]:
    """Yield values as SQL, the neutral one first."""
    if neutral is not None:
        yield neutral
    hints = hints_of(checks)
    if neutral is None or neutral.startswith("'"):
        yield from map(literal, hints.strings)
        yield from (
            literal("x" * int(number + more)) for number in hints.numbers for more in (0, 1) if 0 <= number < LONGEST
        )
    else:
        yield from (format(number + more, "f") for number in hints.numbers for more in (0, 1, -1))


def _takes(condition: str, name: str, value: str) -> bool:
    """Whether the condition is known to hold for the value."""
    text = value[1:-1].replace("''", "'") if value.startswith("'") else None
    condition = re.sub(rf"(?<!\w)\({re.escape(name)}\)", name, condition)
    if found := _ONE_OF.fullmatch(condition):
        return found["name"] == name and text is not None and text in hints_of([found["texts"]]).strings
    if found := _NOT_EMPTY.fullmatch(condition):
        return found["name"] == name and bool(text)
    if found := _COMPARISON.fullmatch(re.sub(r"\((-?[\d.]+)\)", r"\1", condition)):
        number = _number(value) if not found["length"] else Decimal(len(text)) if text is not None else None
        compare = _OPERATORS.get(found["operator"])
        return (
            found["name"] == name
            and number is not None
            and compare is not None
            and compare(number, Decimal(found["number"]))
        )
    return condition == f"{name} IS NOT NULL"


def _number(value: str) -> Decimal | None:
    try:
        return Decimal(value)
    except InvalidOperation:
        return None
