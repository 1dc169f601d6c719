"""Where something else depends on what a statement drops (2BP01): what is dropped before it."""

from __future__ import annotations

import re

from pgharness.describing.corrections.failing import Failing

_USER = re.compile(
    r"(?:DETAIL:\s+|^)(?:(?P<constraint>constraint (?P<name>\S+) on table (?P<of>\S+))|(?P<view>(?:materialized )?view (?P<viewed>\S+))"
    r"|(?P<column>column (?P<column_name>\S+) of table (?P<column_of>\S+))|(?P<trigger>trigger (?P<triggered>\S+) on table (?P<trigger_of>\S+))"
    r"|(?P<default>default value for column (?P<valued>\S+) of table (?P<valued_of>\S+))"
    r"|(?P<kind>table|type|sequence|function|procedure) (?P<named>[^\n]+?)) depends on ",
    re.MULTILINE,
)


def users_first(failing: Failing) -> str:
    """Drop what depends on it before."""
    # Of several the server names all beneath each other; a view of a view goes before it, and a table of a schema before its type.
    users = [*_USER.finditer(failing.message)]
    users.sort(key=lambda found: (found["kind"] not in (None, "table"), -found.start()))
    typed = failing.before_it(*map(_dropped, users)) if users else ""
    return f"{typed}, where that may go too, and a later line that drops it is left out" if typed else ""


def _dropped(found: re.Match[str]) -> str:
    if found["constraint"]:
        return f"ALTER TABLE {found['of']} DROP CONSTRAINT {found['name']}"
    if found["view"]:
        return f"DROP {found['view'].removesuffix(found['viewed']).strip().upper()} {found['viewed']}"
    if found["column"]:
        return f"ALTER TABLE {found['column_of']} DROP COLUMN {found['column_name']}"
    if found["trigger"]:
        return f"DROP TRIGGER {found['triggered']} ON {found['trigger_of']}"
    if found["default"]:
        return f"ALTER TABLE {found['valued_of']} ALTER COLUMN {found['valued']} DROP DEFAULT"
    return f"DROP {found['kind'].upper()} {found['named']}"
