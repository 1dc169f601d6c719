"""The part of `data` that judges the values of columns: those that upgrade() changes, and those that only the way back shows to be lost."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.checks.contents_seen import DECLARE, NAME, Seen, finding, no_way_back, path_of, revision_of
from pgharness.describing.contents import count_of, values_in_words
from pgharness.findings import Finding, Note
from pgharness.records.changes import TableChanges, ValueChange
from pgharness.records.contents import StoredColumn, TableContents


def judge_values(seen: Seen, table: str, *, redacts: bool) -> Iterator[Finding | Note]:
    """Judge what became of the values of a table's columns."""
    up, back = seen.up[table], seen.back(table)
    for column in dict.fromkeys((*up.values, *back.values)):
        changed, lost = _told(up, column), () if _is_ours(seen, table, column) else _told(back, column)
        subject = f"column {table}.{column}"
        if seen.is_irreversible:
            continue
        if changed and (lost or seen.down is None):
            yield finding(
                seen,
                "PGH-V001",
                subject,
                f"upgrade() changes {count_of(changed, 'value')}, and {no_way_back(seen)}.",
                f"let upgrade() in {path_of(seen)} leave alone what it need not change (a WHERE that meets fewer rows), or let "
                f"downgrade() bring back what it was; {DECLARE}",
                values_in_words(changed, redacts=redacts),
            )
        elif changed:
            yield Note(
                NAME, revision_of(seen), f"{subject}: upgrade() changes values, and downgrade() brings them back"
            )
        elif lost and column not in back.retyped:  # or the catalog is not restored, which `roundtrip` tells
            yield _lost(seen, up, column, lost, redacts=redacts)


def _lost(seen: Seen, up: TableChanges, column: str, lost: tuple[ValueChange, ...], *, redacts: bool) -> Finding:
    """Return the finding of values that only the way back shows to be lost."""
    told = values_in_words(lost, redacts=redacts)
    subject, count = f"column {up.table}.{column}", count_of(lost, "value")
    if column in up.gone:
        message = f"upgrade() drops the column, and downgrade() brings it back without {count}."
        return finding(seen, "PGH-V002", subject, message, _mend_dropped(seen, up, column), told)
    if column in up.retyped:
        before, after = up.retyped[column]
        message = f"The way from {before} to {after} and back loses {count}."
        if before == after:
            message = f"The change of {before}'s labels loses {count}: downgrade() does not bring them back."
        mend = (
            f"choose a type that holds every value, or let upgrade() in {path_of(seen)} keep the old values for downgrade(); "
            f"{DECLARE}"
        )
        return finding(seen, "PGH-V003", subject, message, mend, told)
    return finding(
        seen,
        "PGH-V004",
        subject,
        f"downgrade() changes {count} that upgrade() had kept.",
        f"let downgrade() in {path_of(seen)} leave them alone; {DECLARE}",
        told,
    )


def _mend_dropped(seen: Seen, up: TableChanges, column: str) -> str:
    """Say how to rename where a column of the same type was added in its place, else how to keep or to give up the values."""
    met = seen.item.upgrade.met
    table = met.table(up.table) if met is not None else None
    dropped = table.column(column) if table is not None else None
    twin = _in_its_place(up, table, dropped) if table is not None and dropped is not None else None
    if twin is not None:
        schema, _, name = up.table.rpartition(".")
        return (
            f"rename it, which keeps the values: op.alter_column({name!r}, {column!r}, new_column_name={twin.name!r}, "
            f"schema={schema!r}) in upgrade() and back in downgrade(); {DECLARE}"
        )
    return f'keep the values where downgrade() in {path_of(seen)} finds them; {DECLARE}, or irreversible = "<reason>"'


def _in_its_place(up: TableChanges, table: TableContents, dropped: StoredColumn) -> StoredColumn | None:
    """Return the column that was added in place of a dropped one: the only one of its type, where only one of that type is gone.

    Of a column that was split, or several that were merged, none is the old one under another name.
    """
    added = [one for one in up.added if one.type_name == dropped.type_name]
    gone = [name for name in up.gone if (one := table.column(name)) is not None and one.type_name == dropped.type_name]
    return added[0] if len(added) == len(gone) == 1 else None


def _is_ours(seen: Seen, table: str, column: str) -> bool:
    """Whether we wrote into the column ourselves meanwhile, if only by filling a table that was emptied."""
    return table in seen.refilled or (table, column) in seen.ours


def _told(changed: TableChanges, column: str) -> tuple[ValueChange, ...]:
    """Return what was lost of a column: where there was no value, a backfill has taken none away."""
    return tuple(one for one in changed.values.get(column, ()) if one.before is not None)
