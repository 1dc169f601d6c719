"""Where a value is of another type, or what reads a column is in the way of its type (42804, 22P02, 0A000)."""

from __future__ import annotations

import re

from pgharness.catalog.names import FULL_NAME, NAME, unqualified, unquoted
from pgharness.catalog.proposing.casts import cast
from pgharness.describing.corrections.failing import Failing

_TO_TYPE = re.compile(
    rf"\bALTER\s+(?:COLUMN\s+)?(?P<column>{NAME})\s+(?:SET\s+DATA\s+)?TYPE\s+(?P<type>[\w ]+?(?:\([\d, ]+\))?(?:\[\])?)"
    r"(?:\s+USING\s+(?P<using>[^,]+))?$",
    re.IGNORECASE,
)
_NO_CAST = re.compile(r'column "([^"]+)" cannot be cast automatically to type ([^\n]+)')
_OTHER_TYPE = re.compile(r'column "(?P<column>[^"]+)" is of type (?P<type>.+?) but expression is of type')
_VIEW = re.compile(r"rule _RETURN on (?P<kind>view|materialized view) (?P<name>\S+) depends on column")
_PLAIN_CAST = re.compile(rf"(?:CAST\s*\()?({NAME})\s*(?:::|\s+AS\s+).*", re.IGNORECASE)

# Alembic sends the default of the same call behind the type.
_SETS_DEFAULT = re.compile(r"(?<!existing_)server_default\s*=")


def other_type(failing: Failing) -> str:
    """Say how values become of the type, where the server does not do so by itself."""
    default = re.search(r'default for column "([^"]+)" cannot be cast', failing.message)
    if default is not None:
        return _default_meanwhile(failing, default[1])
    if (found := _NO_CAST.search(failing.message)) is not None:
        column = failing.column(failing.altered, found[1])
        before = failing.before.value(*column, "type") if column is not None else None
        retyped = _TO_TYPE.search(failing.sql)
        if column is None or before is None or retyped is None or retyped["using"]:
            return ""
        return failing.in_its_place(f"{failing.sql} USING {cast(unqualified(column.object), before, found[2].strip())}")
    return _assigned(failing)


def _assigned(failing: Failing) -> str:
    """Cast what an UPDATE gives a column, where that is another column."""
    found = _OTHER_TYPE.search(failing.message)
    if found is None:
        return ""
    given = re.compile(
        rf'("?{re.escape(found["column"])}"?\s*=\s*)({FULL_NAME})(?=\s*(?:,|$|\bWHERE\b|\bFROM\b))', re.IGNORECASE
    )
    if len(given.findall(failing.sql)) != 1:
        return ""
    return failing.in_its_place(given.sub(rf"\1\2::{found['type']}", failing.sql))


def _default_meanwhile(failing: Failing, name: str) -> str:
    """Take the default away before, and set it again behind."""
    column, retyped = failing.column(failing.altered, name), _TO_TYPE.search(failing.sql)
    default = failing.before.value(*column, "default") if column is not None else None
    if default is None or retyped is None:
        return ""
    alters = f"ALTER TABLE {failing.altered} ALTER COLUMN {retyped['column']}"
    again = f"{alters} SET DEFAULT ({default})::{retyped['type'].strip()}"
    return failing.around_it(f"{alters} DROP DEFAULT", "" if _SETS_DEFAULT.search(failing.code) else again)


def unreadable(failing: Failing) -> str:
    """Let values that cannot be read as the new type become NULL."""
    retyped = _TO_TYPE.search(failing.sql)
    if retyped is None:
        return ""
    column = failing.column(failing.altered, retyped["column"])
    using, wanted = retyped["using"], retyped["type"].strip()
    plain = using is None or _PLAIN_CAST.fullmatch(using.strip()) is not None
    if column is None or not plain or failing.before.value(*column, "not null") is not None:
        return ""
    name = retyped["column"]
    led = f"CASE WHEN pg_input_is_valid({name}::text, '{wanted}') THEN {name}::text::{wanted} END"
    start = failing.sql[: retyped.start("using")].rstrip() if using else f"{failing.sql} USING"
    typed = failing.in_its_place(f"{start} {led}")
    return (
        f"{typed}, where values that are no {wanted} may go (pg_input_is_valid: since PostgreSQL 16)" if typed else ""
    )


def read_by_view(failing: Failing) -> str:
    """Drop the view that reads a column before its type, and make it again behind."""
    found = _VIEW.search(failing.message)
    view = failing.key(found["kind"], found["name"]) if found is not None else None
    definition = failing.before.value(*view, "definition") if view is not None else None
    if found is None or view is None or definition is None or _is_read(failing, view.object):
        return ""
    kind = found["kind"].upper()
    made = f"CREATE {kind} {view.object} AS {definition.strip().removesuffix(';')}"
    return failing.around_it(f"DROP {kind} {view.object}", made)


def _is_read(failing: Failing, name: str) -> bool:
    """Whether another view may read this one."""
    word = re.compile(rf"(?<![\w$]){re.escape(unquoted(unqualified(name)))}(?![\w$])")
    others = (one for one in failing.before.objects("view", "materialized view") if one.object != name)
    return any(word.search(failing.before.value(*one, "definition") or "") for one in others)
