"""Says what to do where histories of one script folder have nothing to do with each other, and cannot share a database."""

from __future__ import annotations

from pgharness.records.revisions import Chain
from pgharness.records.steps import Failure

# duplicate_column, _object, _function, _schema, _table, and unique_violation
TAKEN = ("42701", "42710", "42723", "42P06", "42P07", "23505")


def by_themselves(chain: Chain) -> str:
    """Return a command for each history; empty where there is but one."""
    histories = chain.histories
    if len(histories) < 2:
        return ""
    runs = ("pgharness check " + " ".join(f"--head {head}" for head in heads) for heads in histories)
    return f"where each history has a database of its own, judge each by itself: {'; '.join(runs)}"


def mend_taken(chain: Chain, failure: Failure, otherwise: str) -> str:
    """Return how to judge histories by themselves, where one of them meets what another one has made."""
    apart = by_themselves(chain) if failure.sqlstate in TAKEN else ""
    return f"{apart}; or {otherwise}" if apart else otherwise
