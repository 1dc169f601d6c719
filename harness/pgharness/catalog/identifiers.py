"""Replaces names in SQL that PostgreSQL printed, and in nothing else of it: texts and longer names that contain one stay as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PART = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_TOKEN = re.compile(rf"'(?:[^']|'')*'(?:::regclass)?|{_PART}(?:\.{_PART})*")
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
# What can be no column's or table's name without quotes (manual, appendix C, "reserved", and "reserved (can be function or type)").
_RESERVED = frozenset(
    [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "authorization",
        "binary",
        "both",
        "case",
        "cast",
        "check",
        "collate",
        "collation",
        "column",
        "concurrently",
        "constraint",
        "create",
        "cross",
        "current_catalog",
        "current_date",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "default",
        "deferrable",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "false",
        "fetch",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "grant",
        "group",
        "having",
        "ilike",
        "in",
        "initially",
        "inner",
        "intersect",
        "into",
        "is",
        "isnull",
        "join",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "natural",
        "not",
        "notnull",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "outer",
        "overlaps",
        "placing",
        "primary",
        "references",
        "returning",
        "right",
        "select",
        "session_user",
        "similar",
        "some",
        "symmetric",
        "system_user",
        "table",
        "tablesample",
        "then",
        "to",
        "trailing",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "variadic",
        "verbose",
        "when",
        "where",
        "window",
        "with",
    ]
)
_REGCLASS = "'::regclass"


def with_names(sql: str, names: Mapping[str, str]) -> str:
    """Return the SQL with each name of `names`, qualified as printed, replaced; also before a further part, and where it is a regclass."""

    def replaced(match: re.Match[str]) -> str:
        token = match[0]
        if token.startswith("'"):
            name = token.removeprefix("'").removesuffix(_REGCLASS)
            return f"'{names[name]}{_REGCLASS}" if token.endswith(_REGCLASS) and name in names else token
        head, dot, last = token.rpartition(".")
        return names.get(token) or (f"{names[head]}{dot}{last}" if head in names else token)

    return _TOKEN.sub(replaced, sql)


def with_columns(sql: str, names: Mapping[str, str]) -> str:
    """Return the SQL of something on a table with its columns' names replaced, by themselves or as a trigger's `new.email`."""

    def replaced(match: re.Match[str]) -> str:
        head, dot, last = match[0].rpartition(".")
        return f"{head}{dot}{names.get(last, last)}" if head in ("", "new", "old") else match[0]

    return _TOKEN.sub(replaced, sql)


def identifiers(sql: str) -> set[str]:
    """Return every part of every name in the SQL, as printed."""
    found = (match[0] for match in _TOKEN.finditer(sql))
    return {part for token in found if not token.startswith("'") for part in re.findall(_PART, token)}


def quoted(name: str) -> str:
    """Return a name of the catalog as it is typed in SQL, in quotes where it has to be."""
    return name if _PLAIN.fullmatch(name) and name not in _RESERVED else '"' + name.replace('"', '""') + '"'
