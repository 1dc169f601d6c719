"""Writes what follows on a new column, a key or an index, in steps that can each be sent again and keep nobody waiting, each committed by itself."""

from __future__ import annotations

import re

from pgharness.catalog.identifiers import quoted
from pgharness.catalog.names import FULL_NAME, NAME, qualifier, unqualified, unquoted

_TABLE = rf"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{FULL_NAME})\s+"
_ADDS = rf"{_TABLE}ADD\s+(?:CONSTRAINT\s+(?P<name>{NAME})\s+)?"
_KEY = re.compile(rf"{_ADDS}(?P<rule>FOREIGN\s+KEY\s*\((?P<columns>[^)]*)\)\s*REFERENCES\s.+)", re.IGNORECASE)
_UNIQUE = re.compile(rf"{_ADDS}(?P<rule>UNIQUE\s*\((?P<columns>[^)]*)\))", re.IGNORECASE)
_INDEX = re.compile(
    rf"\s*(?P<make>CREATE\s+(?:UNIQUE\s+)?INDEX)\s+(?P<name>{NAME})\s+(?P<rest>ON\s+(?P<table>{FULL_NAME})\s.+)",
    re.IGNORECASE,
)


def in_steps(statement: str) -> tuple[str, ...]:
    """Return the steps that come to the same as a statement; the statement itself where none are known."""
    sql = statement.strip().removesuffix(";").rstrip()
    if key := _KEY.fullmatch(sql):
        alter, name = f"ALTER TABLE {key['table']}", _name_of(key, "fkey")
        return (
            f"{alter} DROP CONSTRAINT IF EXISTS {name}",
            f"{alter} ADD CONSTRAINT {name} {key['rule']} NOT VALID",
            f"{alter} VALIDATE CONSTRAINT {name}",
        )
    if unique := _UNIQUE.fullmatch(sql):
        alter, name = f"ALTER TABLE {unique['table']}", _name_of(unique, "key")
        return (
            f"{alter} DROP CONSTRAINT IF EXISTS {name}",
            *_built("CREATE UNIQUE INDEX", name, unique["table"], f"ON {unique['table']} ({unique['columns']})"),
            f"{alter} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}",
        )
    if index := _INDEX.fullmatch(sql):
        return _built(index["make"], index["name"], index["table"], index["rest"])
    return (sql,)


def _built(make: str, name: str, table: str, rest: str) -> tuple[str, ...]:
    """Return the steps that build an index, which is in the schema of its table."""
    schema = qualifier(table)
    return (
        f"DROP INDEX CONCURRENTLY IF EXISTS {f'{schema}.' if schema else ''}{name}",
        f"{make} CONCURRENTLY {name} {rest}",
    )


def _name_of(added: re.Match[str], ending: str) -> str:
    """Return the name of a constraint, that which PostgreSQL gives it where the statement gives none."""
    columns = "_".join(unquoted(one.strip()) for one in added["columns"].split(","))
    return added["name"] or quoted(f"{unquoted(unqualified(added['table']))}_{columns}_{ending}")
