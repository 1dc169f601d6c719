"""Which lock a work must have held that was a transaction by itself, so that nobody could look in time (manual, 13.3.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pgharness.records.trace import HeldLock, Work
from pgharness.trace.lock_modes import ACCESS_EXCLUSIVE, SHARE, SHARE_ROW_EXCLUSIVE, strongest

_CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
_LOCKS_ALL_OUT = re.compile(r"\b(ALTER\s+TABLE|CLUSTER|VACUUM|REFRESH)\b", re.IGNORECASE)
_VALIDATES = re.compile(r"\bVALIDATE\s+CONSTRAINT\b", re.IGNORECASE)


def implied_locks(sql: str, works: Iterable[Work], place: int) -> tuple[HeldLock, ...]:
    """Return the strongest lock on each relation that the works need and that blocks a service."""
    modes: dict[str, set[str]] = {}
    for work in works:
        if mode := _mode(sql, work):
            modes.setdefault(work.relation, set()).add(mode)
    return tuple(HeldLock(relation, "table", strongest(found), place) for relation, found in modes.items())


def _mode(sql: str, work: Work) -> str:
    if _CONCURRENTLY.search(sql) or _VALIDATES.search(sql):
        return ""
    match work.doing:
        case "builds":
            return ACCESS_EXCLUSIVE if _LOCKS_ALL_OUT.search(sql) else SHARE
        case "rewrites" | "moves" | "verifies":
            return ACCESS_EXCLUSIVE
        case "validates":
            return SHARE_ROW_EXCLUSIVE
    return ""
