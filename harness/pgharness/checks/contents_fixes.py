"""What `data` says to type: how values and rows are kept for the way back, and which line takes more than it should."""

from __future__ import annotations

import re

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.proposing.casts import using
from pgharness.catalog.proposing.python_words import operation
from pgharness.catalog.rename_evidence import are_alike, referred_by
from pgharness.catalog.rendering.arrangement import Arrangement
from pgharness.checks.contents_seen import Seen, met_table, path_of, revision_of
from pgharness.checks.renamed_column import renamed
from pgharness.describing.keeping import Said, keep_rows, keep_values, take_away, take_away_by_value
from pgharness.records.changes import TableChanges
from pgharness.records.contents import Contents, StoredColumn, TableContents
from pgharness.records.made_anew import numbered_columns
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord, Step

# The step in which what is found of a kind happens.
STEP_OF = {
    **dict.fromkeys(("PGH-V001", "PGH-V002", "PGH-V003", "PGH-V005", "PGH-V006"), "upgrade"),
    **dict.fromkeys(("PGH-V004", "PGH-V007"), "downgrade"),
}
DECLARE = 'where the loss is meant, declare allow = {"data": "<reason>"} beside its code'


def mend_dropped(seen: Seen, up: TableChanges, column: str) -> str:
    """Say how to rename where a column of the same type was added in its place, else how to keep or to give up the values."""
    met = seen.item.upgrade.met
    table = met.table(up.table) if met is not None else None
    dropped = table.column(column) if table is not None else None
    twin = _in_its_place(seen, up, table, dropped) if table is not None and dropped is not None else None
    if twin is not None:
        there, back, behind = renamed(seen.item, up.table, column, twin.name)
        later = f"; and in the next revision, which fills it and forbids NULL{behind}" if behind else ""
        return (
            f"rename it, which keeps the values, in place of what {path_of(seen)} does to it in upgrade(): {there}; and in downgrade(): {back}{later}; "
            f"{DECLARE}"
        )
    keep = (
        keep_values_for(seen, up.table, column)
        or f"keep the values where downgrade() in {path_of(seen)} finds them; or "
    )
    return f'{keep}{DECLARE}, or irreversible = "<reason>" there, and raise NotImplementedError(irreversible) in downgrade()'


def _in_its_place(seen: Seen, up: TableChanges, table: TableContents, dropped: StoredColumn) -> StoredColumn | None:
    """Return the column that was added in place of a dropped one: the only one of its type, where only one of that type is gone.

    Of a column that was split, or several that were merged, none is the old one under another name; nor is one that refers to another table, or
    that the revision gives values of its own, each row another, nor any of one that referred to a table which the revision drops.
    """
    added = [one for one in up.added if one.type_name == dropped.type_name]
    gone = [name for name in up.gone if (one := table.column(name)) is not None and one.type_name == dropped.type_name]
    if not len(added) == len(gone) == 1:
        return None
    before, after = (
        _referred(snapshot, table.name, name)
        for snapshot, name in ((seen.item.before, dropped.name), (seen.item.upgrade.snapshot, added[0].name))
    )
    # Values of a column that refers to nothing are no keys of a table to which one of another name refers.
    refers_elsewhere = bool(after - before) and (bool(before) or not are_alike(dropped.name, added[0].name))
    # Keys of a table that goes as well mean nothing any more.
    led = seen.item.upgrade.snapshot
    is_void = led is not None and bool(before) and all(led.value("table", referred) is None for referred, _ in before)
    return None if refers_elsewhere or is_void or _has_values_of_its_own(seen, table, dropped, added[0]) else added[0]


def _referred(snapshot: Snapshot | None, table: str, column: str) -> set[tuple[str, str]]:
    there = ObjectKey("column", f"{table}.{column}")
    return referred_by(Arrangement(snapshot), there) if snapshot is not None else set()


def _has_values_of_its_own(seen: Seen, table: TableContents, dropped: StoredColumn, added: StoredColumn) -> bool:
    """Whether a new column has values, more than one default, that the dropped one had not in any row."""
    left = seen.item.upgrade.left
    later = left.table(table.name, table.oid) if left is not None else None
    if later is None:
        return False
    old, new = table.values(dropped.name), later.values(added.name)
    return len(new) > 1 and not new <= old


def keep_values_for(seen: Seen, table: str, column: str) -> str:
    """Write how a column's values are kept for the way back, to be read before "or"; empty where a trigger would change them again."""
    met = met_table(seen, table)
    stored = met.column(column) if met is not None else None
    if met is None or stored is None or any(one.object.startswith(f"{table}.") for one in seen.triggers):
        return ""
    kept = keep_values(met, stored, revision_of(seen), path_of(seen), is_run_again=_is_run_again(seen))
    return f"{kept}; or " if kept else ""


