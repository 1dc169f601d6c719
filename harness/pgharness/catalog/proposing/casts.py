"""Writes how the values of a column become those of another type."""

from __future__ import annotations

import math
import re

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.integer_types import LARGEST
from pgharness.catalog.rendering.parts import Contents

FAMILIES = {
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric", "real", "double precision"), "number"),
    **dict.fromkeys(("text", "character varying", "character", "name", "public.citext", "citext"), "text"),
    **dict.fromkeys(("timestamp with time zone", "timestamp without time zone", "timestamp", "date"), "moment"),
    **dict.fromkeys(("time with time zone", "time without time zone"), "time of day"),
    **dict.fromkeys(("json", "jsonb"), "json"),
}
_TEXTS = frozenset({"text", "character varying", "citext", "public.citext"})
_SIZE = re.compile(r"\((\d+)(?:,\s*(-?\d+))?\)")
WHOLE_NUMBERS = LARGEST.keys()
_LENGTH = re.compile(r"(?:text|character varying)(?:\((\d+)\))?")


def is_far(contents: Contents, other: Contents, column: ObjectKey) -> bool:
    """Whether values of a column's type on one side cannot be compared with those of its type on the other."""
    before, after = (_type(side, column) for side in (contents, other))
    return before != after and _family(before) != _family(after)


def is_assigned(before: str, after: str) -> bool:
    """Whether PostgreSQL turns the values by itself, by an assignment cast (manual, CREATE CAST).

    It refuses what does not fit, where an explicit cast would cut a text off; which moment it is, it would tell by the session's time zone.
    """
    family = _family(after)
    if _is_by_zone(before, after):
        return False
    return family == "text" or (family == _family(before) and family in FAMILIES.values())


def using(name: str, before: str, after: str) -> str:
    """Write the USING of a change of type, a blank before it; empty where PostgreSQL turns the values by itself."""
    return "" if before == after or is_assigned(before, after) else f" USING {cast(name, before, after)}"


def cast(name: str, before: str, after: str) -> str:
    """Write the expression that makes a value of the type `after` of a column of the type `before`; both as PostgreSQL prints them."""
    plain, wanted = _plain(before), _plain(after)
    if after.endswith("[]") and not before.endswith("[]"):
        return f"ARRAY[{name}]::{after}"
    if "text" in (_family(before), _family(after)) or _family(before) == _family(after):
        return _in_utc(name, before, after) if _is_by_zone(before, after) else f"{name}::{after}"
    if plain in WHOLE_NUMBERS and wanted == "uuid":
        wide = f"{name}::bigint" if plain == "smallint" else name  # of a smallint there is no to_hex()
        return f"lpad(to_hex({wide}), 32, '0')::uuid"
    if plain in WHOLE_NUMBERS and _family(after) == "moment":
        return f"to_timestamp({name})::{after}"
    if "boolean" in (plain, wanted) and "number" in (_family(before), _family(after)):
        return f"{name}::integer" if wanted == "integer" else f"{name}::integer::{after}"
    return f"{name}::text::{after}"


def loss(column: str, table: str, before: str, after: str) -> str:
    """Return what values lose without an error where they become of another type, with the query that counts them; empty where nothing."""
    if _family(before) != _family(after) or _fineness(before) <= _fineness(after):
        return ""
    what = "rounds what has more digits" if _family(before) == "number" else "cuts the time short"
    if _family(before) not in ("number", "moment"):
        return ""
    return f"{what}, without an error: SELECT count(*) FROM {table} WHERE {column} <> {column}::{after}::{before}"


def may_not_fit(before: str, after: str) -> bool:
    """Whether a type is the same as another but for its size, and holds less, so that it refuses values which that one holds."""
    if {before, after} <= LARGEST.keys():
        return LARGEST[after] < LARGEST[before]
    lengths = [_LENGTH.fullmatch(one) for one in (before, after)]
    longest, allowed = (math.inf if one is None or one[1] is None else int(one[1]) for one in lengths)
    return None not in lengths and allowed < longest


def is_written_anew(before: str, after: str) -> bool:
    """Whether a table is written anew where a column of it gets another type: not where values are stored alike, and each of them fits."""
    kinds = {_SIZE.sub("", one) for one in (before, after)}
    held, wanted = (_sizes(one) for one in (before, after))
    if kinds <= _TEXTS or (len(kinds) == 1 and kinds != {"character"}):
        digits = (held or (0, 0))[1:] == (wanted or (0, 0))[1:]
        return wanted is not None and (held is None or held[0] > wanted[0] or not digits)
    return True


def is_read_otherwise(before: str, after: str) -> bool:
    """Whether who wrote and read values of one type is refused, or gets others, where it is another: not among whole numbers, nor among texts."""
    kinds = {_SIZE.sub("", one) for one in (before, after)}
    return len(kinds) > 1 and not (kinds <= _TEXTS or kinds <= WHOLE_NUMBERS)


def _sizes(printed: str) -> tuple[int, int] | None:
    """Return the size and the digits after the point that a type has; None where it has no limit."""
    found = _SIZE.search(printed)
    return None if found is None else (int(found[1]), int(found[2] or 0))


def _in_utc(name: str, before: str, after: str) -> str:
    # AT TIME ZONE takes a day for a moment, by the session's time zone.
    zoned = f"{name}{'::timestamp' if before == 'date' else ''} AT TIME ZONE 'UTC'"
    return zoned if after.startswith("timestamp") else f"({zoned})::{after}"


def _is_by_zone(before: str, after: str) -> bool:
    """Whether moments or days get a zone, or lose theirs."""
    kinds = [one == "date" or (one.startswith("timestamp") and not one.endswith("[]")) for one in (before, after)]
    zones = [one.startswith("timestamp") and " with time zone" in one for one in (before, after)]
    return all(kinds) and zones[0] != zones[1]


def _fineness(printed: str) -> float:
    """Return how many digits after the point a type keeps, of a number or of the seconds; a day has fewer than none."""
    plain, inside = _plain(printed), re.search(r"\((?:\d+,\s*)?(-?\d+)\)", printed)
    if plain in WHOLE_NUMBERS:
        return 0
    if plain == "numeric":
        return math.inf if inside is None else int(inside[1]) if "," in inside[0] else 0
    if plain == "real":
        return 6
    if plain == "double precision":
        return 15
    return -1 if plain == "date" else int(inside[1]) if inside else 6


def _type(contents: Contents, column: ObjectKey) -> str:
    return contents.properties.get(column, {}).get("type", "")


def _plain(printed: str) -> str:
    return printed.partition("(")[0] + ("[]" if printed.endswith("[]") else "") if "(" in printed else printed


def _family(printed: str) -> str:
    plain = _plain(printed)
    return FAMILIES.get(plain, plain)
