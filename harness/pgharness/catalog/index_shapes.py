"""Indexes and foreign keys in parts, as the server tells them: what can do another's work, and what Alembic has a call for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.flat_conditions import flattened
from pgharness.catalog.names import unqualified, unquoted

# Bits of pg_index.indoption (catalog/pg_index.h).
DESCENDING, NULLS_FIRST = 1, 2


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column or expression of an index, and its order.

    `operator_class` and `collation` are oids, so that two indexes of one database can be compared; `is_usual` says that the class is the
    default of its type.
    """

    expression: str
    operator_class: str
    collation: str
    is_usual: bool
    descending: bool
    nulls_first: bool

    @property
    def equality(self) -> tuple[str, str, str]:
        """What decides which values are equal: all but the order."""
        return self.expression, self.operator_class, self.collation

    @property
    def reversed(self) -> KeyColumn:
        """The same column read backwards."""
        return replace(self, descending=not self.descending, nulls_first=not self.nulls_first)


@dataclass(frozen=True, slots=True)
class Index:
    """An index; `made_by` is the kind of the constraint that made it ("primary key", "unique", "exclusion"), else empty.

    `definition` is the constraint's where there is one. `is_deferrable` and `is_deferred` say when uniqueness is checked. `is_kept` says that
    something other than queries needs it: CLUSTER or the replica identity. `options` are storage parameters, `name=value`.
    """

    name: str
    table: str
    definition: str
    method: str
    columns: tuple[KeyColumn, ...]
    included: tuple[str, ...]
    is_unique: bool
    nulls_distinct: bool
    is_deferrable: bool
    is_deferred: bool
    predicate: str
    options: tuple[str, ...]
    made_by: str
    constraint: str
    is_valid: bool
    is_kept: bool

    @property
    def expressions(self) -> tuple[str, ...]:
        """The columns without order, operator class and collation."""
        return tuple(column.expression for column in self.columns)

    @property
    def subject(self) -> str:
        """The object to drop, in the words of PostgreSQL: the constraint where there is one."""
        return f"constraint {self.constraint}" if self.constraint else f"index {self.name}"

    @property
    def name_in_plans(self) -> str:
        """The name without schema and quotes."""
        return unquoted(unqualified(self.name))


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key: the columns that refer, their collations (oids), and the table and columns that they refer to.

    `match`, `on_update` and `on_delete` are the letters of pg_constraint; `is_temporal` says that it has a PERIOD.
    """

    name: str
    table: str
    definition: str
    columns: tuple[str, ...]
    collations: tuple[str, ...]
    referenced: str
    referred: tuple[str, ...]
    match: str
    on_update: str
    on_delete: str
    is_deferrable: bool
    is_deferred: bool
    is_temporal: bool


def read_indexes(snapshot: Snapshot) -> tuple[Index, ...]:
    """Return all indexes, in order; those of a partition that belong to one of the whole table are left out."""
    return tuple(
        index_of(snapshot, key)
        for key in snapshot.objects("index")
        if snapshot.value("index", key.object, "partition of") is None
    )


def read_foreign_keys(snapshot: Snapshot) -> tuple[ForeignKey, ...]:
    """Return all foreign keys, in order, without temporal ones, whose actions want another kind of index, and NOT ENFORCED ones, which have no actions."""
    keys = (
        key
        for key in snapshot.objects("constraint")
        if snapshot.value(*key) == "foreign key" and snapshot.value(*key, "enforced") != "false"
    )
    return tuple(found for found in (foreign_key_of(snapshot, key) for key in keys) if not found.is_temporal)


def index_of(snapshot: Snapshot, key: ObjectKey) -> Index:
    """Return one index."""
    *above, table = snapshot.ancestors(key)
    owner = above[0] if above else None
    shape = snapshot.shapes[key].split("|", 11)
    method, unique, nulls_equal, deferrable, deferred, count, numbers, order, classes, collations, unusual, rest = shape
    predicate, options, expressions = json.loads(rest) or (None, None, None)
    names, _ = _columns(snapshot, table)
    given = expressions or [None] * len(numbers.split())
    columns = [
        names[int(number) - 1] if expression is None else flattened(expression)
        for number, expression in zip(numbers.split(), given, strict=True)
    ]
    return Index(
        name=key.object,
        table=table.object,
        definition=snapshot.value(*(owner or key), "definition") or "",
        method=method,
        columns=tuple(
            KeyColumn(
                expression,
                class_oid,
                collation,
                class_oid not in unusual.split(),
                bool(int(option) & DESCENDING),
                bool(int(option) & NULLS_FIRST),
            )
            for expression, class_oid, collation, option in zip(
                columns, classes.split(), collations.split(), order.split(), strict=False
            )
        ),
        included=tuple(columns[int(count) :]),
        is_unique=unique == "t",
        nulls_distinct=nulls_equal == "f",
        is_deferrable=deferrable == "t",
        is_deferred=deferred == "t",
        predicate=flattened(predicate or ""),
        options=tuple(options or ()),
        made_by=snapshot.value(*owner) or "" if owner is not None else "",
        constraint=owner.object if owner is not None else "",
        is_valid=snapshot.value(*key, "valid") != "false",
        is_kept=snapshot.value(*key, "clustered") is not None or snapshot.value(*key, "replica identity") is not None,
    )


def foreign_key_of(snapshot: Snapshot, key: ObjectKey) -> ForeignKey:
    """Return one foreign key."""
    temporal, match, on_update, on_delete, deferrable, deferred, referring, referred, table = snapshot.shapes[
        key
    ].split("|", 8)
    names, collations = _columns(snapshot, snapshot.parents[key])
    theirs, _ = _columns(snapshot, ObjectKey("table", table))
    return ForeignKey(
        name=key.object,
        table=snapshot.parents[key].object,
        definition=snapshot.value(*key, "definition") or "",
        columns=_picked(names, referring),
        collations=_picked(collations, referring),
        referenced=table,
        # Of an extension's table nothing is known.
        referred=_picked(theirs, referred) if theirs else (),
        match=match,
        on_update=on_update,
        on_delete=on_delete,
        is_deferrable=deferrable == "t",
        is_deferred=deferred == "t",
        is_temporal=temporal == "t",
    )


def _columns(snapshot: Snapshot, table: ObjectKey) -> tuple[Sequence[str], Sequence[str]]:
    """Return the names and the collations of a table's columns by number, dropped ones included."""
    names, collations = json.loads(snapshot.shapes.get(table, "[[], []]"))
    return names, collations


def _picked(values: Sequence[str], numbers: str) -> tuple[str, ...]:
    return tuple(values[int(number) - 1] for number in numbers.split())
