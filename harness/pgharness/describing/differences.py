"""Tells differences and failures in words: what it is about, what each side has, and the text that shows it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from pgharness.catalog.diff import Difference, ObjectDifference, by_object
from pgharness.catalog.facts import ObjectKey
from pgharness.records.steps import Failure

# How many properties, and of how many characters, are told in the sentence itself.
TOLD_IN_FULL = 2
SHORT = 60
ORDER = "column order of table"
_SIZE = re.compile(r"\(\d+(?:,\d+)?\)")


@dataclass(frozen=True, slots=True)
class Told:
    """One difference in words. `only_in` is "left" or "right" where the other side lacks the object; `parent` owns it.

    `renamed_from` is what the left side calls it, where only its name differs; `view` is the kind of a view that the left side has in the place
    of this table.
    """

    kind: str
    object: str
    only_in: str | None
    parent: ObjectKey | None
    differences: tuple[Difference, ...]
    message: str
    evidence: str
    renamed_from: str | None = None
    view: str | None = None

    @property
    def key(self) -> ObjectKey:
        """The object."""
        return ObjectKey(self.kind, self.object)

    @property
    def subject(self) -> str:
        """The object in the words of PostgreSQL."""
        return f"{self.kind} {self.object}"


def describe_differences(differences: Iterable[Difference], *, left: str, right: str) -> Iterator[Told]:
    """Describe differences object by object; what follows from a missing table is not told again, column order is told once."""
    told = list(differences)
    for group in by_object(item for item in told if not is_column_order(item)):
        yield _told(group, left, right)
    # A missing column's position is no matter of order.
    shared = (item for item in told if is_column_order(item) and None not in (item.left, item.right))
    for table, moved in groupby(sorted(shared), key=lambda item: item.object.rpartition(".")[0]):
        yield _told_order(table, tuple(moved), left, right)


def is_column_order(difference: Difference) -> bool:
    """Whether it is only about where a column stands."""
    return (difference.kind, difference.property) == ("column", "position")


def types_of(told: Told) -> tuple[str | None, str | None] | None:
    """Return the types of both sides, where these differ."""
    return next(((one.left, one.right) for one in told.differences if one.property == "type"), None)


def of_all_sizes(told: Told, *, left: str, right: str) -> str:
    """Say what holds for all whose types differ so, whatever the sizes; of what differs in anything else nothing."""
    if told.only_in is not None or told.renamed_from is not None or told.view is not None or types_of(told) is None:
        return ""
    return _SIZE.sub("(…)", _difference_in_words(told.differences, left, right))


def minor_name(differences: Collection[Difference]) -> str:
    """Return what the setting `strict` calls differences that harm nobody by themselves; empty where one of them does more.

    PostgreSQL 18 keeps the name of a NOT NULL through all renaming of its table and column, and a model gives it none.
    """
    if all(is_column_order(item) for item in differences):
        return "column order"
    return "not null names" if all(item.property == "not null constraint" for item in differences) else ""


def failure_in_words(failure: Failure) -> str:
    """Return the error's class, SQLSTATE and first line, or who waited for whom, where a wait had to be ended."""
    if failure.waited:
        return f"{failure.waited}; so it would have waited for ever"
    state = f" (SQLSTATE {failure.sqlstate})" if failure.sqlstate else ""
    said = failure.message.splitlines()[0]
    return f"{failure.error}{state}" if said == failure.error else f"{failure.error}{state}: {said}"


def failure_evidence(failure: Failure) -> str:
    """Return the whole message, who waited for whom, the statement at which it came, and the revision's lines that led there."""
    lines = [failure.message, failure.waited]
    if failure.statement:
        lines.append(f"{'statement' if failure.sqlstate else 'last statement'}: {failure.statement.strip()}")
    lines += [f"{frame.file}:{frame.line} in {frame.function}: {frame.code}" for frame in failure.frames]
    return "\n".join(line for line in lines if line)


def _told(group: ObjectDifference, left: str, right: str) -> Told:
    if group.only_in is not None:
        has, lacks = (left, right) if group.only_in == "left" else (right, left)
        message = f"Exists in {has}, missing in {lacks}."
    else:
        message = _difference_in_words(group.differences, left, right)
    return Told(
        group.kind,
        group.object,
        group.only_in,
        next(iter(group.differences[0].ancestors), None),
        group.differences,
        message,
        _sides(group.differences, left, right, group.only_in),
    )


def _difference_in_words(differences: tuple[Difference, ...], left: str, right: str) -> str:
    """Describe both sides of a short difference in a sentence; of a long one what it is about, for the evidence shows it."""
    named = [item for item in differences if not is_column_order(item)]
    if len(named) <= TOLD_IN_FULL and all(_is_short(item) for item in named):
        return " ".join(
            f"Its {_NAMES.get(item.property, item.property)} {'are' if item.property in _SEVERAL else 'is'} {_in_words(item)} in {left} and "
            f"{_in_words(item, of_right=True)} in {right}."
            for item in named
        )
    return f"Differs between {left} and {right}: {', '.join(f'its {item.property}' for item in named)}."


# What a property is called in words, and what it is where the catalog has no fact: NOT NULL under its own name is none.
_NAMES = {"not null constraint": "NOT NULL constraint's name"}
_UNNAMED = {"not null constraint": "the server's own"}
_SEVERAL = {"labels", "default privileges", "statistics"}


def _is_short(item: Difference) -> bool:
    return all(value is None or (len(value) <= SHORT and "\n" not in value) for value in (item.left, item.right))


def _in_words(item: Difference, *, of_right: bool = False) -> str:
    value = item.right if of_right else item.left
    return _UNNAMED.get(item.property, "none") if value is None else value


def _told_order(table: str, moved: tuple[Difference, ...], left: str, right: str) -> Told:
    names = [item.object.rpartition(".")[2] for item in moved]
    return Told(
        ORDER,
        table,
        None,
        next(iter(moved[0].ancestors), None),
        moved,
        f"Column order differs between {left} and {right}: {', '.join(names)}.",
        _sides(moved, left, right, None),
    )


def _sides(differences: tuple[Difference, ...], left: str, right: str, only_in: str | None) -> str:
    if only_in is not None:
        values = [(item.property, item.left if only_in == "left" else item.right) for item in differences]
        return "\n".join(f"{name}: {value}" for name, value in values if name not in {"exists", "position"})
    width = max(len(left), len(right))
    return "\n".join(
        line
        for item in differences
        for line in (
            f"{item.object.rpartition('.')[2]} {item.property}",
            f"  {left.ljust(width)}  {_value(item.left)}",
            f"  {right.ljust(width)}  {_value(item.right)}",
        )
    )


def _value(value: str | None) -> str:
    return "(none)" if value is None else value
