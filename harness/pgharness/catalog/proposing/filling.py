"""Writes what gives rows a value in a column that is to be NOT NULL, where the column has no default."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.index_shapes import ForeignKey, foreign_key_of, index_of
from pgharness.catalog.named import object_named
from pgharness.catalog.proposing.enums import labels_of
from pgharness.catalog.proposing.fitting import fitting
from pgharness.catalog.rendering.parts import Contents, literal

# A value of each type that says nothing; who writes the revision puts a better one in its place.
NEUTRAL = {
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric", "real", "double precision", "oid", "money"), "0"),
    **dict.fromkeys(("text", "character varying", "character", "bytea", "citext", "public.citext"), "''"),
    **dict.fromkeys(("timestamp with time zone", "timestamp without time zone"), "now()"),
    **dict.fromkeys(("json", "jsonb"), "'{}'"),
    "boolean": "false",
    "date": "CURRENT_DATE",
    "time without time zone": "LOCALTIME",
    "time with time zone": "CURRENT_TIME",
    "interval": "'0'",
    "uuid": "gen_random_uuid()",
    "inet": "'0.0.0.0'",
    "cidr": "'0.0.0.0/32'",
    "xml": "''",
    "tsvector": "''",
}
# As PostgreSQL prints what people write otherwise (manual, "Data Types").
PRINTED = {
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "decimal": "numeric",
    "float": "double precision",
    "float4": "real",
    "float8": "double precision",
    "varchar": "character varying",
    "char": "character",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
}
NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})
TEXTS = frozenset({"text", "character varying"})


def fill(contents: Contents, column: ObjectKey) -> list[str]:
    """Write what fills the NULLs of a column; nothing where no value is known that serves."""
    table, name = contents.parent(column), contents.local_name(column)
    if table.kind != "table" or contents.properties[column].keys() & {"generated", "identity", "inherited"}:
        return []
    if is_unique(contents, column):
        return _fill_uniquely(contents, column)
    value = _value(contents, column)
    return (
        []
        if value is None
        else [f"UPDATE {table.object} SET {name} = {value} /* or what fits */ WHERE {name} IS NULL;"]
    )


def default_for(contents: Contents, column: ObjectKey) -> str | None:
    """Return a default that a column takes where INSERTs give it no value; None where none is known."""
    value = _value(contents, column)
    return None if value is None or value.startswith("(SELECT") else value


def _value(contents: Contents, column: ObjectKey) -> str | None:
    facts = contents.properties[column]
    if "default" in facts:
        return facts["default"]
    for found in _foreign_keys(contents, column):
        return f"(SELECT {found.referred[0]} FROM {found.referenced} ORDER BY 1 LIMIT 1)"
    return fitting(contents, column, _neutral(contents, facts["type"]))


def _foreign_keys(contents: Contents, column: ObjectKey) -> Iterator[ForeignKey]:
    """Yield the foreign keys of the column alone."""
    for key in contents.of(contents.parent(column), "constraint"):
        if contents.properties[key]["exists"] == "foreign key":
            found = foreign_key_of(contents.snapshot, key)
            if found.columns == (contents.local_name(column),) and found.referred:
                yield found


def neutral_of(contents: Contents, written: str) -> str | None:
    """Return a value of a type, as people write that, which says nothing; None where none is known."""
    plain = " ".join(re.sub(r"\([\d,\s]+\)", " ", written).split())
    if '"' not in plain:
        plain = plain.casefold()
    known = object_named(contents.snapshot, "type", plain) if not plain.endswith("[]") else None
    return _neutral(contents, known.object if known is not None else PRINTED.get(plain, plain))


def _neutral(contents: Contents, printed: str) -> str | None:
    if printed.endswith("[]"):
        return "'{}'"
    plain = re.sub(r"\(.*?\)", "", printed)
    known = contents.properties.get(ObjectKey("type", plain), {})
    if known.get("exists") == "enum" and labels_of(known["labels"]):
        return literal(labels_of(known["labels"])[0])
    return NEUTRAL.get(plain)


def _fill_uniquely(contents: Contents, column: ObjectKey) -> list[str]:
    table, name = contents.parent(column).object, contents.local_name(column)
    for found in _foreign_keys(contents, column):
        return [
            f"UPDATE {table} SET {name} = <a key of {found.referenced} that no row of {table} has> WHERE {name} IS NULL;"
        ]
    plain = re.sub(r"\(.*?\)", "", contents.properties[column]["type"])
    if plain == "uuid":
        return [f"UPDATE {table} SET {name} = gen_random_uuid() WHERE {name} IS NULL;"]
    if plain not in NUMBERS | TEXTS:
        return []
    number = "row.number" if plain in NUMBERS else "row.number::text"
    rows = f"(SELECT ctid AS place, row_number() OVER () AS number FROM {table})"
    return [
        f"UPDATE {table} SET {name} = {number} FROM {rows} AS row WHERE {table}.ctid = row.place AND {name} IS NULL;"
    ]


def is_unique(contents: Contents, column: ObjectKey) -> bool:
    """Whether no two rows may share its value."""
    table, name = contents.parent(column), contents.local_name(column)
    owners = [table, *contents.of(table, "constraint")]
    indexes = [index_of(contents.snapshot, key) for owner in owners for key in contents.of(owner, "index")]
    return any(one.is_unique and one.expressions[: len(one.columns) - len(one.included)] == (name,) for one in indexes)
