"""Foreign keys as the statements that they send: the look at the parent, and the action on the children of one that goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from psycopg import sql
from psycopg.rows import class_row

from pgharness.plans.statement import Expectation, Parameters, Statement
from pgharness.servers import Connection

# What a delete of a parent does to its children (pg_constraint.confdeltype). PostgreSQL's triggers (ri_triggers.c) find them by
# one equality for each column, whatever they then do; here they are only locked, so that nothing else is set off.
ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
# Among so many parents one is looked for that has no child: what is deleted is seldom what is most used.
PARENTS_LOOKED_AT = 100


def foreign_key_statements(connection: Connection) -> tuple[Statement, ...]:
    """Return the statements of all foreign keys, with parameters from the data; none for tables that hold no row for it."""
    keys = connection.cursor(row_factory=class_row(_ForeignKey)).execute(_query()).fetchall()
    return tuple(statement for key in keys for statement in _statements(connection, key))


@dataclass(frozen=True, slots=True)
class _ForeignKey:
    """One row of the query."""

    name: str
    child: str
    parent: str
    on_delete: str
    is_partitioned: bool
    child_columns: Sequence[str]
    parent_columns: Sequence[str]


def _statements(connection: Connection, key: _ForeignKey) -> Iterator[Statement]:
    only = "" if key.is_partitioned else "ONLY "
    found = f"SELECT 1 FROM {only}{key.child} WHERE {_equals(key.child_columns)} FOR KEY SHARE"
    expectation = Expectation(read_per_row=None)
    parents, children = _parent_sample(connection, key), _child_sample(connection, key)
    if parents:
        yield Statement(f"ON DELETE {ACTIONS[key.on_delete]} of {key.name}", found, parents, expectation)
    if children:
        looked = f"SELECT 1 FROM {key.parent} WHERE {_equals(key.parent_columns)} FOR KEY SHARE"
        yield Statement(f"look at the parent of {key.name}", looked, children, expectation)


def _equals(columns: Sequence[str]) -> str:
    return " AND ".join(f"{column} = ${place}" for place, column in enumerate(columns, start=1))


def _parent_sample(connection: Connection, key: _ForeignKey) -> tuple[Parameters, ...]:
    """Return a parent's key, if possible of one without children."""
    pairs = zip(key.child_columns, key.parent_columns, strict=True)
    joined = " AND ".join(f"child.{child} = parent.{parent}" for child, parent in pairs)
    columns = ", ".join(key.parent_columns)
    return _rows(
        connection,
        f"SELECT {columns} FROM (SELECT {columns} FROM {key.parent} LIMIT {PARENTS_LOOKED_AT}) AS parent"
        f" ORDER BY EXISTS (SELECT FROM {key.child} AS child WHERE {joined}) LIMIT 1",
    )


def _child_sample(connection: Connection, key: _ForeignKey) -> tuple[Parameters, ...]:
    given = " AND ".join(f"{column} IS NOT NULL" for column in key.child_columns)
    return _rows(connection, f"SELECT {', '.join(key.child_columns)} FROM {key.child} WHERE {given} LIMIT 1")


def _rows(connection: Connection, query: str) -> tuple[Parameters, ...]:
    return tuple(tuple(row) for row in connection.execute(sql.SQL(query)))


def _query() -> bytes:
    return files(__package__).joinpath("foreign_keys.sql").read_bytes()
