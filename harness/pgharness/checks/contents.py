"""The part of `data` that judges what became of values and rows: after up, after down, and after up again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgharness.checks.contents_rows import judge_rows
from pgharness.checks.contents_seen import DECLARE, NAME, Seen, finding, path_of, revision_of, seen_of
from pgharness.checks.contents_values import judge_values
from pgharness.describing.contents import count_of, rows_in_words, values_in_words
from pgharness.findings import Finding, Note
from pgharness.records.changes import TableChanges
from pgharness.records.made_anew import is_made_anew, numbered_columns
from pgharness.records.steps import RevisionRecord

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
        for one in (*judge_values(seen, table, redacts=redacts), *judge_rows(seen, table, redacts=redacts))
    ]
    yield from found
    yield from _renames(seen)
    if seen.again is not None and not any(isinstance(one, Finding) for one in found):
        yield from _judge_again(seen, seen.again, redacts=redacts)


def _judge_again(seen: Seen, again: Mapping[str, TableChanges], *, redacts: bool) -> Iterator[Finding]:
    """Judge the second upgrade by the first, of what was there before both."""
    met = seen.item.upgrade.met
    for table, one in again.items():
        before = met.table(table) if met is not None else None
        if before is None or table in seen.refilled | seen.written_to or seen.is_irreversible:
            continue
        mend = f"make upgrade() in {path_of(seen)} give the same each time; {DECLARE}"
        if seen.back(table).vanished or _is_made_anew(seen, table):
            continue  # what the way back took away cannot be there again, and has been told
        for column, values in one.values.items():
            if before.column(column) is not None and (table, column) not in seen.ours:
                message = f"Upgrading again after downgrade() gives {count_of(values, 'value')} otherwise than the first time."
                told = values_in_words(values, redacts=redacts)
                yield finding(seen, "PGH-V009", f"column {table}.{column}", message, mend, told)
        for rows, what in ((one.vanished, "lacks"), (one.appeared, "has in addition")):
            if rows:
                message = f"Upgraded again after downgrade(), it {what} {count_of(rows, 'row')}."
                yield finding(seen, "PGH-V010", f"table {table}", message, mend, rows_in_words(rows, redacts=redacts))


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
