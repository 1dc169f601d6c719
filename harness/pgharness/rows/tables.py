"""What has to be known of a table to make rows for it, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class DataType:
    """A type as pg_type has it; `kind` is typtype, `base` leads from a domain to its type, `element` from an array to its own.

    `checks` are a domain's conditions on VALUE, `labels` an enum's, `fields` the types of a composite's attributes.
    """

    name: str
    kind: str
    base: int | None = None
    base_modifier: int = -1
    base_name: str | None = None
    element: int | None = None
    not_null: bool = False
    labels: tuple[str, ...] = ()
    fields: tuple[int, ...] = ()
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A table, with a quoted and qualified name, and the number of columns that were ever made there."""

    oid: int
    name: str
    width: int
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a row may give a value; `number` is its place in the table (pg_attribute.attnum); `name`, `type_name` and `default_expression` are ready for SQL.

    `default` is "" without one, "sequence" where a sequence gives the value (an identity has no expression), else "value".
    """

    name: str
    type_oid: int
    type_name: str
    modifier: int
    not_null: bool
    number: int
    default: str = ""
    default_expression: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What some columns of a row must fulfil together: the condition of a CHECK, or that a partition takes the row."""

    name: str
    columns: tuple[str, ...]
    expression: str


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that refer to those of another table, or of the same."""

    name: str
    columns: tuple[str, ...]
    referred_table: str
    referred_columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """An empty table; `name` is qualified and quoted, `keys` holds the columns of each unique or exclusion constraint."""

    name: str
    columns: tuple[Column, ...]
    conditions: tuple[Condition, ...]
    foreign_keys: tuple[ForeignKey, ...]
    keys: dict[str, tuple[str, ...]]

    @cached_property
    def column(self) -> dict[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}


def bare(name: str) -> str:
    """Return a name as PostgreSQL prints it without its schema and quotes."""
    return name.rpartition(".")[2].strip('"')
