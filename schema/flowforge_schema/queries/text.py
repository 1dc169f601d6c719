"""Patterns as the text that PostgreSQL gets: with `$1` for parameters, or with the values written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.compiler import SQLCompiler

from flowforge_schema.queries.pages import AnySelect
from flowforge_schema.queries.patterns import Pattern

# psycopg writes %(name)s and sends $1; this is what arrives.
_DIALECT = PGDialect_psycopg(paramstyle="numeric_dollar")

HEADER = """\
-- The query patterns of FlowForge with example values, and the index that each expects; generated:
--     python -m flowforge_schema.queries > schema/statements.sql
"""


def prepared_text(statement: AnySelect) -> tuple[str, tuple[Any, ...]]:
    """Return a statement with `$1`, `$2` for its parameters, and their values in that order."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    assert isinstance(compiled, SQLCompiler)
    values = compiled.params
    return str(compiled), tuple(values[name] for name in compiled.positiontup or ())


def literal_text(statement: AnySelect) -> str:
    """Return a statement with its values written in, to be read or run as it stands."""
    return str(statement.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


def statement_file(patterns: Sequence[Pattern]) -> str:
    """Return patterns as a file of statements for the migration harness, with the indexes that each one expects."""
    return HEADER + "".join(_entry(pattern) for pattern in patterns)


def _entry(pattern: Pattern) -> str:
    comments = [f"-- name: {pattern.name}", f"-- {pattern.purpose}"]
    comments += [f"-- index: {index}" for index in pattern.indexes]
    text = "\n".join(line.rstrip() for line in literal_text(pattern.make(**pattern.example)).splitlines())
    return "\n".join(["", *comments, f"{text};", ""])
