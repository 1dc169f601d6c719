"""Finds the revision since which a fact has been what it is at the heads."""

from __future__ import annotations

from pgharness.catalog.facts import FactKey
from pgharness.records.chain_record import ChainRecord


def origin(record: ChainRecord, key: FactKey, value: str | None) -> str | None:
    """Return the revision that last gave the fact this value (None: took it away); None where no revision did."""
    for item in reversed(record.revisions):
        if item.before.facts.get(key) != value:
            return item.revision.revision
    return None
