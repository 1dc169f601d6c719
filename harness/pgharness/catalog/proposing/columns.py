"""Changes of columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.proposing import python_words as python
from pgharness.catalog.proposing.alembic_calls import adding_column, altering_column, dropping
from pgharness.catalog.proposing.casts import cast, is_assigned
from pgharness.catalog.proposing.change import Change, NoStatementError, Wanted, take
from pgharness.catalog.proposing.filling import fill
from pgharness.catalog.proposing.numbering import begin_after_rows, convert, is_converted
from pgharness.catalog.proposing.rename_calls import not_null_names
from pgharness.catalog.proposing.sqlalchemy_types import python_type
from pgharness.catalog.renaming import Rename, not_null_name
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.columns import (
    column_clause,
    identity_clause,
    later_lines,
    not_null_clause,
)
from pgharness.catalog.rendering.columns import not_null_name as printed_not_null_name
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
    lines = [*(_type(change, wanted) if take(wanted, "type", "collation") else []), *_numbers(change, wanted)]
    if take(wanted, *NOT_NULL):
        lines += _not_null(change, change.before)
    if "identity" in wanted and "identity" not in change.before:
        # Only a column that is NOT NULL can begin to be an identity.
        identity = [*_one(change, "identity", wanted), *begin_after_rows(change.right, change.key)]
    else:
        identity = []
    others = [line for name in list(wanted) for line in _one(change, name, wanted)]
    return [*lines, *others, *identity]


def _numbers(change: Change, wanted: Wanted) -> list[str]:
    """Write what gives the column its numbers otherwise."""
    if "identity" in wanted and is_converted(change):
        take(wanted, "identity", "default")
        return convert(change)
    default = wanted.get("default")
    if default is None or not default.startswith("nextval("):
        return []
    return [*_one(change, "default", wanted), *begin_after_rows(change.right, change.key)]


def add_column(contents: Contents, column: ObjectKey) -> list[str]:
    """Write what adds a column to a table that exists, and maybe holds rows."""
    table = contents.parent(column)
    alter = f"ALTER {table.kind.upper()} {table.object}"
    facts = contents.properties[column]
    filling = fill(contents, column) if "not null" in facts and "default" not in facts else []
    if filling:
        return _add_filled(contents, column, alter, filling)
    clause = column_clause(contents, column)
    return [
        adding_column(contents, column, clause, f"{alter} ADD COLUMN {clause};"),
        *later_lines(contents, column, alter),
        *attachments(contents, column),
    ]


def _add_filled(contents: Contents, column: ObjectKey, alter: str, filling: list[str]) -> list[str]:
    """Write what adds a column that has no default, gives rows a value, and then forbids NULL."""
    clause = column_clause(contents, column, with_not_null=False)
    return [
        adding_column(contents, column, clause, f"{alter} ADD COLUMN {clause};", is_nullable=True),
        *later_lines(contents, column, alter),
        *attachments(contents, column),
        *filling,
        *_not_null(Change(column, contents, contents), before={}, is_filled=True),
    ]


def _is_made_anew(change: Change, wanted: Wanted) -> bool:
    """Whether only DROP and ADD lead to it: PostgreSQL 17 can set another expression, none can begin to generate."""
    if "generated" not in wanted or wanted["generated"] is None:
        return False
    before = change.before.get("generated", "")
    same_kind = before.rpartition(" ")[2] == wanted["generated"].rpartition(" ")[2]
    return not (same_kind and change.left.major >= 17 and before.endswith("STORED"))


def _one(change: Change, name: str, wanted: Wanted) -> list[str]:
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


def set_default(contents: Contents, column: ObjectKey, value: str | None) -> str:
    """Write what gives a column a default, or takes it away."""
    return _default(Change(column, contents, contents), value)


def _default(change: Change, value: str | None) -> str:
    if value is None:
        return _altering(change, "DROP DEFAULT", server_default="None")
    return _altering(change, f"SET DEFAULT {value}", server_default=python.sql_text(value))


def _type(change: Change, wanted: Wanted) -> list[str]:
    facts, data_type = change.after, change.after["type"]
    collate = f" COLLATE {facts['collation']}" if "collation" in facts else ""
    before = change.before["type"]
    using = "" if is_assigned(before, data_type) or data_type == before else cast(change.local_name, before, data_type)
    act = f"TYPE {data_type}{collate}{f' USING {using}' if using else ''}"
    written = None if collate else python_type(data_type)
    changed = _altering(change, act, type_=written, postgresql_using=python.text(using) if written and using else None)
    if not using or "default" not in change.before:
        return [changed]
    # A default of the old type may not be cast by itself.
    take(wanted, "default")
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


def _not_null(change: Change, before: Mapping[str, str], *, is_filled: bool = False) -> list[str]:
    """Write NOT NULL anew; before PostgreSQL 18 it has neither name nor state of its own."""
    facts = change.after
    if "not null inherited" in facts and "not null" in before:
        return []
    drop = [_altering(change, "DROP NOT NULL", nullable="True")] if "not null" in before else []
    if "not null" not in facts:
        return drop
    filled = [] if drop or is_filled else fill(change.right, change.key)
    differing = {name for name in NOT_NULL if before.get(name) != facts.get(name)}
    if drop and differing == {"not null constraint"}:
        return _not_null_named(change, before)
    if change.left.major < 18 or facts.keys().isdisjoint(NOT_NULL[1:]):
        return [*filled, *drop, _altering(change, "SET NOT NULL", nullable="False")]
    if facts.keys().isdisjoint(NOT_NULL[2:]):
        # By its name alone it would be a statement that PostgreSQL 17 refuses.
        set_anew = [*filled, *drop, _altering(change, "SET NOT NULL", nullable="False")]
        return [*set_anew, *_not_null_named(change, {})]
    clause = not_null_clause(facts).replace("NOT NULL", f"NOT NULL {change.local_name}", 1)
    if not clause.startswith("CONSTRAINT"):
        clause = f"CONSTRAINT {printed_not_null_name(change.right, change.key)} {clause}"
    validity = " NOT VALID" if "not null validated" in facts else ""
    return [*filled, *drop, f"{change.alter} ADD {clause}{validity};"]


def _not_null_named(change: Change, before: Mapping[str, str]) -> list[str]:
    """Write what gives a NOT NULL its name."""
    told = ObjectKey("not null", change.key.object)
    names = [not_null_name(change.key, one.get("not null constraint")) for one in (before, change.after)]
    return [not_null_names(change.right, [Rename(told, told, (names[0], names[1]))])]


# What follows ALTER COLUMN for each property.
ACTS: dict[str, Callable[[Change, str | None], str]] = {
    "generated": _expression,
    "identity": _identity,
    "storage": _storage,
    "compression": lambda _, value: f"SET COMPRESSION {value or 'default'}",
    "statistics target": lambda _, value: f"SET STATISTICS {value or -1}",
}
