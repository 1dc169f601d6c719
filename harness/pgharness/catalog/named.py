"""Finds in a snapshot what a statement names, which may lack its schema."""

from __future__ import annotations

from pgharness.catalog.facts import RELATION_KINDS, FactKey, ObjectKey, Snapshot
from pgharness.catalog.names import qualifier, unqualified, unquoted


def object_named(snapshot: Snapshot, kind: str, name: str) -> ObjectKey | None:
    """Return the object of this kind that a name means; None where there is none."""
    for key in snapshot.objects(kind):
        is_it = unquoted(unqualified(key.object)) == unquoted(unqualified(name))
        if is_it and qualifier(name) in ("", qualifier(key.object)):
            return key
    return None


def relation_named(snapshot: Snapshot, name: str) -> ObjectKey | None:
    """Return the table, or what is read like one, that a name means; None where there is none."""
    return next((key for kind in RELATION_KINDS if (key := object_named(snapshot, kind, name)) is not None), None)


def column_named(snapshot: Snapshot, table: str, name: str) -> ObjectKey | None:
    """Return a column of a relation; None where there is none."""
    relation = relation_named(snapshot, table)
    if relation is None:
        return None
    return next(
        (one for one in columns_of(snapshot, relation) if unquoted(unqualified(one.object)) == unquoted(name)), None
    )


def table_of(snapshot: Snapshot, key: ObjectKey) -> str:
    """Return the table that a constraint or an index stands on, as PostgreSQL prints its name."""
    return snapshot.facts.get(FactKey(*key, "table")) or qualifier(key.object)


def columns_of(snapshot: Snapshot, relation: ObjectKey) -> list[ObjectKey]:
    """Return the columns of a relation."""
    return [one for one in snapshot.objects("column") if qualifier(one.object) == relation.object]
