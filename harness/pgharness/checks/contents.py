"""The part of `data` that judges what became of values and rows: after up, after down, and after up again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgharness.describing.contents import count_of, in_one_line, rows_in_words, values_in_words
from pgharness.findings import Finding, Note
from pgharness.records.changes import TableChanges, ValueChange, changes
from pgharness.records.contents import Contents, StoredColumn, TableContents
from pgharness.records.made_anew import is_made_anew, numbered_columns
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord, Step

NAME = "data"
GIVEN_NUMBERS = "given numbers"
"""What the setting `strict` calls numbers that a revision gives though a sequence gives them once more: each refused INSERT moves it on."""
NOTHING = TableChanges("")
# The step in which what is found of a kind happens.
STEP_OF = {
    **dict.fromkeys(("PGH-V001", "PGH-V002", "PGH-V003", "PGH-V005", "PGH-V006"), "upgrade"),
    **dict.fromkeys(("PGH-V004", "PGH-V007"), "downgrade"),
}
DECLARE = 'where the loss is meant, declare allow = {"data": "<reason>"} beside its code'


def judge_contents(item: RevisionRecord, *, redacts: bool) -> Iterator[Finding | Note]:
    """Judge one revision by the rows that it met; nothing where contents were not read."""
    seen = _seen(item)
    if seen is not None:
        yield from _judge_revision(seen, redacts=redacts)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A revision with what became of the contents by it: after up, after down against before up, and after up again against up.

    `refilled` are the tables, and `ours` the columns of others, into which we wrote ourselves between up and down, and `ours_again` between
    down and up again; `written_to` are tables that got rows of ours beside those that stood there.
    """

    item: RevisionRecord
    up: Mapping[str, TableChanges]
    down: Mapping[str, TableChanges] | None
    again: Mapping[str, TableChanges] | None
    refilled: frozenset[str]
    ours: frozenset[tuple[str, str]]
    ours_again: frozenset[tuple[str, str]]
    written_to: frozenset[str]

    @property
    def is_irreversible(self) -> bool:
        return self.item.revision.irreversible is not None

    def back(self, table: str) -> TableChanges:
        """Return what differs after the downgrade; nothing where there was none."""
        return (self.down or {}).get(table, NOTHING)


