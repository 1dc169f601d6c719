"""Definitions that some value or row will fail on: keys of two types, actions against NOT NULL, conditions that change by themselves."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.index_shapes import ForeignKey, read_foreign_keys
from pgharness.catalog.integer_types import LARGEST
from pgharness.catalog.names import qualifier, unqualified

# All that a driver and an index treat alike.
_ALIKE = {"character varying": "text"}
_LENGTH = re.compile(r"\([^)]*\)")
_TEXT = re.compile(r"'(?:[^']|'')*'")
_CALL = re.compile(r'((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?)\(')
# What of the server's own functions gives another answer later (pg_proc.provolatile), as far as conditions call it; how it prints them.
_CHANGING = re.compile(
    r"\b(CURRENT_(?:DATE|TIME|TIMESTAMP|USER|ROLE|CATALOG|SCHEMA)|LOCALTIME(?:STAMP)?|SESSION_USER|SYSTEM_USER)\b"
    r"|(?<![\w.$])((?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|age|random|gen_random_uuid|uuidv[47]"
    r"|nextval|currval|lastval|current_setting|txid_current|pg_current_xact_id|current_query|inet_client_addr)\()"
)


@dataclass(frozen=True, slots=True)
class Pitfall:
    """One pitfall: its finding's parts, and the facts that make it, kind, object and property each."""

    code: str
    subject: str
    message: str
    mend: str
    facts: tuple[tuple[str, str, str], ...]
    cause: str = ""
    """What is said once of all such at one revision or several."""


Look = Callable[[Snapshot], Iterator[Pitfall]]


def _type(snapshot: Snapshot, table: str, column: str) -> str:
    """Return the type of a column without length, of a domain that under it."""
    name = snapshot.value("column", f"{table}.{column}", "type") or ""
    while (under := snapshot.value("type", name, "type")) is not None:
        name = under
    bare = _LENGTH.sub("", name).strip()
    return _ALIKE.get(bare, bare)


def _keys_of_two_types(snapshot: Snapshot) -> Iterator[Pitfall]:
    for key in read_foreign_keys(snapshot):
        for column, referred in zip(key.columns, key.referred, strict=True):
            mine, theirs = _type(snapshot, key.table, column), _type(snapshot, key.referenced, referred)
            if mine and theirs and (harm := _harm_of_two_types(mine, theirs)):
                yield Pitfall(
                    "PGH-F001",
                    f"constraint {key.name}",
                    f"{key.table}.{column} is {mine} and refers to {key.referenced}.{referred}, which is {theirs}: {harm}.",
                    f"ALTER TABLE {key.table} ALTER COLUMN {column} TYPE {theirs}; on a large table a new column of that type, filled in "
                    "pieces",
                    (
                        ("constraint", key.name, "definition"),
                        ("column", f"{key.table}.{column}", "type"),
                        ("column", f"{key.referenced}.{referred}", "type"),
                    ),
                    f"A foreign key's column is {mine} and refers to one that is {theirs}: {harm}.",
                )


def _harm_of_two_types(mine: str, theirs: str) -> str:
    """Return what two types do to a foreign key; empty where they are one, or the key has room for all to which it may refer.

    Whole numbers are compared within one family of operators, so that an index serves whatever their size (manual, "Operator Classes and
    Operator Families").
    """
    if mine in LARGEST and theirs in LARGEST:
        narrow = f"no row can refer to a key beyond {LARGEST[mine]} (SQLSTATE 22003)"
        return narrow if LARGEST[mine] < LARGEST[theirs] else ""
    if mine == theirs:
        return ""
    return "what one of the two can hold, the other cannot, and comparisons of the two may pass an index by"


def _actions_against_not_null(snapshot: Snapshot) -> Iterator[Pitfall]:
    for key in read_foreign_keys(snapshot):
        for event, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update)):
            refused = [one for one in _set_by(key, event) if _takes_no(snapshot, key.table, one, action)]
            if action in {"n", "d"} and refused:
                what = "NULL" if action == "n" else "DEFAULT"
                column = refused[0]
                yield Pitfall(
                    "PGH-F002",
                    f"constraint {key.name}",
                    f"ON {event} SET {what} meets {key.table}.{column}, which is NOT NULL: each {event} of a row of {key.referenced} that is "
                    "referred to fails (SQLSTATE 23502).",
                    f"{_let_be_null(snapshot, key.table, column)}{_other_action(key, event)}, or CASCADE in its place",
                    (("constraint", key.name, "definition"), ("column", f"{key.table}.{column}", "not null")),
                )


def _let_be_null(snapshot: Snapshot, table: str, column: str) -> str:
    """Write what lets a column be NULL, to be read before "or"; empty where it is of a primary key, whose columns have to have values."""
    keys = (
        snapshot.value(*one, "definition") or ""
        for one in snapshot.objects("constraint")
        if qualifier(one.object) == table
    )
    of_keys = [key.partition("(")[2].partition(")")[0].split(", ") for key in keys if key.startswith("PRIMARY KEY (")]
    return (
        "" if any(column in one for one in of_keys) else f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL; or "
    )


