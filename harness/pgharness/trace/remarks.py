"""Reads what the server says of its own work under `client_min_messages = debug1`: the same, untranslated, in PostgreSQL 15 to 18."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pgharness.records.trace import Doing

ASK_FOR_ALL = "SET client_min_messages = debug1"
_PATTERNS: tuple[tuple[re.Pattern[str], Doing], ...] = (
    (re.compile(r'DEBUG\d?: +building index "(?P<name>.+)" on table "(?P<table>.+)"'), "builds"),
    (re.compile(r'DEBUG\d?: +rewriting table "(?P<table>.+)"'), "rewrites"),
    (re.compile(r'DEBUG\d?: +verifying table "(?P<table>.+)"'), "verifies"),
    (re.compile(r'DEBUG\d?: +validating foreign key constraint "(?P<name>.+)"'), "validates"),
)


class Said(NamedTuple):
    """What one remark says is done, to a table of this name without schema (empty for a foreign key), by an index or constraint."""

    doing: Doing
    table: str
    name: str


def said_of(remarks: tuple[str, ...]) -> Iterator[Said]:
    """Yield what the remarks on one statement say of its work, each thing once."""
    found: dict[Said, None] = {}
    for remark in remarks:
        for pattern, doing in _PATTERNS:
            if (match := pattern.match(remark)) is not None:
                groups = match.groupdict()
                found[Said(doing, groups.get("table", ""), groups.get("name", ""))] = None
    yield from found
