"""Tells from a revision's own text what it sends that nobody sees."""

from __future__ import annotations

import re
from pathlib import Path

from pgharness.records.revisions import Revision

# What a revision sends by the driver itself is seen by nobody.
_BEHIND_SQLALCHEMY = re.compile(r"\bcursor\(|\b(?:driver|dbapi)_connection\b")


def source(revision: Revision) -> str:
    """Return the text of a revision's file."""
    return Path(revision.path).read_text(encoding="utf-8", errors="replace")


def is_seen_whole(revision: Revision) -> bool:
    """Whether all that the revision sends goes through SQLAlchemy, as far as its text tells."""
    return not _BEHIND_SQLALCHEMY.search(source(revision))
