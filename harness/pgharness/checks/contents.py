"""The part of `data` that judges what became of values and rows: after up, after down, and after up again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pgharness.checks.contents_fixes import (
    DECLARE,
    STEP_OF,
    culprit_of,
    in_place,
    keep_rows_for,
    keep_values_for,
    key_retyped,
    left_out,
    mend_dropped,
    taken_away,
)
from pgharness.checks.contents_order import in_order
from pgharness.checks.contents_seen import (
    Seen,
    asked_of_ours,
    lost_of,
    own_of,
    path_of,
    revision_of,
    rows_by_ours,
    seen_of,
    told_of,
)
from pgharness.describing.contents import count_of, in_one_line, rows_in_words, values_in_words
from pgharness.findings import Finding, Note
from pgharness.records.changes import TableChanges, ValueChange
from pgharness.records.made_anew import is_made_anew, numbered_columns
from pgharness.records.steps import RevisionRecord

NAME = "data"
GIVEN_NUMBERS = "given numbers"
"""What the setting `strict` calls numbers that a revision gives though a sequence gives them once more: each refused INSERT moves it on."""


def judge_contents(item: RevisionRecord, *, redacts: bool) -> Iterator[Finding | Note]:
    """Judge one revision by the rows that it met; nothing where contents were not read."""
    seen = seen_of(item)
    if seen is not None:
        yield from _judge_revision(seen, redacts=redacts)


def _judge_revision(seen: Seen, *, redacts: bool) -> Iterator[Finding | Note]:
    found = [
        one
        for table in seen.up
        for one in (*_judge_values(seen, table, redacts=redacts), *_judge_rows(seen, table, redacts=redacts))
    ]
    yield from in_order(seen, found)
    yield from _renames(seen)
    if seen.again is not None and not any(isinstance(one, Finding) for one in found):
        yield from _judge_again(seen, seen.again, redacts=redacts)


def _judge_values(seen: Seen, table: str, *, redacts: bool) -> Iterator[Finding | Note]:
    up, back = seen.up[table], seen.back(table)
    for column in dict.fromkeys((*up.values, *back.values)):
        changed, lost = told_of(up, column), lost_of(seen, table, column)
        subject = f"column {table}.{column}"
        if seen.is_irreversible:
            continue
        is_kept = bool(lost) and not {one.row for one in lost} & {one.row for one in changed}
        if changed and (lost or seen.down is None) and not is_kept:
            yield _finding(
                seen,
                "PGH-V001",
                subject,
                f"upgrade() changes {count_of(changed, 'value')}, and {_no_way_back(seen)}.",
                f"what it is for is known to you alone: {keep_values_for(seen, table, column)}let upgrade() in {path_of(seen)} leave alone what it need "
                f"not change (a WHERE that meets fewer rows), or let downgrade() bring back what it was; {DECLARE}",
                values_in_words(changed, redacts=redacts),
            )
            continue
        if changed:
            yield Note(
                NAME, revision_of(seen), f"{subject}: upgrade() changes values, and downgrade() brings them back"
            )
        if lost and column not in back.retyped:  # or the catalog is not restored, which `roundtrip` tells
            yield _lost(seen, up, column, lost, redacts=redacts)


def _lost(seen: Seen, up: TableChanges, column: str, lost: tuple[ValueChange, ...], *, redacts: bool) -> Finding:
    """Return the finding of values that only the way back shows to be lost."""
    told = values_in_words(lost, redacts=redacts)
    subject, count = f"column {up.table}.{column}", count_of(lost, "value")
    if column in up.gone:
        message = f"upgrade() drops the column, and downgrade() brings it back without {count}."
        return _finding(seen, "PGH-V002", subject, message, mend_dropped(seen, up, column), told)
    if column in up.retyped:
        before, after = up.retyped[column]
        message = f"The way from {before} to {after} and back loses {count}."
        if before == after:
            message = f"The change of {before}'s labels loses {count}: downgrade() does not bring them back."
        mend = f"choose a type that holds every value; or {keep_values_for(seen, up.table, column)}{DECLARE}"
        return _finding(seen, "PGH-V003", subject, message, mend, told)
    return _finding(
        seen,
        "PGH-V004",
        subject,
        f"downgrade() changes {count} that upgrade() had kept.",
        f"let downgrade() in {path_of(seen)} leave them alone{left_out(seen, 'PGH-V004', subject)}; {DECLARE}",
        told,
    )


def _judge_rows(seen: Seen, table: str, *, redacts: bool) -> Iterator[Finding | Note]:
    up, back = seen.up[table], seen.back(table)
    subject = f"table {table}"
    if seen.is_irreversible or up.is_gone:
        if up.is_gone and back.vanished and not seen.is_irreversible:
            yield _finding(
                seen,
                "PGH-V006",
                subject,
                f"upgrade() drops the table, and downgrade() brings it back without {count_of(back.vanished, 'row')}.",
                f'{keep_rows_for(seen, table, is_gone=True)}{DECLARE}, or irreversible = "<reason>" there, and raise NotImplementedError(irreversible) in downgrade()',
                rows_in_words(back.vanished, redacts=redacts),
            )
        return
    yield from _judge_key(seen, up, back, redacts=redacts)
    is_lost = bool(back.vanished) or seen.down is None or table in seen.refilled
    if up.vanished and is_lost:
        yield _finding(
            seen,
            "PGH-V005",
            subject,
            f"{count_of(up.vanished, 'row')} of before {'vanishes' if len(up.vanished) == 1 else 'vanish'} in upgrade(), and {_no_way_back(seen)}.",
            f"let upgrade() in {path_of(seen)} leave them there; or {keep_rows_for(seen, table)}{DECLARE}",
            rows_in_words(up.vanished, redacts=redacts),
        )
        return
    if up.vanished:
        yield Note(NAME, revision_of(seen), f"{subject}: rows vanish in upgrade(), and downgrade() brings them back")
    elif back.vanished and not _has_another_key(seen, up):
        yield _taken(seen, table, back, redacts=redacts)
    if back.appeared and not back.vanished and table not in seen.refilled | seen.written_to:
        if _puts_back(seen, table):
            yield Note(
                NAME,
                revision_of(seen),
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
            f"let downgrade() in {path_of(seen)} take away the rows that upgrade() makes, and write none itself{taken_away(seen, table, redacts=redacts)}; "
            f"{DECLARE}",
            rows_in_words(back.appeared, redacts=redacts),
        )


def _taken(seen: Seen, table: str, back: TableChanges, *, redacts: bool) -> Finding | Note:
    """Return what is said of rows that a downgrade takes away though upgrade() had kept them."""
    subject = f"table {table}"
    if column := asked_of_ours(seen, table, "DELETE"):
        return Note(
            NAME,
            revision_of(seen),
            f"{subject}: downgrade() takes away rows that stood there before upgrade(), by what was written to {column} since",
        )
    return _finding(
        seen,
        "PGH-V007",
        subject,
        f"downgrade() takes away {count_of(back.vanished, 'row')} that stood there before upgrade().",
        f"let downgrade() in {path_of(seen)} take away only what upgrade() has made{in_place(seen, table, redacts=redacts)}; {DECLARE}",
        rows_in_words(back.vanished, redacts=redacts),
    )


def _judge_key(seen: Seen, up: TableChanges, back: TableChanges, *, redacts: bool) -> Iterator[Finding]:
    """Judge a key that is made anew, so that whatever knows rows by it, also outside of the database, takes others for them."""
    subject, path = f"table {up.table}", path_of(seen)
    if up.rekeyed and (back.rekeyed or seen.down is None):
        yield _finding(
            seen,
            "PGH-V005",
            subject,
            f"upgrade() drops the key and numbers the rows anew: {count_of(up.rekeyed, 'row')} of before {_have(up.rekeyed)} another one, and "
            f"{_no_way_back(seen)}.",
            f"let upgrade() in {path} keep the column of the key with its values, and alter what is to be otherwise; {DECLARE}",
            rows_in_words(up.rekeyed, redacts=redacts),
        )
    elif (lost := back.vanished or back.rekeyed) and _has_another_key(seen, up) and not up.vanished:
        if _keeps_key(seen, up.table):
            yield _key_lost_on_the_way_back(seen, up.table, "makes the key anew", lost, redacts=redacts)
            return
        yield _finding(
            seen,
            "PGH-V005",
            subject,
            f"upgrade() makes the key anew, and {count_of(lost, 'row')} of before {_have(lost)} another one after downgrade().",
            f"let upgrade() in {path} keep what rows are known by: {key_retyped(seen, up)}fill the new column from it; {DECLARE}",
            rows_in_words(lost, redacts=redacts),
        )
    elif back.rekeyed and not up.rekeyed:
        yield _key_lost_on_the_way_back(
            seen, up.table, "drops the key and numbers the rows anew", back.rekeyed, redacts=redacts
        )


def _key_lost_on_the_way_back(seen: Seen, table: str, how: str, lost: Sequence[str], *, redacts: bool) -> Finding:
    """Return the finding of a key that only downgrade() makes anew."""
    return _finding(
        seen,
        "PGH-V004",
        f"table {table}",
        f"downgrade() {how}: {count_of(lost, 'row')} of before {_have(lost)} another one.",
        f"let downgrade() in {path_of(seen)} keep the column of the key with its values, and alter what is to be otherwise; {DECLARE}",
        rows_in_words(lost, redacts=redacts),
    )


def _keeps_key(seen: Seen, name: str) -> bool:
    """Whether upgrade() leaves the columns of the key, of another type maybe, with the values that they had."""
    met, left = seen.item.upgrade.met, seen.item.upgrade.left
    before, after = met.table(name) if met is not None else None, left.table(name) if left is not None else None
    if before is None or after is None:
        return False
    columns = [(before.column(one), after.column(one)) for one in before.key]
    return all(
        old is not None
        and new is not None
        and old.number == new.number
        and before.values(old.name) == after.values(new.name)
        for old, new in columns
    )


def _have(rows: Sequence[str]) -> str:
    return "has" if len(rows) == 1 else "have"


def _puts_back(seen: Seen, table: str) -> bool:
    """Whether the way back writes rows of its own to a table from which the way there deletes: it has to bring back what production had."""
    bare = rf'"?{re.escape(table.rpartition(".")[2].strip(chr(34)))}"?(?!\w)'
    named = rf"(?:(?:\w+|\"[^\"]+\")\.)?{bare}"
    deletes = re.compile(rf"\bDELETE\s+FROM\s+(?:ONLY\s+)?{named}", re.IGNORECASE)
    writes = re.compile(rf"\bINSERT\s+INTO\s+{named}", re.IGNORECASE)
    up, down = own_of(seen.item, "upgrade"), own_of(seen.item, "downgrade")
    return any(deletes.search(one) for one in up) and any(writes.search(one) for one in down)


def _has_another_key(seen: Seen, up: TableChanges) -> bool:
    met = seen.item.upgrade.met
    table = met.table(up.table) if met is not None else None
    return table is not None and any(name in up.retyped or name in up.gone for name in table.key)


def _judge_again(seen: Seen, again: Mapping[str, TableChanges], *, redacts: bool) -> Iterator[Finding]:
    """Judge the second upgrade by the first, of what was there before both."""
    met = seen.item.upgrade.met
    for table, one in again.items():
        before = met.table(table) if met is not None else None
        is_same = not (one.values or one.vanished or one.appeared)
        if is_same or before is None or table in seen.refilled | seen.written_to or seen.is_irreversible:
            continue
        mend = f"make upgrade() in {path_of(seen)} give the same each time; {DECLARE}"
        if seen.back(table).vanished or _is_made_anew(seen, table):
            continue  # what the way back took away cannot be there again, and has been told
        for column, changed in one.values.items():
            by_ours = rows_by_ours(seen, table, column)
            values = tuple(value for value in changed if value.row not in by_ours)
            if values and before.column(column) is not None and (table, column) not in seen.ours | seen.ours_again:
                told = values_in_words(values, redacts=redacts)
                yield _finding(
                    seen, "PGH-V009", f"column {table}.{column}", *_given_otherwise(seen, table, column), told
                )
        if one.vanished or one.appeared:
            rows = (*one.vanished, *one.appeared)
            message = f"Upgraded again after downgrade(), it {_otherwise(one)}."
            yield _finding(seen, "PGH-V010", f"table {table}", message, mend, rows_in_words(rows, redacts=redacts))


def _given_otherwise(seen: Seen, table: str, column: str) -> tuple[str, str]:
    """Return what a second upgrade gives otherwise, and the fix: where the first had passed over such values, it is the first that is at fault."""
    values = (seen.again or {})[table].values[column]
    changed = (*seen.up[table].values.get(column, ()), *seen.back(table).values.get(column, ()))
    if {one.row for one in values} & {one.row for one in changed}:
        message = f"Upgrading again after downgrade() gives {count_of(values, 'value')} otherwise than the first time."
        return message, f"make upgrade() in {path_of(seen)} give the same each time; {DECLARE}"
    message = (
        f"One run of upgrade() passes over {count_of(values, 'value')}, which it changes when it is run once more: production, where it "
        "runs once, keeps them as they are."
    )
    mend = (
        f"let one run of upgrade() in {path_of(seen)} take all rows: where it goes in pieces, let each begin with those that are left "
        f"(no OFFSET among rows that no longer match), until there are none; {DECLARE}"
    )
    return message, mend


def _otherwise(again: TableChanges) -> str:
    """Return in words how the rows of a second upgrade are others than those of the first: it is one fact where some are in place of others."""
    if not again.appeared:
        return f"lacks {count_of(again.vanished, 'row')}"
    more = f"has {count_of(again.appeared, 'row')}"
    return f"{more} in addition" if not again.vanished else f"{more} in place of {count_of(again.vanished, 'other')}"


def _is_made_anew(seen: Seen, table: str) -> bool:
    """Whether the second upgrade made the rows of the first with other ids and times, which a seed may do."""
    left, again = seen.item.upgrade.left, seen.item.reupgrade
    first = left.table(table) if left is not None else None
    second = again.left.table(table) if again is not None and again.left is not None else None
    numbered = numbered_columns(seen.item.upgrade.snapshot, table)
    return first is not None and second is not None and is_made_anew(first, second, numbered)


def _renames(seen: Seen) -> Iterator[Note]:
    for table, one in seen.up.items():
        for column, later in one.renamed.items():
            yield Note(
                NAME, revision_of(seen), f"column {table}.{column} is {later} with the same values after upgrade()"
            )


def _no_way_back(seen: Seen) -> str:
    return "downgrade() does not undo that" if seen.down is not None else "no downgrade() ran that could undo that"


def _finding(  # noqa: PLR0917 - the parts of a finding, in their order
    seen: Seen, code: str, subject: str, message: str, mend: str, evidence: str
) -> Finding:
    culprit = culprit_of(seen.item, STEP_OF.get(code, ""), subject)
    if culprit is None:
        return Finding(NAME, revision_of(seen), subject, message, mend, evidence, code=code)
    told = f"{evidence}\nafter: {in_one_line(culprit.sql)}".strip()
    return Finding(NAME, revision_of(seen), subject, message, mend, told, culprit.line or None, code=code)
