"""The part of `data` that judges whole rows: those that vanish, come back with another key, or are more than there were."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.checks.contents_seen import DECLARE, NAME, Seen, finding, no_way_back, path_of, revision_of, sent_by
from pgharness.describing.contents import count_of, rows_in_words
from pgharness.findings import Finding, Note
from pgharness.records.changes import TableChanges


def judge_rows(seen: Seen, table: str, *, redacts: bool) -> Iterator[Finding | Note]:
    """Judge what became of the rows of a table."""
    up, back = seen.up[table], seen.back(table)
    subject = f"table {table}"
    if seen.is_irreversible or up.is_gone:
        if up.is_gone and back.vanished and not seen.is_irreversible:
            yield finding(
                seen,
                "PGH-V006",
                subject,
                f"upgrade() drops the table, and downgrade() brings it back without {count_of(back.vanished, 'row')}.",
                f'keep the rows where downgrade() in {path_of(seen)} finds them; {DECLARE}, or irreversible = "<reason>"',
                rows_in_words(back.vanished, redacts=redacts),
            )
        return
    is_lost = bool(back.vanished) or seen.down is None or table in seen.refilled
    if up.vanished and is_lost:
        yield finding(
            seen,
            "PGH-V005",
            subject,
            f"{count_of(up.vanished, 'row')} of before {'vanishes' if len(up.vanished) == 1 else 'vanish'} in upgrade(), and {no_way_back(seen)}.",
            f"let upgrade() in {path_of(seen)} keep them, or keep a copy for downgrade(); {DECLARE}",
            rows_in_words(up.vanished, redacts=redacts),
        )
        return
    if up.vanished:
        yield Note(NAME, revision_of(seen), f"{subject}: rows vanish in upgrade(), and downgrade() brings them back")
    elif back.vanished and _has_another_key(seen, up):
        yield finding(
            seen,
            "PGH-V005",
            subject,
            f"upgrade() makes the key anew, and {count_of(back.vanished, 'row')} of before have another one after downgrade().",
            f"let upgrade() in {path_of(seen)} keep what rows are known by: alter the key's type, or fill the new column from it; {DECLARE}",
            rows_in_words(back.vanished, redacts=redacts),
        )
    elif back.vanished and (column := _asked_of_ours(seen, table)):
        yield Note(
            NAME,
            revision_of(seen),
            f"{subject}: downgrade() takes away rows that stood there before upgrade(), by what was written to {column} since",
        )
    elif back.vanished:
        yield finding(
            seen,
            "PGH-V007",
            subject,
            f"downgrade() takes away {count_of(back.vanished, 'row')} that stood there before upgrade().",
            f"let downgrade() in {path_of(seen)} take away only what upgrade() has made; {DECLARE}",
            rows_in_words(back.vanished, redacts=redacts),
        )
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
        yield finding(
            seen,
            "PGH-V008",
            subject,
            f"downgrade() leaves {count_of(back.appeared, 'row')} more than stood there before upgrade().",
            f"let downgrade() in {path_of(seen)} take away the rows that upgrade() makes, and write none itself; {DECLARE}",
            rows_in_words(back.appeared, redacts=redacts),
        )


def _asked_of_ours(seen: Seen, table: str) -> str:
    """Return the new column that we filled and that each DELETE from the table asks for; empty where one asks for nothing of ours."""
    names = rf"(?<!\w){re.escape(table.rpartition('.')[2])}(?!\w)"
    deletes = [one for one in sent_by(seen.item, "downgrade") if re.match(r"\s*(?:WITH|DELETE)\b", one, re.IGNORECASE)]
    asked = [one for one in deletes if re.search(names, one)]
    new = [one.name for one in seen.up[table].added if (table, one.name) in seen.ours]
    return next((one for one in new if asked and all(_names(one, text) for text in asked)), "")


def _puts_back(seen: Seen, table: str) -> bool:
    """Whether the way back writes rows of its own to a table from which the way there deletes: it has to bring back what production had."""
    name = rf'"?{re.escape(table.rpartition(".")[2].strip(chr(34)))}"?(?!\w)'
    named = rf"(?:(?:\w+|\"[^\"]+\")\.)?{name}"
    deletes = re.compile(rf"\bDELETE\s+FROM\s+(?:ONLY\s+)?{named}", re.IGNORECASE)
    writes = re.compile(rf"\bINSERT\s+INTO\s+{named}", re.IGNORECASE)
    up, down = sent_by(seen.item, "upgrade"), sent_by(seen.item, "downgrade")
    return any(deletes.search(one) for one in up) and any(writes.search(one) for one in down)


def _names(column: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", text) is not None


def _has_another_key(seen: Seen, up: TableChanges) -> bool:
    met = seen.item.upgrade.met
    table = met.table(up.table) if met is not None else None
    return table is not None and any(name in up.retyped or name in up.gone for name in table.key)
