"""Changes of an enum's labels: added, renamed, or a new type put in the old one's place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.names import qualifier, unqualified, unquoted
from pgharness.catalog.proposing.change import Change, NoStatementError
from pgharness.catalog.proposing.python_words import Apart
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.parts import literal

# What is longer PostgreSQL cuts off (NAMEDATALEN).
MAX_NAME_BYTES = 63


def change_labels(change: Change) -> list[str]:
    """Write what gives an enum its labels in their order, where none is removed or moved."""
    before, after = _both(change)
    alter = f"ALTER TYPE {change.key.object}"
    if _is_only_added_to(before, after):
        return [
            Apart(f"{alter} ADD VALUE IF NOT EXISTS {literal(label)}{_place(after, number, before)};")
            for number, label in enumerate(after)
            if label not in before
        ]
    return [f"{alter} RENAME VALUE {literal(old)} TO {literal(new)};" for old, new in _differing(before, after)]


def is_swapped(change: Change) -> bool:
    """Whether a label is removed or moved, so that only a new type in the place of the old one has the labels wanted."""
    if "enum" not in (change.before.get("exists"), change.after.get("exists")):
        return False
    before, after = _both(change)
    differing = _differing(before, after)
    is_renamed = len(before) == len(after) and all(old not in after and new not in before for old, new in differing)
    return not _is_only_added_to(before, after) and not is_renamed


def _both(change: Change) -> tuple[list[str], list[str]]:
    return labels_of(change.before["labels"]), labels_of(change.after["labels"])


def _is_only_added_to(before: list[str], after: list[str]) -> bool:
    return [label for label in after if label in before] == before


def _differing(before: list[str], after: list[str]) -> list[tuple[str, str]]:
    return [(one, other) for one, other in zip(before, after, strict=False) if one != other]


def labels_of(printed: str) -> list[str]:
    """Read labels back from the fact that lists them: quoted literals, separated by commas; E'…' where a backslash is in one."""
    found = re.findall(r"(E?)'((?:[^']|'')*)'", printed)
    return [(text.replace("\\\\", "\\") if escaped else text).replace("''", "'") for escaped, text in found]


def _place(labels: list[str], number: int, before: list[str]) -> str:
    """Return where a label belongs; those before it are there by then."""
    if number:
        return f" AFTER {literal(labels[number - 1])}"
    return f" BEFORE {literal(before[0])}" if before else ""


def columns_to_lead_over(change: Change, in_the_way: AbstractSet[ObjectKey]) -> list[ObjectKey]:
    """Return the columns of a type that a new one is put in the place of. `in_the_way` is gone meanwhile; raises NoStatementError for others."""
    using = [
        key
        for key in change.left.arrangement.users.get(change.key, ())
        if key not in in_the_way and change.left.parent(key) not in in_the_way
    ]
    columns = [key for key in using if _can_be_led_over(change, key)]
    users = [key for key in using if key not in columns]
    new = _aside(change)
    is_taken = ObjectKey("type", f"{qualifier(change.key.object)}.{new}") in change.left.properties
    is_nameless = '"' in change.key.object or len(new.encode()) > MAX_NAME_BYTES
    if not labels_of(change.after["labels"]):
        raise NoStatementError("labels cannot be removed, and of a type without any no row has a value")
    if is_nameless or is_taken:
        raise NoStatementError("labels can be neither removed nor moved: make a new type")
    if users:
        names = ", ".join(f"{key.kind} {key.object}" for key in users)
        raise NoStatementError(
            f"labels can be neither removed nor moved, and beside columns {names} use the type: make a new one"
        )
    return columns


def swap(change: Change, columns: Iterable[ObjectKey]) -> list[str]:
    """Make a new type and lead the columns over to it; labels can be neither removed nor moved."""
    name, facts = change.key.object, change.after
    old = f'"{_aside(change)}"'
    columns = [*columns]
    lines = [line for key in columns for line in _rows_led_over(change, key)]
    lines += [f"ALTER TYPE {name} RENAME TO {old};", f"CREATE TYPE {name} AS ENUM ({facts['labels']});"]
    lines += attachments(change.right, change.key)
    for key in columns:
        table = change.left.parent(key)
        column = f"ALTER {table.kind.upper()} {table.object} ALTER COLUMN {change.left.local_name(key)}"
        own = change.left.properties[key]
        array = "[]" * own["type"].count("[]")
        default = change.right.properties.get(key, {}).get("default")
        if "default" in own:
            lines.append(f"{column} DROP DEFAULT;")
        lines.append(f"{column} TYPE {name}{array} USING {change.left.local_name(key)}::text{array}::{name}{array};")
        if default is not None:
            lines.append(f"{column} SET DEFAULT {default};")
    return [*lines, f"DROP TYPE {qualifier(name)}.{old};"]


def _rows_led_over(change: Change, column: ObjectKey) -> list[str]:
    """Write what gives rows with a label that goes one that stays; nothing where none goes, or none stays."""
    before, after = _both(change)
    gone, stay = [label for label in before if label not in after], [label for label in after if label in before]
    if not gone or not stay:
        return []
    table, name = change.left.parent(column).object, change.left.local_name(column)
    kept = f"{literal(stay[0])} /* or what fits */"
    if "[]" not in change.left.properties[column]["type"]:
        return [f"UPDATE {table} SET {name} = {kept} WHERE {name} IN ({', '.join(map(literal, gone))});"]
    return [
        f"UPDATE {table} SET {name} = array_replace({name}, {literal(label)}, {kept}) WHERE {literal(label)} = ANY ({name});"
        for label in gone
    ]


def _aside(change: Change) -> str:
    return f"{unquoted(unqualified(change.key.object))}_before"


def _can_be_led_over(change: Change, key: ObjectKey) -> bool:
    """Whether ALTER COLUMN … TYPE serves: a column of an ordinary table, neither inherited nor computed, that keeps its type."""
    own = change.left.properties.get(key)
    if key.kind != "column" or own is None:  # a view's column has no facts of its own
        return False
    table = change.left.parent(key)
    special = {"inherits", "partition of", "partition key"}
    is_ordinary = table.kind == "table" and change.left.properties[table].keys().isdisjoint(special)
    keeps_type = change.right.properties.get(key, {}).get("type") == own["type"]
    return is_ordinary and keeps_type and own.keys().isdisjoint({"inherited", "generated"})
