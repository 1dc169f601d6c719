"""The entity-relationship diagram for people, made from the models: `python -m flowforge_schema.models.diagram > docs/tables.md`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from sqlalchemy import Column, ForeignKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql

from flowforge_schema import models
from flowforge_schema.base import Base

HEAD = """\
# The tables

Made from the models: `python -m flowforge_schema.models.diagram > docs/tables.md`. PK is a part of the primary key, FK of a foreign
key, UK of a unique constraint; a line is a foreign key, a dotted one where its columns may be NULL. What no key says: `outbox_events` names what it is
about by `aggregate_type` and `aggregate_id`.
"""
DIALECT = postgresql.dialect()


def render_page() -> str:
    """Return the page as Markdown with one Mermaid diagram."""
    assert models.__all__  # the tables are those that importing the models has made
    tables = Base.metadata.sorted_tables
    lines = [line for table in tables for line in (*_entity(table), *_relations(table))]
    return "\n".join([HEAD, "```mermaid", "erDiagram", *lines, "```"]) + "\n"


def _entity(table: Table) -> Iterator[str]:
    yield f"  {table.name} {{"
    for column in table.columns:
        marks = ", ".join(_marks(table, column))
        words = (_type(column), column.name, marks, '"may be NULL"' if column.nullable else "")
        yield f"    {' '.join(word for word in words if word)}"
    yield "  }"


def _relations(table: Table) -> Iterator[str]:
    """Yield a line for each foreign key: one parent has any number of children, or at most one where the key is unique."""
    for key in sorted(table.foreign_key_constraints, key=lambda one: str(one.name)):
        line = ".." if any(column.nullable for column in key.columns) else "--"
        child = "o|" if _is_unique(table, key) else "o{"
        yield f'  {key.referred_table.name} ||{line}{child} {table.name} : "{", ".join(key.column_keys)}"'


def _marks(table: Table, column: Column[object]) -> Iterator[str]:
    if column.primary_key:
        yield "PK"
    if column.foreign_keys:
        yield "FK"
    if any(isinstance(one, UniqueConstraint) and column.name in one.columns for one in table.constraints):
        yield "UK"


def _is_unique(table: Table, key: ForeignKeyConstraint) -> bool:
    names = set(key.column_keys)
    unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    return any({column.name for column in one.columns} <= names for one in (table.primary_key, *unique))


def _type(column: Column[object]) -> str:
    """Return the type as one word, which is all that Mermaid takes."""
    return re.sub(r"\W+", "_", column.type.compile(DIALECT)).strip("_").lower()


if __name__ == "__main__":
    sys.stdout.write(render_page())
