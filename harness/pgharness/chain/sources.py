"""Reads the text of a revision's file, and tells from it whether the revision sends what nobody sees."""

from __future__ import annotations

import re
from pathlib import Path

from pgharness.records.revisions import Revision

# What a revision sends by the driver itself is seen by nobody.
_BEHIND_SQLALCHEMY = re.compile(r"\bcursor\(|\b(?:driver|dbapi)_connection\b")


def source(revision: Revision) -> str:
    """Return the text of a revision's file, empty where there is none to be read."""
    try:
        return Path(revision.path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def is_seen_whole(revision: Revision) -> bool:
    """Whether all that the revision sends goes through SQLAlchemy, as far as its text tells."""
    text = source(revision)
    return bool(text) and not _BEHIND_SQLALCHEMY.search(text)
