"""What renames a column in place of dropping one and adding another, and what renames it back."""

from __future__ import annotations

from collections.abc import Iterable

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.names import qualifier
from pgharness.catalog.proposing.columns_while_serving import forbidding_null
from pgharness.catalog.proposing.filling import fill
from pgharness.catalog.proposing.python_words import Apart, name, operation, sql_text
from pgharness.catalog.rendering.arrangement import Arrangement
from pgharness.catalog.rendering.parts import Contents
from pgharness.records.steps import RevisionRecord


def renamed(item: RevisionRecord, table: str, old: str, new: str) -> tuple[str, str, str]:
    """Write what upgrade() and downgrade() do, and what a revision behind it does, empty where there is nothing more to do.

    What the new column takes and the old one does not, NULL, the renamed one takes too; what it gives by itself, a default, it gives too. Where
    it forbids NULL and the old one does not, a revision of its own fills it and forbids it, which may be run again.
    """
    before, after = item.before, item.upgrade.snapshot
    defaults = _value(before, table, old, "default"), _value(after, table, new, "default")
    given, taken = (_default(one) if defaults[0] != defaults[1] else () for one in defaults[::-1])
    there = _alter(table, old, f"new_column_name={name(new)}", *given)
    back = _alter(table, new, f"new_column_name={name(old)}", *taken)
    forbade, forbids = _value(before, table, old, "not null"), _value(after, table, new, "not null")
    if forbade is not None and forbids is None:
        filled = fill(Contents(Arrangement(before)), ObjectKey("column", f"{table}.{old}"))
        steps = (back, *map(operation, filled), _alter(table, old, "nullable=False"))
        return _alter(table, old, f"new_column_name={name(new)}", *given, "nullable=True"), "\n".join(steps), ""
    if forbade is None and forbids is not None and after is not None:
        filled = [
            one.removesuffix(";") for one in fill(Contents(Arrangement(after)), ObjectKey("column", f"{table}.{new}"))
        ]
        block = operation(Apart("", *filled, *forbidding_null(table, new)))
        return there, back, f":\n{block}\nand in its downgrade(): {_alter(table, new, 'nullable=True')}"
    return there, back, ""


def _value(snapshot: Snapshot | None, table: str, column: str, what: str) -> str | None:
    return snapshot.value("column", f"{table}.{column}", what) if snapshot is not None else None


def _default(value: str | None) -> tuple[str]:
    return (f"server_default={sql_text(value) if value is not None else 'None'}",)


def _alter(table: str, column: str, *said: str) -> str:
    arguments: Iterable[str] = (name(table), name(column), *said, f"schema={name(qualifier(table))}")
    return f"op.alter_column({', '.join(arguments)})"
