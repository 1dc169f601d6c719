"""Changes of an enum's labels: added, renamed, or a new type put in the old one's place."""

from __future__ import annotations

import re

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.names import qualifier, unqualified, unquoted
from pgharness.catalog.proposing.change import Change, NoStatementError
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.parts import literal

# What is longer PostgreSQL cuts off (NAMEDATALEN).
MAX_NAME_BYTES = 63


def change_labels(change: Change) -> list[str]:
    """Write what gives an enum its labels in their order."""
    before, after = labels_of(change.before["labels"]), labels_of(change.after["labels"])
    alter = f"ALTER TYPE {change.key.object}"
    if [label for label in after if label in before] == before:
        return [
            f"{alter} ADD VALUE {literal(label)}{_place(after, number, before)};"
            for number, label in enumerate(after)
            if label not in before
        ]
    differing = [(one, other) for one, other in zip(before, after, strict=False) if one != other]
    if len(before) == len(after) and all(old not in after and new not in before for old, new in differing):
        return [f"{alter} RENAME VALUE {literal(old)} TO {literal(new)};" for old, new in differing]
    return _swap(change)


def labels_of(printed: str) -> list[str]:
    """Read labels back from the fact that lists them: quoted literals, separated by commas; E'…' where a backslash is in one."""
    found = re.findall(r"(E?)'((?:[^']|'')*)'", printed)
    return [(text.replace("\\\\", "\\") if escaped else text).replace("''", "'") for escaped, text in found]


def _place(labels: list[str], number: int, before: list[str]) -> str:
    """Return where a label belongs; those before it are there by then."""
    if number:
        return f" AFTER {literal(labels[number - 1])}"
    return f" BEFORE {literal(before[0])}" if before else ""


def _swap(change: Change) -> list[str]:
    """Make a new type and lead every column over to it; labels can be neither removed nor moved."""
    name, facts = change.key.object, change.after
    using = change.left.arrangement.users.get(change.key, ())
    columns = [key for key in using if _can_be_led_over(change, key)]
    users = [key for key in using if key not in columns]
    new = f"{unquoted(unqualified(name))}_before"
    old, is_taken = f'"{new}"', ObjectKey("type", f"{qualifier(name)}.{new}") in change.left.properties
    if '"' in name or len(new.encode()) > MAX_NAME_BYTES or is_taken or not labels_of(facts["labels"]):
        raise NoStatementError("labels can be neither removed nor moved: make a new type by hand")
    if users:
        names = ", ".join(f"{key.kind} {key.object}" for key in users)
        raise NoStatementError(
            f"labels can be neither removed nor moved, and beside columns {names} use the type: make a new one by hand"
        )
    lines = [f"ALTER TYPE {name} RENAME TO {old};", f"CREATE TYPE {name} AS ENUM ({facts['labels']});"]
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
