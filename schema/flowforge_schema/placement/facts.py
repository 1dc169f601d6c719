"""What a schema's catalog says that matters to distribution: keys, uniqueness, names, triggers. Any PostgreSQL has it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; tables are named as the search path has them, `definition` is as PostgreSQL prints it."""

    name: str
    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    definition: str
    writes: tuple[str, ...]
    """The columns of the table that it sets to NULL or to another value, where the parent goes or changes."""


@dataclass(frozen=True, slots=True)
class Unique:
    """An index that refuses a second row: a key, a unique index, an exclusion; expressions are left out of `columns`."""

    name: str
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger, the function that it runs, and its definition as PostgreSQL prints it."""

    name: str
    table: str
    function: str
    definition: str


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """What was read of the tables of the schema that comes first on the search path, and of keys of others that refer to them."""

    tables: tuple[str, ...] = ()
    keys: tuple[ForeignKey, ...] = ()
    unique: tuple[Unique, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    """Table and name of each constraint, index and trigger."""
    triggers: tuple[Trigger, ...] = ()
    identities: tuple[tuple[str, str], ...] = ()
    """Table and column of what numbers its rows by itself."""
    rows: tuple[tuple[str, int], ...] = ()
    """Table and estimated number of rows."""
    functions: tuple[tuple[str, str], ...] = ()
    """Signature and definition."""


def read_schema(connection: Connection) -> SchemaFacts:
    """Read the facts; changes nothing and locks nothing for longer than the query."""
    query = (files(__package__) / "read_schema.sql").read_text("utf-8")
    read: dict[str, Any] = connection.exec_driver_sql(query).scalar_one()
    return SchemaFacts(
        tables=tuple(read["tables"]),
        keys=tuple(ForeignKey(**_tuples(key)) for key in read["keys"]),
        unique=tuple(Unique(**_tuples(unique)) for unique in read["unique"]),
        names=tuple((table, name) for table, name in read["names"]),
        triggers=tuple(Trigger(**trigger) for trigger in read["triggers"]),
        identities=tuple((table, column) for table, column in read["identities"]),
        rows=tuple((table, rows) for table, rows in read["rows"]),
        functions=tuple((signature, definition) for signature, definition in read["functions"]),
    )


def _tuples(read: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in read.items()}
