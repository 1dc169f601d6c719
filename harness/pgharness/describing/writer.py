"""Says which revision writes into a table, and by which statement, as far as its statements tell."""

from __future__ import annotations

import re

from pgharness.catalog.names import unqualified
from pgharness.records.chain_record import ChainRecord
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord


def writer_of(record: ChainRecord, table: str) -> str | None:
    """Return the last revision that writes into the table, as far as its statements tell."""
    writes = _writes(table)
    found = [item for item in record.revisions if any(writes.search(one.sql) for one in item.upgrade.statements)]
    return found[-1].revision.revision if found else None


def last_write(record: ChainRecord, table: str, before: str | None) -> tuple[RevisionRecord, Statement] | None:
    """Return the last revision before another one whose file writes into the table, with the statement."""
    found = None
    for item in record.revisions:
        if item.revision.revision == before:
            break
        own = [
            one for one in item.upgrade.statements if one.file == item.revision.path and _writes(table).search(one.sql)
        ]
        found = (item, own[-1]) if own else found
    return found


def _writes(table: str) -> re.Pattern[str]:
    return re.compile(
        rf"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY)\s+(?:ONLY\s+)?(?:[^\s.]+\.)?{re.escape(unqualified(table))}(?![\w$])",
        re.IGNORECASE,
    )


def insert_of(item: RevisionRecord, table: str) -> Statement | None:
    """Return the last INSERT of a revision's own file into the table, as far as it can be told."""
    inserts = re.compile(rf"\bINSERT\s+INTO\s+(?:[^\s.]+\.)?{re.escape(unqualified(table))}(?![\w$])", re.IGNORECASE)
    own = [one for one in item.upgrade.statements if one.file == item.revision.path and inserts.search(one.sql)]
    return own[-1] if own else None
