"""Reads the revisions that come next, and the last ones: what they fill themselves is left to them."""

from __future__ import annotations

from collections.abc import Sequence

from pgharness.chain.sources import source
from pgharness.records.revisions import Revision
from pgharness.rows.coming import Coming

NEAR = 3
"""So many revisions an expansion, the filling and the contraction take; what comes later meets what people have written since."""


def coming(revisions: Sequence[Revision], reached: int) -> Coming:
    """Return what the next revisions fill themselves, where so many of all have run; a table that one has just filled is not ours either."""
    next_, last = revisions[reached : reached + NEAR], revisions[max(0, reached - NEAR) : reached]
    return Coming(tuple(map(_text, next_)), tuple(map(_text, last)))


def _text(revision: Revision) -> str:
    """Return what stands in the file before its downgrade."""
    return source(revision).partition("\ndef downgrade")[0]
