"""Changes of types, functions, extensions, publications, subscriptions, servers, event triggers and the database itself."""

from __future__ import annotations

import re

from pgharness.catalog.proposing.change import Change, NoStatementError, Wanted, take
from pgharness.catalog.proposing.enums import change_labels
from pgharness.catalog.rendering.current_database import change_lines
from pgharness.catalog.rendering.databases import PUBLICATION_PARAMETERS, SUBSCRIPTION_PARAMETERS
from pgharness.catalog.rendering.indexes import TRIGGER_STATES
from pgharness.catalog.rendering.parts import literal

# Parameters of ALTER TYPE … SET and ALTER OPERATOR … SET; others need the object made anew.
TYPE_PARAMETERS = ("receive", "send", "typmod_in", "typmod_out", "analyze", "subscript", "storage")
PUBLICATION_DEFAULTS = {
    "publish": "insert, update, delete, truncate",
    "publish_via_partition_root": "false",
    "publish_generated_columns": "none",
}
SUBSCRIPTION_DEFAULTS = {
    "synchronous_commit": "off",
    "streaming": "off",
    "origin": "any",
    "password_required": "true",
}


def change_type(change: Change, wanted: Wanted) -> list[str]:
    """Write what brings a type to what it is to be."""
    lines = []
    if take(wanted, "labels"):
        lines += change_labels(change)
    if change.after.get("exists") == "domain":
        alter = f"ALTER DOMAIN {change.key.object}"
        if "default" in wanted:
            default = wanted.pop("default")
            lines.append(f"{alter} {'DROP DEFAULT' if default is None else f'SET DEFAULT {default}'};")
        if take(wanted, "not null", "not null constraint"):
            lines += _domain_not_null(change, alter)
    set_parameters = [f"{name} = {wanted.pop(name) or 'NONE'}" for name in TYPE_PARAMETERS if name in wanted]
    if set_parameters:
        lines.append(f"ALTER TYPE {change.key.object} SET ({', '.join(set_parameters)});")
    return lines


def _domain_not_null(change: Change, alter: str) -> list[str]:
    usual = f"{change.key.object.rpartition('.')[2]}_not_null"
    before, after = (side.get("not null constraint", usual) for side in (change.before, change.after))
    if "not null" in change.before and "not null" in change.after:
        return [f"{alter} RENAME CONSTRAINT {before} TO {after};"]
    if "not null" not in change.after:
        return [f"{alter} DROP NOT NULL;"]
    if after != usual:
        return [f"{alter} ADD CONSTRAINT {after} NOT NULL;"]
    return [f"{alter} SET NOT NULL;"]


def change_attribute(change: Change, wanted: Wanted) -> list[str]:
    """Write what brings an attribute of a composite type to what it is to be; typed tables follow."""
    if "position" in wanted:
        raise NoStatementError("attributes cannot be moved: make a new type")
    if not take(wanted, "type", "collation"):
        return []
    facts = change.after
    collate = f" COLLATE {facts['collation']}" if "collation" in facts else ""
    return [
        f"ALTER TYPE {change.parent.object} ALTER ATTRIBUTE {change.local_name} TYPE {facts['type']}{collate} CASCADE;"
    ]


def change_function(change: Change, wanted: Wanted) -> list[str]:
    """Replace a function where its arguments and result stay; else leave it to be made anew."""
    if "definition" not in wanted or _head(change.before["definition"]) != _head(change.after["definition"]):
        return []
    take(wanted, "definition")
    return [change.after["definition"] + ";"]


def _head(definition: str) -> list[str]:
    """Return the lines of a definition that say name, arguments and result."""
    lines = definition.split("\n")
    return [line for line in lines[:2] if re.match(r"CREATE OR REPLACE | RETURNS ", line)]


def change_extension(change: Change, wanted: Wanted) -> list[str]:
    """Move an extension to another schema; another version may be a step back, so it is made anew."""
    if "schema" not in wanted:
        return []
    return [f"ALTER EXTENSION {change.key.object} SET SCHEMA {wanted.pop('schema')};"]


def change_operator(change: Change, wanted: Wanted) -> list[str]:
    """Set an operator's selectivity functions."""
    given = [f"{name} = {wanted.pop(name) or 'NONE'}" for name in ("restrict", "join") if name in wanted]
    return [f"ALTER OPERATOR {_spaced(change.key.object)} SET ({', '.join(given)});"] if given else []


def _spaced(name: str) -> str:
    return name.replace("(", " (", 1)


def change_server(change: Change, wanted: Wanted) -> list[str]:
    """Set a foreign server's version, a wrapper's functions."""
    alter = f"ALTER {change.key.kind.upper()} {change.key.object}"
    lines = []
    if wanted.get("version") is not None:
        lines.append(f"{alter} VERSION {wanted.pop('version')};")
    for name in ("handler", "validator"):
        if change.key.kind == "foreign data wrapper" and name in wanted:
            value = wanted.pop(name)
            lines.append(f"{alter} {f'{name.upper()} {value}' if value else f'NO {name.upper()}'};")
    return lines


def change_publication(change: Change, wanted: Wanted) -> list[str]:
    """Set a publication's parameters."""
    given = [
        f"{name} = {literal(wanted.pop(name) or PUBLICATION_DEFAULTS[name])}"
        for name in PUBLICATION_PARAMETERS
        if name in wanted
    ]
    return [f"ALTER PUBLICATION {change.key.object} SET ({', '.join(given)});"] if given else []


def change_subscription(change: Change, wanted: Wanted) -> list[str]:
    """Set a subscription's parameters and publications, without asking the publisher."""
    alter, lines = f"ALTER SUBSCRIPTION {change.key.object}", []
    if "publications" in wanted:
        lines.append(f"{alter} SET PUBLICATION {wanted.pop('publications')} WITH (refresh = false);")
    given = [
        f"{name} = {wanted.pop(name) or SUBSCRIPTION_DEFAULTS.get(name, 'false')}"
        for name in SUBSCRIPTION_PARAMETERS
        if name in wanted
    ]
    if "slot_name" in wanted:
        given.append(f"slot_name = {wanted.pop('slot_name') or 'NONE'}")
    if given:
        lines.append(f"{alter} SET ({', '.join(given)});")
    if "enabled" in wanted:
        lines.append(f"{alter} {'ENABLE' if wanted.pop('enabled') else 'DISABLE'};")
    return lines


def change_event_trigger(change: Change, wanted: Wanted) -> list[str]:
    """Enable or disable an event trigger."""
    if set(wanted) & {"event", "tags", "function"} or "state" not in wanted:
        return []
    return [f"ALTER EVENT TRIGGER {change.key.object} {TRIGGER_STATES[wanted.pop('state') or 'enabled']};"]


def change_database(change: Change, wanted: Wanted) -> list[str]:
    """Write what the database itself is to carry."""
    wanted.clear()
    return change_lines(change.before, change.after)