def keep_rows_for(seen: Seen, table: str, *, is_gone: bool = False) -> str:
    """Write how a table's rows are kept for the way back, to be read before "or"; empty where others may have their keys by then."""
    met = met_table(seen, table)
    if met is None or seen.up[table].appeared or table in seen.refilled:
        return ""
    kept = keep_rows(met, revision_of(seen), path_of(seen), is_gone=is_gone, is_run_again=_is_run_again(seen))
    return f"{kept}; or " if kept else ""


def _is_run_again(seen: Seen) -> bool:
    """Whether the revision commits a part of what it does, behind which it is run again where it was stopped."""
    return bool(seen.item.upgrade.commits)


def left_out(seen: Seen, code: str, subject: str) -> str:
    """Say which line is at fault, to be read behind a verb; empty where that is not known."""
    culprit = culprit_of(seen.item, STEP_OF[code], subject)
    return f": leave out line {culprit.line}" if culprit is not None and culprit.line else ""


def in_place(seen: Seen, table: str, *, redacts: bool) -> str:
    """Say what stands in place of a DELETE of more than the upgrade has made."""
    at_fault = left_out(seen, "PGH-V007", f"table {table}")
    left = seen.item.upgrade.left
    made = _made(seen, table, left, redacts=redacts)
    if at_fault and made:
        return at_fault.replace("leave out", "in place of") + f": {made}"
    before, after = met_table(seen, table), left.table(table) if left is not None else None
    adds = before is not None and after is not None and bool(after.keys() - before.keys())
    return (
        f"{at_fault}, and delete there by what only the rows have that upgrade() makes"
        if at_fault and adds
        else at_fault
    )


def taken_away(seen: Seen, table: str, *, redacts: bool) -> str:
    """Write what deletes the rows that stand there after the way back alone, to be read behind what it does; empty where it is not known."""
    down = seen.item.downgrade
    name = re.compile(rf"(?<!\w){re.escape(table.rpartition('.')[2])}(?!\w)")
    steps = [one for one in (seen.item.upgrade, down) if one is not None]
    if seen.triggers and not any(name.search(one.sql) for step in steps for one in step.statements):
        return (
            "; a trigger writes them: where they are no news, let it rest meanwhile, "
            "ALTER TABLE … DISABLE TRIGGER … before and ALTER TABLE … ENABLE TRIGGER … behind"
        )
    made = _made(seen, table, down.left if down is not None else None, redacts=redacts)
    return f", where none stands there before it, at the end of downgrade(): {made}" if made else ""


def _made(seen: Seen, table: str, later: Contents | None, *, redacts: bool) -> str:
    """Write what deletes the rows that are there later and were not before; empty where nothing tells them apart, or that is not to be told."""
    before, after = met_table(seen, table), later.table(table) if later is not None else None
    is_numbered = before is not None and set(before.key) & set(numbered_columns(seen.item.upgrade.snapshot, table))
    if before is None or after is None or redacts:
        return ""
    said = _said_by(seen.item)
    by_key = "" if is_numbered else take_away(before, after.keys() - before.keys(), said)
    return by_key or take_away_by_value(before, after, said)


def _said_by(item: RevisionRecord) -> Said:
    """Return what tells whether a value stands in what the revision sends, up or down, as a word by itself: each time, where it was run again."""
    again = item.reupgrade if item.reupgrade is not None and item.reupgrade.failure is None else None
    steps = [item.upgrade, *(one for one in (again,) if one is not None)]
    texts = [_text_of(item, step, item.downgrade) for step in steps]

    def said(value: str | None) -> bool:
        word = None if value is None else re.compile(rf"(?<![\w.]){re.escape(value)}(?![\w.])")
        return word is not None and all(word.search(text) for text in texts)

    return said


def _text_of(item: RevisionRecord, *steps: Step | None) -> str:
    """Return what a revision itself says in the statements of some steps."""
    own = (one for step in steps if step is not None for one in step.statements if one.file == item.revision.path)
    return "\n".join(part for one in own for part in one.said).replace("''", "'")


def key_retyped(seen: Seen, up: TableChanges) -> str:
    """Write what gives the key the type that it has afterwards, to be read before "or"."""
    left = seen.item.upgrade.left.table(up.table) if seen.item.upgrade.left is not None else None
    met = met_table(seen, up.table)
    key = met.key[0] if met is not None and len(met.key) == 1 else ""
    stored = left.column(key) if left is not None else None
    before = met.column(key) if met is not None else None
    if stored is None or before is None:
        return "alter the key's type, or "
    turned = using(key, before.type_name, stored.type_name)
    alters = operation(f"ALTER TABLE {up.table} ALTER COLUMN {key} TYPE {stored.type_name}{turned}")
    return f"in place of what it does to {key} in upgrade(): {alters}; or "


def culprit_of(item: RevisionRecord, direction: str, subject: str) -> Statement | None:
    """Return the statement that did it: the one that was seen to, or the only one that the revision sends."""
    step = {"upgrade": item.upgrade, "downgrade": item.downgrade}.get(direction)
    own = [one for one in step.statements if one.file == item.revision.path] if step is not None else []
    return item.culprits.get((direction, subject)) or (own[0] if len(own) == 1 else None)
