"""Changes of an enum's labels: added, renamed, or a new type put in the old one's place."""

from __future__ import annotations

import re

from pgharness.catalog.proposing.change import Change, NoStatementError
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.parts import literal


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
    """Read labels back from the fact that lists them: quoted literals, separated by commas."""
    return [label.replace("''", "'") for label in re.findall(r"'((?:[^']|'')*)'", printed)]


def _place(labels: list[str], number: int, before: list[str]) -> str:
    """Return where a label belongs; those before it are there by then."""
    if number:
        return f" AFTER {literal(labels[number - 1])}"
    return f" BEFORE {literal(before[0])}" if before else ""


def _swap(change: Change) -> list[str]:
    """Make a new type and lead every column over to it; labels can be neither removed nor moved."""
    name, facts = change.key.object, change.after
    using = change.left.arrangement.users.get(change.key, ())
    columns = [key for key in using if key.kind == "column"]
    users = [key for key in using if key.kind != "column"]
    if users:
        names = ", ".join(f"{key.kind} {key.object}" for key in users)
        raise NoStatementError(
            f"labels can be neither removed nor moved, and beside columns {names} use the type: make a new one by hand"
        )
    schema, _, local = name.rpartition(".")
    old = '"' + local.strip('"') + '_before"'
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
    return [*lines, f"DROP TYPE {schema}.{old};"]
