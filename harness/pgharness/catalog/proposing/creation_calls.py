"""Statements that make indexes and constraints, together with the call of Alembic's that says the same.

What a call can say is put together from the parts of the object, and compared with what PostgreSQL prints of the whole. Where the two part,
over an operator class or a list of columns to set null, the object has something that no call says, and the statement stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.index_shapes import ForeignKey, Index, KeyColumn, foreign_key_of, index_of
from pgharness.catalog.names import unqualified
from pgharness.catalog.proposing import python_words as python
from pgharness.catalog.proposing.python_words import Call
from pgharness.catalog.rendering.parts import Contents, literal

IDENTIFIER = re.compile(r'"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*')
# The letters of pg_constraint as the definition has them; of the default it says nothing.
ACTIONS = {"c": "CASCADE", "r": "RESTRICT", "n": "SET NULL", "d": "SET DEFAULT"}
MATCHES = {"f": "FULL"}

Given = dict[str, str | None]
Arguments = tuple[str, list[str], Given]


def creating(contents: Contents, key: ObjectKey, sql: str) -> str:
    """Return the statement that makes an object, with its call where that says the same."""
    if key.kind == "index":
        return _index(index_of(contents.snapshot, key), sql)
    write = CONSTRAINTS.get(contents.properties[key]["exists"])
    table = contents.parent(key)
    arguments = write(contents, key) if write is not None and table.kind == "table" else None
    if arguments is None:
        return sql
    function, told, keywords = arguments
    names = python.final(contents.local_name(key)), python.name(table.object)
    # A foreign key may lead from one schema to another, and says both.
    schema: Given = {} if "source_schema" in keywords else {"schema": python.schema(table.object)}
    return Call(sql, function, *names, *told, **keywords, **schema)


def _index(index: Index, sql: str) -> str:
    columns = [_ordered(column) for column in index.columns]
    options = dict(option.split("=", 1) for option in index.options)
    said = [
        f"CREATE {'UNIQUE ' if index.is_unique else ''}INDEX {unqualified(index.name)} ON {index.table}",
        f"USING {index.method} ({', '.join(columns)})",
        f"INCLUDE ({', '.join(index.included)})" if index.included else "",
        "" if index.nulls_distinct else "NULLS NOT DISTINCT",
        f"WITH ({', '.join(f'{name}={literal(value)}' for name, value in options.items())})" if options else "",
        f"WHERE {index.predicate}" if index.predicate else "",
    ]
    if " ".join(part for part in said if part) != sql.removesuffix(";"):
        return sql
    written = [python.name(one) if IDENTIFIER.fullmatch(one) else python.sql_text(one) for one in columns]
    pairs = [f"{python.string(name)}: {python.string(value)}" for name, value in options.items()]
    return Call(
        sql,
        "create_index",
        python.final(index.name),
        python.name(index.table),
        f"[{', '.join(written)}]",
        unique=python.true(index.is_unique),
        postgresql_using=python.string(index.method) if index.method != "btree" else None,
        postgresql_include=python.names(index.included) if index.included else None,
        postgresql_nulls_not_distinct=python.true(not index.nulls_distinct),
        postgresql_with=f"{{{', '.join(pairs)}}}" if pairs else None,
        postgresql_where=python.sql_text(index.predicate) if index.predicate else None,
        schema=python.schema(index.table),
    )


def _ordered(column: KeyColumn) -> str:
    """Write a column with its order, and where NULLs are if that order does not put them there by itself."""
    order = " DESC" if column.descending else ""
    nulls = "" if column.nulls_first == column.descending else f" NULLS {'FIRST' if column.nulls_first else 'LAST'}"
    return column.expression + order + nulls


def _check(contents: Contents, key: ObjectKey) -> Arguments | None:
    definition = contents.properties[key]["definition"]
    condition = definition.removeprefix("CHECK (").removesuffix(" NOT VALID")
    if not condition.endswith(")"):
        return None
    not_valid = python.true(definition.endswith(" NOT VALID"))
    return "create_check_constraint", [python.text(condition[:-1])], {"postgresql_not_valid": not_valid}


def _primary_key(contents: Contents, key: ObjectKey) -> Arguments | None:
    index = index_of(contents.snapshot, contents.of(key, "index")[0])
    if index.definition != f"PRIMARY KEY ({', '.join(index.expressions)})":
        return None
    return "create_primary_key", [python.names(index.expressions)], {}


def _unique(contents: Contents, key: ObjectKey) -> Arguments | None:
    index = index_of(contents.snapshot, contents.of(key, "index")[0])
    nulls = "" if index.nulls_distinct else "NULLS NOT DISTINCT "
    if index.definition != f"UNIQUE {nulls}({', '.join(index.expressions)}){_deferral(index)}":
        return None
    keywords = {"postgresql_nulls_not_distinct": python.true(nulls), **_deferring(index)}
    return "create_unique_constraint", [python.names(index.expressions)], keywords


def _foreign_key(contents: Contents, key: ObjectKey) -> Arguments | None:
    found = foreign_key_of(contents.snapshot, key)
    actions = {
        "match": ("MATCH", MATCHES.get(found.match)),
        "onupdate": ("ON UPDATE", ACTIONS.get(found.on_update)),
        "ondelete": ("ON DELETE", ACTIONS.get(found.on_delete)),
    }
    said = "".join(f" {words} {action}" for words, action in actions.values() if action)
    references = f"REFERENCES {found.referenced}({', '.join(found.referred)}){said}{_deferral(found)}"
    if found.definition.removesuffix(" NOT VALID") != f"FOREIGN KEY ({', '.join(found.columns)}) {references}":
        return None
    keywords = {
        **{name: python.string(action) for name, (_, action) in reversed(actions.items()) if action},
        **_deferring(found),
        "postgresql_not_valid": python.true(found.definition.endswith(" NOT VALID")),
        "source_schema": python.schema(found.table),
        "referent_schema": python.schema(found.referenced),
    }
    told = [python.name(found.referenced), python.names(found.columns), python.names(found.referred)]
    return "create_foreign_key", told, keywords


def _deferral(one: Index | ForeignKey) -> str:
    return f"{' DEFERRABLE' if one.is_deferrable else ''}{' INITIALLY DEFERRED' if one.is_deferred else ''}"


def _deferring(one: Index | ForeignKey) -> Given:
    return {"deferrable": python.true(one.is_deferrable), "initially": '"DEFERRED"' if one.is_deferred else None}


CONSTRAINTS: dict[str, Callable[[Contents, ObjectKey], Arguments | None]] = {
    "check": _check,
    "primary key": _primary_key,
    "unique": _unique,
    "foreign key": _foreign_key,
}
