"""Where a statement is refused for the transaction in which it stands (25001, 55P04)."""

from __future__ import annotations

import re

from pgharness.catalog.names import FULL_NAME, NAME, qualifier
from pgharness.describing.corrections.failing import Failing, alone

_CONCURRENTLY = re.compile(
    rf"\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>{NAME})\s+ON\s+(?:ONLY\s+)?(?P<table>{FULL_NAME})",
    re.IGNORECASE,
)
_DROPPED = re.compile(r"\b(DROP\s+INDEX\s+CONCURRENTLY)\s+(?!IF\b)", re.IGNORECASE)
_USED = re.compile(r'unsafe use of new value "(?P<label>[^"]+)"')
_ADDED = re.compile(r"\bADD\s+VALUE\s+(?!IF\b)", re.IGNORECASE)


def out_of_transaction(failing: Failing) -> str:
    """Put a statement into an autocommit block; it can be run again where it was stopped behind it."""
    built = _CONCURRENTLY.match(failing.sql)
    if built is None:
        return failing.alone_in_its_place(_DROPPED.sub(r"\1 IF EXISTS ", failing.sql))
    schema = qualifier(built["table"])
    left = f"DROP INDEX CONCURRENTLY IF EXISTS {f'{schema}.' if schema else ''}{built['name']}"
    return failing.alone_in_its_place(left, failing.sql)


def label_first(failing: Failing) -> str:
    """Commit the label before it is used, where the revision itself adds it."""
    used = _USED.search(failing.message)
    for one in failing.sent if used is not None else ():
        adds = re.search(rf"\bADD\s+VALUE\b.*'{re.escape(used['label'])}'", one.sql, re.IGNORECASE) if used else None
        if adds is not None and one.file == failing.path and one.line:
            return alone(
                one.line, failing.path, _ADDED.sub("ADD VALUE IF NOT EXISTS ", one.sql.strip().removesuffix(";"))
            )
    return ""
