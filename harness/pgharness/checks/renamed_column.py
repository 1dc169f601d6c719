"""What renames a column in place of dropping one and adding another, and what renames it back."""

from __future__ import annotations

from collections.abc import Iterable

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.names import qualifier
from pgharness.catalog.proposing.filling import fill
from pgharness.catalog.proposing.python_words import name, operation
from pgharness.catalog.rendering.arrangement import Arrangement
from pgharness.catalog.rendering.parts import Contents
from pgharness.records.steps import RevisionRecord


def renamed(item: RevisionRecord, table: str, old: str, new: str) -> tuple[str, str]:
    """Write what upgrade() and downgrade() do; what the new column takes and the old one does not, NULL, the renamed one takes too."""
    before, after = item.before, item.upgrade.snapshot
    if _is_not_null(before, table, old) and not _is_not_null(after, table, new):
        there = _alter(table, old, f"new_column_name={name(new)}", "nullable=True")
        filled = fill(Contents(Arrangement(before)), ObjectKey("column", f"{table}.{old}"))
        back = (_alter(table, new, f"new_column_name={name(old)}"), *map(operation, filled))
        return there, "\n".join((*back, _alter(table, old, "nullable=False")))
    return _alter(table, old, f"new_column_name={name(new)}"), _alter(table, new, f"new_column_name={name(old)}")


def _is_not_null(snapshot: Snapshot | None, table: str, column: str) -> bool:
    return snapshot is not None and snapshot.value("column", f"{table}.{column}", "not null") is not None


def _alter(table: str, column: str, *said: str) -> str:
    arguments: Iterable[str] = (name(table), name(column), *said, f"schema={name(qualifier(table))}")
    return f"op.alter_column({', '.join(arguments)})"
