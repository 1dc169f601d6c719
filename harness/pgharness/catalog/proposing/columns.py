"""Changes of columns."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.proposing import python_words as python
from pgharness.catalog.proposing.alembic_calls import adding_column, altering_column, dropping
from pgharness.catalog.proposing.change import Change, NoStatementError, Wanted, take
from pgharness.catalog.proposing.sqlalchemy_types import python_type
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.columns import (
    column_clause,
    identity_clause,
    later_lines,
    not_null_clause,
    not_null_name,
)
from pgharness.catalog.rendering.parts import Contents

# The position cannot be changed and is told apart; what is inherited follows from the table's parents.
FOLLOWING = ("position", "inherited")
USUAL_STORAGE = {
    **dict.fromkeys(
        ("text", "bytea", "json", "jsonb", "xml", "character varying", "character", "tsvector"), "extended"
    ),
    **dict.fromkeys(("numeric", "inet", "cidr"), "main"),
    **dict.fromkeys(("smallint", "integer", "bigint", "boolean", "date", "uuid", "real", "double precision"), "plain"),
}
NOT_NULL = ("not null", "not null constraint", "not null no inherit", "not null validated", "not null inherited")


def change_column(change: Change, wanted: Wanted) -> list[str]:
    """Write what brings a column to what it is to be; a generated one that cannot be changed is made anew."""
    if _is_made_anew(change, wanted):
        wanted.clear()
        drop = dropping(change.left, change.key, f"{change.alter} DROP COLUMN {change.local_name};")
        return [drop, *add_column(change.right, change.key)]
    lines = [line for name in list(wanted) for line in _one(change, name, wanted)]
    if take(wanted, *NOT_NULL):
        lines += _not_null(change)
    return lines


def add_column(contents: Contents, column: ObjectKey) -> list[str]:
    """Write what adds a column to a table that exists."""
    table = contents.parent(column)
    alter = f"ALTER {table.kind.upper()} {table.object}"
    clause = column_clause(contents, column)
    return [
        adding_column(contents, column, clause, f"{alter} ADD COLUMN {clause};"),
        *later_lines(contents, column, alter),
        *attachments(contents, column),
    ]


def _is_made_anew(change: Change, wanted: Wanted) -> bool:
    """Whether only DROP and ADD lead to it: PostgreSQL 17 can set another expression, none can begin to generate."""
    if "generated" not in wanted or wanted["generated"] is None:
        return False
    before = change.before.get("generated", "")
    same_kind = before.rpartition(" ")[2] == wanted["generated"].rpartition(" ")[2]
    return not (same_kind and change.left.major >= 17 and before.endswith("STORED"))


def _one(change: Change, name: str, wanted: Wanted) -> list[str]:
    if name in ("type", "collation"):
        return _type(change) if take(wanted, "type", "collation") else []
    if name == "default":
        return [_default(change, wanted.pop(name))]
    act = ACTS.get(name)
    if act is not None:
        return [_altering(change, act(change, wanted.pop(name)))]
    if name in FOLLOWING:
        take(wanted, name)
    return []


def _storage(change: Change, value: str | None) -> str:
    if value is None and change.left.major < 16:
        value = _usual_storage(change.after["type"])
    return f"SET STORAGE {(value or 'DEFAULT').upper()}"


def _usual_storage(data_type: str) -> str:
    """Return the storage of a type, which PostgreSQL before 16 wants by name (pg_type.typstorage)."""
    word = data_type.partition("(")[0]
    if word in USUAL_STORAGE or word.endswith("[]"):
        return USUAL_STORAGE.get(word, "extended")
    raise NoStatementError(
        "before PostgreSQL 16 the storage has to be named: ALTER COLUMN … SET STORAGE EXTENDED, or PLAIN"
    )


def _expression(_: Change, value: str | None) -> str:
    return "DROP EXPRESSION" if value is None else f"SET EXPRESSION AS {value.removesuffix(' STORED')}"


def _default(change: Change, value: str | None) -> str:
    if value is None:
        return _altering(change, "DROP DEFAULT", server_default="None")
    return _altering(change, f"SET DEFAULT {value}", server_default=python.sql_text(value))


def _type(change: Change) -> list[str]:
    facts, data_type = change.after, change.after["type"]
    collate = f" COLLATE {facts['collation']}" if "collation" in facts else ""
    using = f"{change.local_name}::{data_type}" if data_type != change.before["type"] else ""
    act = f"TYPE {data_type}{collate}{f' USING {using}' if using else ''}"
    written = None if collate else python_type(data_type)
    changed = _altering(change, act, type_=written, postgresql_using=python.text(using) if written and using else None)
    if not using or "default" not in change.before or change.left.needs(change.key):
        return [changed]
    # A default of the old type may not be cast by itself.
    kept = facts.get("default")
    return [_default(change, None), changed, *([_default(change, kept)] if kept is not None else [])]


def _altering(change: Change, act: str, **given: str | None) -> str:
    """Write ALTER COLUMN; `given` is what Alembic's call would be given."""
    sql = f"{change.alter} ALTER COLUMN {change.local_name} {act};"
    return altering_column(change.left, change.key, sql, **given)


def _identity(change: Change, value: str | None) -> str:
    if value is None:
        return "DROP IDENTITY"
    if "identity" in change.before:
        return f"SET GENERATED {value.upper()}"
    return f"ADD {identity_clause(change.right, change.key)}"


def _not_null(change: Change) -> list[str]:
    """Write NOT NULL anew; before PostgreSQL 18 it has neither name nor state of its own."""
    facts = change.after
    if "not null inherited" in facts and "not null" in change.before:
        return []
    named = not_null_name(change.right, change.key)
    drop = [_altering(change, "DROP NOT NULL", nullable="True")] if "not null" in change.before else []
    if "not null" not in facts:
        return drop
    renamed = {name for name in NOT_NULL if change.before.get(name) != facts.get(name)} == {"not null constraint"}
    if drop and renamed:
        before = not_null_name(change.left, change.key)
        return [f"{change.alter} RENAME CONSTRAINT {before} TO {named};"]
    if change.left.major < 18 or facts.keys().isdisjoint(NOT_NULL[1:]):
        return [*drop, _altering(change, "SET NOT NULL", nullable="False")]
    clause = not_null_clause(facts).replace("NOT NULL", f"NOT NULL {change.local_name}", 1)
    if not clause.startswith("CONSTRAINT"):
        clause = f"CONSTRAINT {named} {clause}"
    validity = " NOT VALID" if "not null validated" in facts else ""
    return [*drop, f"{change.alter} ADD {clause}{validity};"]


# What follows ALTER COLUMN for each property.
ACTS: dict[str, Callable[[Change, str | None], str]] = {
    "generated": _expression,
    "identity": _identity,
    "storage": _storage,
    "compression": lambda _, value: f"SET COMPRESSION {value or 'default'}",
    "statistics target": lambda _, value: f"SET STATISTICS {value or -1}",
}
