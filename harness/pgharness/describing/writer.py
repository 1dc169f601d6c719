"""Says which revision writes into a table, as far as its statements tell."""

from __future__ import annotations

import re

from pgharness.catalog.names import unqualified
from pgharness.records.chain_record import ChainRecord


def writer_of(record: ChainRecord, table: str) -> str | None:
    """Return the last revision that writes into the table, as far as its statements tell."""
    writes = re.compile(
        rf"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY)\s+(?:ONLY\s+)?(?:[^\s.]+\.)?{re.escape(unqualified(table))}(?![\w$])",
        re.IGNORECASE,
    )
    found = [item for item in record.revisions if any(writes.search(one.sql) for one in item.upgrade.statements)]
    return found[-1].revision.revision if found else None
