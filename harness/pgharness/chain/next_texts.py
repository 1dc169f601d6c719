"""Reads the revisions that come next: what they fill themselves is left to them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pgharness.records.revisions import Revision
from pgharness.rows.coming import Coming

NEAR = 3
"""So many revisions an expansion, the filling and the contraction take; what comes later meets what people have written since."""


def coming(revisions: Sequence[Revision]) -> Coming:
    """Return what the next of the revisions that are still to be run, in their order, fill themselves."""
    return Coming(tuple(_text(one.path) for one in revisions[:NEAR]))


@lru_cache(maxsize=256)
def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
