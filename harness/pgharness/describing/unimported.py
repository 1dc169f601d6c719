"""Tells the tables that the project's models define in modules that nobody imports: one cause, and one thing to type."""

from __future__ import annotations

from collections.abc import Collection

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.names import unqualified, unquoted
from pgharness.catalog.partitions import TABLES
from pgharness.findings import Finding
from pgharness.records.experiments import UnimportedTable


def forgotten_tables(head: Snapshot, models: Snapshot, unimported: Collection[UnimportedTable]) -> dict[str, str]:
    """Return the tables that only the migrated database has, and for each the module that would define it."""
    modules = {one.table: one.module for one in unimported}
    missing = set(head.objects(*TABLES)) - set(models.objects(*TABLES))
    named = {name: unquoted(unqualified(name)) for _, name in missing}
    return {name: modules[table] for name, table in sorted(named.items()) if table in modules}


def forgotten_objects(head: Snapshot, models: Snapshot, forgotten: Collection[str]) -> set[ObjectKey]:
    """Return these tables, and the types that only the migrated database has because one of them needs it."""
    tables = {ObjectKey(kind, name) for kind in TABLES for name in forgotten}
    theirs = (needed for key, needed in head.dependencies.items() if not tables.isdisjoint((key, *head.ancestors(key))))
    types = {key for needed in theirs for key in needed if key.kind == "type"} - set(models.objects("type"))
    return tables | types


def not_imported(check: str, forgotten: dict[str, str], code: str) -> Finding:
    """Return the one finding about them."""
    modules = sorted(set(forgotten.values()))
    return Finding(
        check=check,
        revision=None,
        subject="the models",
        message=f"Nobody imports {', '.join(modules)}, which would define {', '.join(forgotten)}: the chain makes them, and to Alembic they "
        "look as if they were to be dropped.",
        mend=f"in env.py, before target_metadata: import {', '.join(modules)}",
        code=code,
    )
