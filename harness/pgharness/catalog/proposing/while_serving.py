"""Makes indexes and constraints of a table that stands so that its readers and writers go on meanwhile, and so that it can be run again.

Each statement is a transaction by itself, in an autocommit block: the index is built concurrently, and a constraint is added without a look at
the rows, which is taken when its lock is gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.index_shapes import index_of
from pgharness.catalog.names import qualifier
from pgharness.catalog.proposing.python_words import Apart, Call
from pgharness.catalog.rendering.parts import Contents

_CREATES_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY\b)")
_LATER = re.compile(r"\bNOT (VALID|ENFORCED)\b")
DROPS_FIRST = re.compile(
    r"with \S+:\n +op\.execute\(\"(ALTER TABLE .* DROP CONSTRAINT|DROP INDEX CONCURRENTLY) IF EXISTS "
)
"""The operation of a block that takes away what had the name before."""
# The table of the statement, which PostgreSQL prints with its schema.
_ONLY = re.compile(r"^ALTER TABLE ONLY ")


def while_serving(contents: Contents, key: ObjectKey, sql: str, *, is_way_back: bool = False) -> str:
    """Return what makes an object of a table that stands; the statement as it is where no other way spares anybody anything.

    On the way back only what builds an index is made otherwise: for the rest a downgrade() stays one transaction.
    """
    table = contents.parent(key)
    facts = contents.properties.get(table, {})
    if table.kind not in {"table", "materialized view"} or "partition key" in facts or "partition of" in facts:
        return sql
    kind = contents.properties[key]["exists"] if key.kind == "constraint" else key.kind
    write = _WAYS.get(kind) if not is_way_back or kind in _BUILDS else None
    statements = write(contents, key, sql) if write is not None else ()
    return Apart(str(sql), *statements) if statements else sql


def _index(_contents: Contents, key: ObjectKey, sql: str) -> tuple[str, ...]:
    concurrently = _CREATES_INDEX.sub(r"\g<0>CONCURRENTLY ", sql)
    built = sql.and_with(concurrently, postgresql_concurrently="True") if isinstance(sql, Call) else concurrently
    return (_drop_index(key.object), built)


def _checked_later(contents: Contents, key: ObjectKey, sql: str) -> tuple[str, ...]:
    if _LATER.search(sql):
        return ()
    not_valid = f"{_ONLY.sub('ALTER TABLE ', sql).removesuffix(';')} NOT VALID"
    added = sql.and_with(not_valid, postgresql_not_valid="True") if isinstance(sql, Call) else not_valid
    return (_drop_constraint(contents, key), added, _validate(contents, key))


def _unique(contents: Contents, key: ObjectKey, _sql: str) -> tuple[str, ...]:
    index = index_of(contents.snapshot, contents.of(key, "index")[0])
    if index.included or index.options or index.predicate or "WITHOUT OVERLAPS" in index.definition:
        return ()
    table, name = contents.parent(key).object, contents.local_name(key)
    nulls = "" if index.nulls_distinct else " NULLS NOT DISTINCT"
    deferred = " DEFERRABLE" * index.is_deferrable + " INITIALLY DEFERRED" * index.is_deferred
    return (
        _drop_constraint(contents, key),
        _drop_index(f"{qualifier(table)}.{name}"),
        f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({', '.join(index.expressions)}){nulls}",
        f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}{deferred}",
    )


def _drop_index(name: str) -> str:
    """Return what takes away what a build that was stopped has left."""
    return f"DROP INDEX CONCURRENTLY IF EXISTS {name}"


def _drop_constraint(contents: Contents, key: ObjectKey) -> str:
    return f"ALTER TABLE {contents.parent(key).object} DROP CONSTRAINT IF EXISTS {contents.local_name(key)}"


def _validate(contents: Contents, key: ObjectKey) -> str:
    return f"ALTER TABLE {contents.parent(key).object} VALIDATE CONSTRAINT {contents.local_name(key)}"


_BUILDS = frozenset({"index", "unique"})
_WAYS: dict[str, Callable[[Contents, ObjectKey, str], tuple[str, ...]]] = {
    "index": _index,
    "check": _checked_later,
    "foreign key": _checked_later,
    "unique": _unique,
}