def _seen(item: RevisionRecord) -> _Seen | None:
    met, left = item.upgrade.met, item.upgrade.left
    if met is None or left is None:
        return None
    down = item.downgrade if item.downgrade is not None and item.downgrade.failure is None else None
    again = item.reupgrade if item.reupgrade is not None and item.reupgrade.failure is None else None
    return _Seen(
        item,
        changes(met, left, kept_types=True),
        changes(met, down.left) if down is not None and down.left is not None else None,
        changes(left, again.left) if again is not None and again.left is not None else None,
        _refilled(left, down),
        frozenset(_touched(left, down)),
        frozenset(_touched(down.left if down is not None else None, again)),
        _written_to(left, down),
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


def _refilled(left: Contents, down: Step | None) -> frozenset[str]:
    """Return the tables that the upgrade left empty and that were filled before the downgrade."""
    met = down.met if down is not None else None
    if met is None:
        return frozenset()
    empty = [one.name for one in left.tables if not one.rows]
    return frozenset(name for name in empty if (table := met.table(name)) is not None and table.rows)


def _judge_revision(seen: _Seen, *, redacts: bool) -> Iterator[Finding | Note]:
    found = [
        one
        for table in seen.up
        for one in (*_judge_values(seen, table, redacts=redacts), *_judge_rows(seen, table, redacts=redacts))
    ]
    yield from found
    yield from _renames(seen)
    if seen.again is not None and not any(isinstance(one, Finding) for one in found):
        yield from _judge_again(seen, seen.again, redacts=redacts)


def _judge_values(seen: _Seen, table: str, *, redacts: bool) -> Iterator[Finding | Note]:
    up, back = seen.up[table], seen.back(table)
    for column in dict.fromkeys((*up.values, *back.values)):
        changed, lost = _told(up, column), () if _is_ours(seen, table, column) else _told(back, column)
        subject = f"column {table}.{column}"
        if seen.is_irreversible:
            continue
        if changed and (lost or seen.down is None):
            yield _finding(
                seen,
                "PGH-V001",
                subject,
                f"upgrade() changes {count_of(changed, 'value')}, and {_no_way_back(seen)}.",
                f"let upgrade() in {_path(seen)} leave alone what it need not change (a WHERE that meets fewer rows), or let "
                f"downgrade() bring back what it was; {DECLARE}",
                values_in_words(changed, redacts=redacts),
            )
        elif changed:
            yield Note(NAME, _revision(seen), f"{subject}: upgrade() changes values, and downgrade() brings them back")
        elif lost and column not in back.retyped:  # or the catalog is not restored, which `roundtrip` tells
            yield _lost(seen, up, column, lost, redacts=redacts)


def _lost(seen: _Seen, up: TableChanges, column: str, lost: tuple[ValueChange, ...], *, redacts: bool) -> Finding:
    """Return the finding of values that only the way back shows to be lost."""
    told = values_in_words(lost, redacts=redacts)
    subject, count = f"column {up.table}.{column}", count_of(lost, "value")
    if column in up.gone:
        message = f"upgrade() drops the column, and downgrade() brings it back without {count}."
        return _finding(seen, "PGH-V002", subject, message, _mend_dropped(seen, up, column), told)
    if column in up.retyped:
        before, after = up.retyped[column]
        message = f"The way from {before} to {after} and back loses {count}."
        if before == after:
            message = f"The change of {before}'s labels loses {count}: downgrade() does not bring them back."
        mend = (
            f"choose a type that holds every value, or let upgrade() in {_path(seen)} keep the old values for downgrade(); "
            f"{DECLARE}"
        )
        return _finding(seen, "PGH-V003", subject, message, mend, told)
    return _finding(
        seen,
        "PGH-V004",
        subject,
        f"downgrade() changes {count} that upgrade() had kept.",
        f"let downgrade() in {_path(seen)} leave them alone; {DECLARE}",
        told,
    )


def _mend_dropped(seen: _Seen, up: TableChanges, column: str) -> str:
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
    return f'keep the values where downgrade() in {_path(seen)} finds them; {DECLARE}, or irreversible = "<reason>"'


def _in_its_place(up: TableChanges, table: TableContents, dropped: StoredColumn) -> StoredColumn | None:
    """Return the column that was added in place of a dropped one: the only one of its type, where only one of that type is gone.

    Of a column that was split, or several that were merged, none is the old one under another name.
    """
    added = [one for one in up.added if one.type_name == dropped.type_name]
    gone = [name for name in up.gone if (one := table.column(name)) is not None and one.type_name == dropped.type_name]
    return added[0] if len(added) == len(gone) == 1 else None


def _is_ours(seen: _Seen, table: str, column: str) -> bool:
    """Whether we wrote into the column ourselves meanwhile, if only by filling a table that was emptied."""
    return table in seen.refilled or (table, column) in seen.ours


def _told(changed: TableChanges, column: str) -> tuple[ValueChange, ...]:
    """Return what was lost of a column: where there was no value, a backfill has taken none away."""
    return tuple(one for one in changed.values.get(column, ()) if one.before is not None)


def _judge_rows(seen: _Seen, table: str, *, redacts: bool) -> Iterator[Finding | Note]:
    up, back = seen.up[table], seen.back(table)
    subject = f"table {table}"
    if seen.is_irreversible or up.is_gone:
        if up.is_gone and back.vanished and not seen.is_irreversible:
            yield _finding(
                seen,
                "PGH-V006",
                subject,
                f"upgrade() drops the table, and downgrade() brings it back without {count_of(back.vanished, 'row')}.",
                f'keep the rows where downgrade() in {_path(seen)} finds them; {DECLARE}, or irreversible = "<reason>"',
                rows_in_words(back.vanished, redacts=redacts),
            )
        return
    is_lost = bool(back.vanished) or seen.down is None or table in seen.refilled
    if up.vanished and is_lost:
        yield _finding(
            seen,
            "PGH-V005",
            subject,
            f"{count_of(up.vanished, 'row')} of before {'vanishes' if len(up.vanished) == 1 else 'vanish'} in upgrade(), and {_no_way_back(seen)}.",
            f"let upgrade() in {_path(seen)} keep them, or keep a copy for downgrade(); {DECLARE}",
            rows_in_words(up.vanished, redacts=redacts),
        )
        return
    if up.vanished:
        yield Note(NAME, _revision(seen), f"{subject}: rows vanish in upgrade(), and downgrade() brings them back")
    elif back.vanished and _has_another_key(seen, up):
        yield _finding(
            seen,
            "PGH-V005",
            subject,
            f"upgrade() makes the key anew, and {count_of(back.vanished, 'row')} of before have another one after downgrade().",
            f"let upgrade() in {_path(seen)} keep what rows are known by: alter the key's type, or fill the new column from it; {DECLARE}",
            rows_in_words(back.vanished, redacts=redacts),
        )
    elif back.vanished and (column := _asked_of_ours(seen, table)):
        yield Note(
            NAME,
            _revision(seen),
            f"{subject}: downgrade() takes away rows that stood there before upgrade(), by what was written to {column} since",
        )
    elif back.vanished:
        yield _finding(
            seen,
            "PGH-V007",
            subject,
            f"downgrade() takes away {count_of(back.vanished, 'row')} that stood there before upgrade().",
            f"let downgrade() in {_path(seen)} take away only what upgrade() has made; {DECLARE}",
            rows_in_words(back.vanished, redacts=redacts),
        )
    if back.appeared and not back.vanished and table not in seen.refilled | seen.written_to:
        if _puts_back(seen, table):
            yield Note(
                NAME,
                _revision(seen),
                f"{subject}: upgrade() deletes rows, of which none stood there, and downgrade() writes {count_of(back.appeared, 'row')}: that "
                f"is the way back where they stood there; where they did in production, give it such under `-- before` in the file of "
                "`data_folder`",
            )
            return
        yield _finding(
            seen,
            "PGH-V008",
            subject,
            f"downgrade() leaves {count_of(back.appeared, 'row')} more than stood there before upgrade().",
            f"let downgrade() in {_path(seen)} take away the rows that upgrade() makes, and write none itself; {DECLARE}",
            rows_in_words(back.appeared, redacts=redacts),
        )


def _asked_of_ours(seen: _Seen, table: str) -> str:
    """Return the new column that we filled and that each DELETE from the table asks for; empty where one asks for nothing of ours."""
    names = rf"(?<!\w){re.escape(table.rpartition('.')[2])}(?!\w)"
    deletes = [one for one in _own(seen.item, "downgrade") if re.match(r"\s*(?:WITH|DELETE)\b", one, re.IGNORECASE)]
    asked = [one for one in deletes if re.search(names, one)]
    new = [one.name for one in seen.up[table].added if (table, one.name) in seen.ours]
    return next((one for one in new if asked and all(_names(one, text) for text in asked)), "")


def _puts_back(seen: _Seen, table: str) -> bool:
    """Whether the way back writes rows of its own to a table from which the way there deletes: it has to bring back what production had."""
    name = rf'"?{re.escape(table.rpartition(".")[2].strip(chr(34)))}"?(?!\w)'
    named = rf"(?:(?:\w+|\"[^\"]+\")\.)?{name}"
    deletes = re.compile(rf"\bDELETE\s+FROM\s+(?:ONLY\s+)?{named}", re.IGNORECASE)
    writes = re.compile(rf"\bINSERT\s+INTO\s+{named}", re.IGNORECASE)
    up, down = _own(seen.item, "upgrade"), _own(seen.item, "downgrade")
    return any(deletes.search(one) for one in up) and any(writes.search(one) for one in down)


def _own(item: RevisionRecord, direction: str) -> list[str]:
    """Return what the revision itself sends in a step."""
    step = {"upgrade": item.upgrade, "downgrade": item.downgrade}[direction]
    return [one.sql for one in step.statements if one.file == item.revision.path] if step is not None else []


def _names(column: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", text) is not None


def _has_another_key(seen: _Seen, up: TableChanges) -> bool:
    met = seen.item.upgrade.met
    table = met.table(up.table) if met is not None else None
    return table is not None and any(name in up.retyped or name in up.gone for name in table.key)


def _judge_again(seen: _Seen, again: Mapping[str, TableChanges], *, redacts: bool) -> Iterator[Finding]:
    """Judge the second upgrade by the first, of what was there before both."""
    met = seen.item.upgrade.met
    for table, one in again.items():
        before = met.table(table) if met is not None else None
        if before is None or table in seen.refilled | seen.written_to or seen.is_irreversible:
            continue
        mend = f"make upgrade() in {_path(seen)} give the same each time; {DECLARE}"
        if seen.back(table).vanished or _is_made_anew(seen, table):
            continue  # what the way back took away cannot be there again, and has been told
        for column, values in one.values.items():
            if before.column(column) is not None and (table, column) not in seen.ours | seen.ours_again:
                message = f"Upgrading again after downgrade() gives {count_of(values, 'value')} otherwise than the first time."
                told = values_in_words(values, redacts=redacts)
                yield _finding(seen, "PGH-V009", f"column {table}.{column}", message, mend, told)
        for rows, what in ((one.vanished, "lacks"), (one.appeared, "has in addition")):
            if rows:
                message = f"Upgraded again after downgrade(), it {what} {count_of(rows, 'row')}."
                yield _finding(seen, "PGH-V010", f"table {table}", message, mend, rows_in_words(rows, redacts=redacts))


def _is_made_anew(seen: _Seen, table: str) -> bool:
    """Whether the second upgrade made the rows of the first with other ids and times, which a seed may do."""
    left, again = seen.item.upgrade.left, seen.item.reupgrade
    first = left.table(table) if left is not None else None
    second = again.left.table(table) if again is not None and again.left is not None else None
    numbered = numbered_columns(seen.item.upgrade.snapshot, table)
    return first is not None and second is not None and is_made_anew(first, second, numbered)


def _renames(seen: _Seen) -> Iterator[Note]:
    for table, one in seen.up.items():
        for column, later in one.renamed.items():
            yield Note(
                NAME, _revision(seen), f"column {table}.{column} is {later} with the same values after upgrade()"
            )


def _no_way_back(seen: _Seen) -> str:
    return "downgrade() does not undo that" if seen.down is not None else "no downgrade() ran that could undo that"


def _revision(seen: _Seen) -> str:
    return seen.item.revision.revision


def _path(seen: _Seen) -> str:
    return seen.item.revision.path


def _finding(  # noqa: PLR0917 - the parts of a finding, in their order
    seen: _Seen, code: str, subject: str, message: str, mend: str, evidence: str
) -> Finding:
    culprit = _culprit(seen.item, STEP_OF.get(code, ""), subject)
    if culprit is None:
        return Finding(NAME, _revision(seen), subject, message, mend, evidence, code=code)
    told = f"{evidence}\nafter: {in_one_line(culprit.sql)}".strip()
    return Finding(NAME, _revision(seen), subject, message, mend, told, culprit.line or None, code=code)


def _culprit(item: RevisionRecord, direction: str, subject: str) -> Statement | None:
    """Return the statement that did it: the one that was seen to, or the only one that the revision sends."""
    step = {"upgrade": item.upgrade, "downgrade": item.downgrade}.get(direction)
    own = [one for one in step.statements if one.file == item.revision.path] if step is not None else []
    return item.culprits.get((direction, subject)) or (own[0] if len(own) == 1 else None)