def _other_action(key: ForeignKey, event: str) -> str:
    """Write what makes the foreign key anew with an action that sets nothing."""
    refuses = re.sub(rf"\bON {event} SET (?:NULL|DEFAULT)(?: \([^)]+\))?", f"ON {event} RESTRICT", key.definition)
    name = unqualified(key.name)
    return f"ALTER TABLE {key.table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {refuses}"


def _set_by(key: ForeignKey, event: str) -> tuple[str, ...]:
    """Return the columns that an action sets: all, or those that it names (PostgreSQL 15, ON DELETE SET NULL (column))."""
    named = re.search(rf"ON {event} SET (?:NULL|DEFAULT) \(([^)]+)\)", key.definition)
    return tuple(one.strip() for one in named[1].split(",")) if named else key.columns


def _takes_no(snapshot: Snapshot, table: str, column: str, action: str) -> bool:
    default = snapshot.value("column", f"{table}.{column}", "default") if action == "d" else None
    return snapshot.value("column", f"{table}.{column}", "not null") == "true" and default is None


def _conditions_that_change(snapshot: Snapshot) -> Iterator[Pitfall]:
    for key in snapshot.objects("constraint", "domain constraint"):
        definition = snapshot.value(*key, "definition") or ""
        if not definition.startswith("CHECK"):
            continue
        condition = _TEXT.sub("''", definition)
        found = _CHANGING.search(condition)
        called = str(found[0]).rstrip("(") if found else _own_function(snapshot, condition)
        if called:
            mend = f"ALTER FUNCTION {called} IMMUTABLE, where it depends on its arguments alone; else "
            yield Pitfall(
                "PGH-F003",
                f"{key.kind} {key.object}",
                f"Its CHECK calls {called}, which may give another answer tomorrow: rows that it let in break it without being touched, and a "
                "dump of the database cannot be restored.",
                f"{'' if found else mend}a trigger BEFORE INSERT OR UPDATE tests a row once, when it is written",
                ((key.kind, key.object, "definition"),),
            )


def function_head(definition: str) -> str:
    """Return what stands before a function's body: its arguments, language, volatility, rights and settings, a line each."""
    return re.split(r"\nAS |\nRETURN |\nBEGIN ATOMIC", definition)[0]


def _own_function(snapshot: Snapshot, condition: str) -> str:
    """Return a function of the project's own that a condition calls and of which no form is IMMUTABLE; empty where there is none."""
    definitions: defaultdict[str, list[str]] = defaultdict(list)
    for key in snapshot.objects("function"):
        definitions[key.object.partition("(")[0]].append(snapshot.value(*key, "definition") or "")
    for name in _CALL.findall(condition):
        heads = [function_head(text) for text in definitions.get(name, [])]
        if heads and not any(re.search(r"^ .*\bIMMUTABLE\b", head, re.MULTILINE) for head in heads):
            return str(name)
    return ""


def _sequences_that_end_early(snapshot: Snapshot) -> Iterator[Pitfall]:
    for key in snapshot.objects("sequence"):
        column = snapshot.value(*key, "owned by") or snapshot.value(*key, "identity of")
        end = snapshot.value(*key, "maximum")
        if column is None or end is None or snapshot.value(*key, "cycle"):
            continue
        table, _, name = column.rpartition(".")
        kind = _type(snapshot, table, name)
        if int(end) in LARGEST.values() and int(end) < LARGEST.get(kind, 0):
            yield Pitfall(
                "PGH-F004",
                f"sequence {key.object}",
                f"It ends at {end}, and {column}, to which it gives its numbers, is {kind}: the insert after it fails (SQLSTATE 2200H), with "
                "room in the column.",
                f"ALTER SEQUENCE {key.object} AS {kind}",
                (("sequence", key.object, "type"), ("column", column, "type")),
            )


def _constraints_twice(snapshot: Snapshot) -> Iterator[Pitfall]:
    first: dict[tuple[str, str], str] = {}
    for key in snapshot.objects("constraint"):
        definition = (snapshot.value(*key, "definition") or "").removesuffix(" NOT VALID")
        if not definition.startswith(("CHECK", "FOREIGN KEY")):
            continue
        table = key.object.removesuffix(unqualified(key.object)).removesuffix(".")
        other = first.setdefault((table, definition), key.object)
        if other != key.object and snapshot.value("table", table, "partition of") is None:
            yield Pitfall(
                "PGH-F005",
                f"constraint {key.object}",
                f"It says what constraint {unqualified(other)} says: each row is tested twice, and whoever drops one has dropped nothing.",
                f"ALTER TABLE {table} DROP CONSTRAINT {unqualified(key.object)}",
                (("constraint", key.object, "definition"), ("constraint", other, "definition")),
            )


VALUES: tuple[Look, ...] = (
    _keys_of_two_types,
    _actions_against_not_null,
    _conditions_that_change,
    _sequences_that_end_early,
    _constraints_twice,
)
