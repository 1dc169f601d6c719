"""Reads indexes and foreign keys out of a catalog's facts, as far as it matters which one can do another's work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgharness.catalog.facts import ObjectKey, Snapshot


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column or expression of an index, with its operator class and collation where PostgreSQL prints them, and its order."""

    expression: str
    descending: bool = False
    nulls_first: bool = False

    @property
    def reversed(self) -> KeyColumn:
        """Give the same column read backwards."""
        return KeyColumn(self.expression, not self.descending, not self.nulls_first)


@dataclass(frozen=True, slots=True)
class Index:
    """An index; `made_by` is the kind of the constraint that made it ("primary key", "unique", "exclusion"), else empty.

    `deferral` says when its uniqueness is checked ("DEFERRABLE", say; empty: with each row). `is_kept` says that something other than queries needs it: CLUSTER or the replica identity.
    """

    name: str
    table: str
    method: str
    columns: tuple[KeyColumn, ...]
    included: tuple[str, ...]
    is_unique: bool
    nulls_distinct: bool
    deferral: str
    predicate: str
    made_by: str
    constraint: str
    is_valid: bool
    is_kept: bool

    @property
    def expressions(self) -> tuple[str, ...]:
        """Give the columns without their order."""
        return tuple(column.expression for column in self.columns)

    @property
    def subject(self) -> str:
        """Give the object to drop, in the words of PostgreSQL: the constraint where there is one."""
        return f"constraint {self.constraint}" if self.constraint else f"index {self.name}"

    @property
    def unqualified(self) -> str:
        """Give the name as plans show it: without schema and quotes."""
        match = re.search(r'"((?:[^"]|"")*)"$|([^".]+)$', self.name)
        assert match is not None
        return match[2] or match[1].replace('""', '"')


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key: the columns that refer, and the table that they refer to."""

    name: str
    table: str
    columns: tuple[str, ...]
    referenced: str
    definition: str


def read_indexes(snapshot: Snapshot) -> tuple[Index, ...]:
    """Give all indexes, in order; those of a partition that belong to one of the whole table are left out."""
    grouped = snapshot.by_object()
    return tuple(
        _index(snapshot, key, facts)
        for key, facts in grouped.items()
        if key.kind == "index" and "exists" in facts and "partition of" not in facts
    )


def read_foreign_keys(snapshot: Snapshot) -> tuple[ForeignKey, ...]:
    """Give all foreign keys, in order, without temporal ones (PERIOD), whose actions want another kind of index."""
    found = []
    for key, facts in snapshot.by_object().items():
        if key.kind == "constraint" and facts.get("exists") == "foreign key":
            definition = facts["definition"]
            columns, rest = _parenthesised(definition, definition.index("("))
            referenced = rest.removeprefix(" REFERENCES ").partition("(")[0]
            table = snapshot.parents[key].object
            found.append(ForeignKey(key.object, table, _split(columns), referenced, definition))
    return tuple(one for one in found if not any(column.startswith("PERIOD ") for column in one.columns))


def _index(snapshot: Snapshot, key: ObjectKey, facts: dict[str, str]) -> Index:
    parent = snapshot.parents.get(key)
    owner = parent if parent is not None and parent.kind == "constraint" else None
    made_by = snapshot.value("constraint", owner.object) or "" if owner is not None else ""
    definition = facts.get("definition") or _constraint_definition(snapshot, owner)
    start = definition.index("(")
    head = definition[:start]
    columns, rest = _parenthesised(definition, start)
    included, rest = _included(rest)
    using = re.search(r" USING (\w+)", head)
    return Index(
        name=key.object,
        table=facts["table"],
        # A constraint says its access method only where that is not the usual one.
        method=using[1] if using else "gist" if "WITHOUT OVERLAPS" in columns else "btree",
        columns=tuple(_column(text) for text in _split(columns)),
        included=included,
        is_unique=made_by in {"primary key", "unique"} or head.startswith("CREATE UNIQUE "),
        nulls_distinct="NULLS NOT DISTINCT" not in head + rest.partition(" WHERE ")[0],
        deferral=_deferral(rest) if made_by else "",
        predicate=rest.partition(" WHERE ")[2],
        made_by=made_by,
        constraint=owner.object if owner is not None else "",
        is_valid=facts.get("valid") != "false",
        is_kept="clustered" in facts or "replica identity" in facts,
    )


def _constraint_definition(snapshot: Snapshot, owner: ObjectKey | None) -> str:
    assert owner is not None, "an index without a definition was made by a constraint"
    definition = snapshot.value("constraint", owner.object, "definition")
    assert definition is not None
    return definition


def _included(rest: str) -> tuple[tuple[str, ...], str]:
    if not rest.startswith(" INCLUDE ("):
        return (), rest
    names, after = _parenthesised(rest, rest.index("("))
    return _split(names), after


def _deferral(rest: str) -> str:
    """Give how a constraint's definition ends where it can be deferred."""
    match = re.search(r"DEFERRABLE(?: INITIALLY DEFERRED)?$", rest)
    return match[0] if match else ""


def _column(text: str) -> KeyColumn:
    """Tell the order from the expression; without NULLS, they come first where the order descends."""
    match = re.fullmatch(r"(?P<expression>.*?)(?P<desc> DESC)?(?: NULLS (?P<nulls>FIRST|LAST))?", text, re.DOTALL)
    assert match is not None
    descending = match["desc"] is not None
    nulls_first = match["nulls"] == "FIRST" if match["nulls"] else descending
    return KeyColumn(match["expression"], descending, nulls_first)


def _parenthesised(text: str, start: int) -> tuple[str, str]:
    """Give what stands inside the parenthesis that opens at `start`, and what follows it."""
    depth = 0
    for position, character in _outside_quotes(text, start):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return text[start + 1 : position], text[position + 1 :]
    raise ValueError(f"a parenthesis does not close: {text}")


def _split(text: str) -> tuple[str, ...]:
    """Cut a list at the commas that stand in no parenthesis."""
    parts, depth, begin = [], 0, 0
    for position, character in _outside_quotes(text, 0):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[begin:position].strip())
            begin = position + 1
    return (*parts, text[begin:].strip())


def _outside_quotes(text: str, start: int) -> Iterator[tuple[int, str]]:
    """Give positions and characters, without what is quoted; a doubled quote opens again at once."""
    quote = ""
    for position in range(start, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in {"'", '"'}:
            quote = character
        else:
            yield position, character
