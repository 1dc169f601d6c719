"""What became of the contents of tables by one revision, as `data` judges it: after up, after down, after up again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgharness.catalog.facts import ObjectKey
from pgharness.records.changes import TableChanges, ValueChange, changes
from pgharness.records.contents import Contents, TableContents
from pgharness.records.steps import RevisionRecord, Step

NOTHING = TableChanges("")


@dataclass(frozen=True, slots=True)
class Seen:
    """A revision with what became of the contents by it: after up, after down against before up, and after up again against up.

    `refilled` are the tables, and `ours` the columns of others, into which we wrote ourselves between up and down, and `ours_again` between
    down and up again; `written_to` are tables that got rows of ours beside those that stood there. `ours_in_rows` has the rows of `ours`.
    """

    item: RevisionRecord
    up: Mapping[str, TableChanges]
    down: Mapping[str, TableChanges] | None
    again: Mapping[str, TableChanges] | None
    refilled: frozenset[str]
    ours: frozenset[tuple[str, str]]
    ours_again: frozenset[tuple[str, str]]
    written_to: frozenset[str]
    ours_in_rows: frozenset[tuple[str, str, str]]

    @property
    def triggers(self) -> tuple[ObjectKey, ...]:
        """The triggers that stand before the revision."""
        return self.item.before.objects("trigger")

    @property
    def is_irreversible(self) -> bool:
        """Whether the revision declares that there is no way back."""
        return self.item.revision.irreversible is not None

    def back(self, table: str) -> TableChanges:
        """Return what differs after the downgrade; nothing where there was none."""
        return (self.down or {}).get(table, NOTHING)


def seen_of(item: RevisionRecord) -> Seen | None:
    """Return what became of the contents; None where they were not read."""
    met, left = item.upgrade.met, item.upgrade.left
    if met is None or left is None:
        return None
    down = item.downgrade if item.downgrade is not None and item.downgrade.failure is None else None
    again = item.reupgrade if item.reupgrade is not None and item.reupgrade.failure is None else None
    return Seen(
        item,
        changes(met, left, kept_types=True),
        changes(met, down.left) if down is not None and down.left is not None else None,
        changes(left, again.left) if again is not None and again.left is not None else None,
        _refilled(left, down),
        frozenset(_touched(left, down)),
        frozenset(_touched(down.left if down is not None else None, again)),
        _written_to(left, down),
        frozenset(_in_rows(left, down)),
    )


def _written_to(left: Contents, down: Step | None) -> frozenset[str]:
    if down is None or down.met is None:
        return frozenset()
    return frozenset(table for table, one in changes(left, down.met).items() if one.appeared)


def _touched(left: Contents | None, step: Step | None) -> Iterator[tuple[str, str]]:
    """Yield the columns that we changed ourselves between two steps: a trigger notes that a new column was filled."""
    if left is not None and step is not None and step.met is not None:
        for table, one in changes(left, step.met).items():
            yield from ((table, column) for column in one.values)


def _in_rows(left: Contents, down: Step | None) -> Iterator[tuple[str, str, str]]:
    if down is not None and down.met is not None:
        for table, one in changes(left, down.met).items():
            yield from ((table, column, value.row) for column, values in one.values.items() for value in values)


def _refilled(left: Contents, down: Step | None) -> frozenset[str]:
    """Return the tables that the upgrade left empty and that were filled before the downgrade."""
    met = down.met if down is not None else None
    if met is None:
        return frozenset()
    empty = [one.name for one in left.tables if not one.rows]
    return frozenset(name for name in empty if (table := met.table(name)) is not None and table.rows)


def met_table(seen: Seen, table: str) -> TableContents | None:
    """Return a table as the upgrade met it."""
    return seen.item.upgrade.met.table(table) if seen.item.upgrade.met is not None else None


def path_of(seen: Seen) -> str:
    """Return the revision's file."""
    return seen.item.revision.path


def revision_of(seen: Seen) -> str:
    """Return the revision's id."""
    return seen.item.revision.revision


def is_ours(seen: Seen, table: str, column: str) -> bool:
    """Whether we wrote into the column ourselves meanwhile, if only by filling a table that was emptied."""
    return table in seen.refilled or (table, column) in seen.ours


def told_of(changed: TableChanges, column: str) -> tuple[ValueChange, ...]:
    """Return what was lost of a column: where there was no value, a backfill has taken none away."""
    return tuple(one for one in changed.values.get(column, ()) if one.before is not None)


def lost_of(seen: Seen, table: str, column: str) -> tuple[ValueChange, ...]:
    """Return what is lost of a column on the way back, but for what it takes from columns that we filled meanwhile."""
    if is_ours(seen, table, column):
        return ()
    ours = rows_by_ours(seen, table, column)
    return tuple(one for one in told_of(seen.back(table), column) if one.row not in ours)


def rows_by_ours(seen: Seen, table: str, column: str) -> frozenset[str]:
    """Return the rows that upgrade() had kept in a column, and that the way back changes by what we wrote to a new one of them."""
    new = asked_of_ours(seen, table, "UPDATE")
    by_upgrade = {one.row for one in told_of(seen.up.get(table, NOTHING), column)}
    rows = {one.row for one in seen.back(table).values.get(column, ())} if new else set()
    return frozenset(row for row in rows - by_upgrade if (table, new, row) in seen.ours_in_rows)


def asked_of_ours(seen: Seen, table: str, act: str) -> str:
    """Return the new column that we filled and that each such statement of the table asks for; empty where one asks for nothing of ours."""
    names = rf"(?<!\w){re.escape(table.rpartition('.')[2])}(?!\w)"
    acts = [one for one in own_of(seen.item, "downgrade") if re.match(rf"\s*(?:WITH|{act})\b", one, re.IGNORECASE)]
    asked = [one for one in acts if re.search(names, one)]
    new = [one.name for one in seen.up.get(table, NOTHING).added if (table, one.name) in seen.ours]
    return next((one for one in new if asked and all(_asks(one, text) for text in asked)), "")


def own_of(item: RevisionRecord, direction: str) -> list[str]:
    """Return what the revision itself sends in a step."""
    step = {"upgrade": item.upgrade, "downgrade": item.downgrade}[direction]
    return [one.sql for one in step.statements if one.file == item.revision.path] if step is not None else []


def _asks(column: str, text: str) -> bool:
    """Whether a statement goes by a column: in a condition, or where it leaves alone what has no value there."""
    asked = rf"\b(?:WHERE\b.*|COALESCE\s*\([^()]*)(?<!\w){re.escape(column)}(?!\w)"
    return re.search(asked, text, re.IGNORECASE | re.DOTALL) is not None
