"""What an error of the server is about: constraint, table and column, also where it happened on a shard.

A shard's tables and constraints are called as the table's own, with `_` and a number behind it, and of an error there nothing is passed on but
its code and its message. So known names are looked for in the message; no text in the server's language is read.
"""

from __future__ import annotations

import re

import psycopg

from flowforge_schema.errors.constraints import RULE_BY_CONSTRAINT

_WORD = re.compile(r"\w+")
_NUMBER_OF_SHARD = re.compile(r"_\d+$")
# Whatever marks the server's language puts around a name.
_QUOTED = re.compile(r"[\"'«»„“”「『](\w+)[\"'«»“”」』]")
_FOREIGN_KEY = re.compile(r"fk_(?P<table>\w+?)__")

NOT_NULL = "23502"


def constraint_of(error: psycopg.Error) -> str | None:
    """Return the name of the constraint as the schema has it; None where the server names none, and we find none."""
    named = error.diag.constraint_name
    if named in RULE_BY_CONSTRAINT or (error.sqlstate or "")[:2] != "23":
        return named
    words = [named or "", *_WORD.findall(error.diag.message_primary or "")]
    candidates = (candidate for word in words for candidate in (word, _NUMBER_OF_SHARD.sub("", word)))
    return next((candidate for candidate in candidates if candidate in RULE_BY_CONSTRAINT), named)


def column_of(error: psycopg.Error) -> str | None:
    """Return the column that may not be NULL; None where the server names none, and we find none."""
    if error.diag.column_name is not None or error.sqlstate != NOT_NULL:
        return error.diag.column_name
    quoted = _QUOTED.findall(error.diag.message_primary or "")
    columns = [name for name in quoted if not _NUMBER_OF_SHARD.search(name)]
    # The other one is the shard.
    return columns[0] if len(columns) == 1 and len(quoted) > 1 else None


def child_of(error: psycopg.Error) -> str | None:
    """Return the table that a broken foreign key belongs to."""
    key = _FOREIGN_KEY.match(constraint_of(error) or "")
    return key["table"] if key else error.diag.table_name
