"""What an action of ALTER TABLE adds: a constraint, or a column with what constrains and fills it."""

from __future__ import annotations

import re

from pgharness.catalog.identifiers import quoted
from pgharness.trace.fixes.writing import NAME, bare, execute, has
from pgharness.trace.statement_parts import actions_of, in_parentheses

ADDS_CONSTRAINT = re.compile(
    rf"^ADD\s+(CONSTRAINT\s+(?P<name>{NAME})\s+)?(CHECK|FOREIGN\s+KEY|NOT\s+NULL|UNIQUE|PRIMARY\s+KEY|EXCLUDE)\b",
    re.IGNORECASE,
)
ADDS_COLUMN = re.compile(
    rf"^ADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?P<column>{NAME})\s+(?P<rest>.+)", re.IGNORECASE | re.DOTALL
)
DEFAULT = re.compile(r"(?<!BY\s)\bDEFAULT\s+(?P<value>.+)", re.IGNORECASE | re.DOTALL)
BEHIND_DEFAULT = re.compile(
    r"\s+(?:CONSTRAINT\s+\S+\s+)?(?:NOT\s+NULL|UNIQUE|CHECK\s*\(|REFERENCES)\b.*", re.IGNORECASE | re.DOTALL
)
NUMBERED = re.compile(r"^(?P<size>small|big)?serial\d?\b|\bAS\s+IDENTITY\b", re.IGNORECASE)
_CONSTRAINTS_OF_COLUMN = re.compile(
    r"\s*\b(?:CONSTRAINT\s+\S+\s+)?(?:NOT\s+NULL|NULL|UNIQUE|PRIMARY\s+KEY|CHECK|REFERENCES|DEFAULT|GENERATED)\b.*",
    re.IGNORECASE | re.DOTALL,
)


def plain_column(table: str, added: re.Match[str]) -> str:
    """Return the call that adds a column of an action without what constrains or fills it."""
    return execute(f"ALTER TABLE {table} ADD COLUMN {added['column']} {type_of(added)}")


def type_of(added: re.Match[str]) -> str:
    """Return the type of a column that an action adds."""
    return _CONSTRAINTS_OF_COLUMN.sub("", added["rest"]).strip()


def default_of(added: re.Match[str]) -> str:
    """Return its default; empty where it has none."""
    default = DEFAULT.search(added["rest"])
    return BEHIND_DEFAULT.sub("", default["value"]).strip() if default else ""


def lacks_default(added: re.Match[str]) -> bool:
    """Whether each row that is there lacks a value for a new column that may not be NULL: the statement fails where there are any."""
    rest = added["rest"]
    gives_values = DEFAULT.search(rest) or NUMBERED.search(rest) or has("GENERATED", rest)
    return has("NOT NULL", rest) and not gives_values


def fails_on_any_row(sql: str) -> bool:
    """Whether a statement adds a column for which each row that is there lacks a value."""
    added = (ADDS_COLUMN.match(action) for action in actions_of(sql)[1] if not ADDS_CONSTRAINT.match(action))
    return any(one is not None and lacks_default(one) for one in added)


def name_of(table: str, added: re.Match[str]) -> str:
    """Return the name that PostgreSQL gives to the constraint of a column."""
    return quoted(
        f"{bare(table)}_{bare(added['column'])}_{'check' if in_parentheses(added['rest'], 'CHECK') else 'fkey'}"
    )
