"""Statements that drop and change, together with the call of Alembic's that says the same."""

from __future__ import annotations

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.proposing import python_words as python
from pgharness.catalog.proposing.python_words import Call
from pgharness.catalog.proposing.sqlalchemy_types import python_type
from pgharness.catalog.rendering.parts import Contents


def dropping(contents: Contents, key: ObjectKey, sql: str) -> str:
    """Return the statement that drops an object, with its call where there is one."""
    table, name = contents.parent(key), contents.local_name(key)
    if key.kind == "table":
        return Call(sql, "drop_table", python.name(key.object), schema=python.schema(key.object))
    if key.kind == "index":
        return Call(sql, "drop_index", python.final(key.object), schema=python.schema(key.object))
    if key.kind not in ("column", "constraint") or table.kind != "table":
        return sql
    table_name, schema = python.name(table.object), python.schema(table.object)
    if key.kind == "column":
        return Call(sql, "drop_column", table_name, python.name(name), schema=schema)
    return Call(sql, "drop_constraint", python.final(name), table_name, schema=schema)


def adding_column(
    contents: Contents,
    column: ObjectKey,
    clause: str,
    sql: str,
    *,
    is_nullable: bool = False,
    default: str | None = None,
) -> str:
    """Return the statement that adds a column, with its call where type, default and NOT NULL are all that its clause says.

    `is_nullable` says that NOT NULL comes later, and `default` is one that it has meanwhile.
    """
    table, name, facts = contents.parent(column), contents.local_name(column), contents.properties[column]
    default, written = facts.get("default", default), python_type(facts["type"])
    not_null = "not null" in facts and not is_nullable
    plain = f"{name} {facts['type']}{f' DEFAULT {default}' if default else ''}{' NOT NULL' if not_null else ''}"
    if table.kind != "table" or written is None or clause != plain:
        return sql
    keywords = python.given(
        server_default=python.sql_text(default) if default else None, nullable="False" if not_null else None
    )
    added = f"sa.Column({', '.join([python.name(name), written, *keywords])})"
    return Call(sql, "add_column", python.name(table.object), added, schema=python.schema(table.object))


def altering_column(contents: Contents, column: ObjectKey, sql: str, **given: str | None) -> str:
    """Return the statement that changes a column, with its call where `given`, written as Python, says all that it does."""
    table = contents.parent(column)
    if table.kind != "table" or not any(given.values()):
        return sql
    names = python.name(table.object), python.name(contents.local_name(column))
    return Call(sql, "alter_column", *names, **given, schema=python.schema(table.object))


def commenting(contents: Contents, key: ObjectKey, sql: str, comment: str | None) -> str:
    """Return the statement that sets or takes away a comment, with its call where there is one."""
    written = "None" if comment is None else python.string(comment)
    if key.kind == "column":
        return altering_column(contents, key, sql, comment=written)
    if key.kind != "table":
        return sql
    name, schema = python.name(key.object), python.schema(key.object)
    if comment is None:
        return Call(sql, "drop_table_comment", name, schema=schema)
    return Call(sql, "create_table_comment", name, written, schema=schema)
