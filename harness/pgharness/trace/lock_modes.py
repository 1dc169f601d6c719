"""The modes of table locks, and whom each keeps waiting (manual, 13.3.1 "Table-Level Locks")."""

from __future__ import annotations

from collections.abc import Iterable

# As pg_locks prints them, weakest first; the manual's words are beside them.
MODES = {
    "AccessShareLock": "ACCESS SHARE",
    "RowShareLock": "ROW SHARE",
    "RowExclusiveLock": "ROW EXCLUSIVE",
    "ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE",
    "ShareLock": "SHARE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE",
    "ExclusiveLock": "EXCLUSIVE",
    "AccessExclusiveLock": "ACCESS EXCLUSIVE",
}
_STRENGTH = {mode: strength for strength, mode in enumerate(MODES.values())}
ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"
SHARE = "SHARE"
SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"


def strongest(modes: Iterable[str]) -> str:
    """Return the strongest of some modes, in the manual's words."""
    return max(modes, key=_STRENGTH.__getitem__)


def blocks_reads(mode: str) -> bool:
    """Whether a SELECT waits for it."""
    return mode == ACCESS_EXCLUSIVE


def blocks_service(mode: str, kind: str) -> bool:
    """Whether what an application does with such a relation waits for it: reads, or writes where it can be written to."""
    if blocks_reads(mode):
        return True
    return kind in {"table", "partitioned table", "sequence"} and _STRENGTH[mode] >= _STRENGTH[SHARE]


def in_words(mode: str, kind: str) -> str:
    """Return who waits for it: "reads and writes wait", "writes wait", "nobody waits"."""
    if blocks_reads(mode):
        return "reads and writes wait" if kind != "materialized view" else "reads wait"
    return "writes wait" if blocks_service(mode, kind) else "nobody waits"
