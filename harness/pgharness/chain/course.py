"""Finds the way from one place in a chain to another: which revisions are applied there, and which to run up or to undo.

A place is written as for Alembic: a revision's id or its beginning, `head` or `heads`, `base`; or the name of the revision's file.
"""

from __future__ import annotations

from pgharness.findings import CannotRun
from pgharness.records.revisions import Chain, Revision
from pgharness.settings import nearest

HEADS = ("head", "heads")
BASE = "base"

Applied = frozenset[str]
"""The ids of all revisions that a database has got, each with those before it."""


def applied_at(chain: Chain, place: str) -> Applied:
    """Return what is applied where a database stands at a place. Raises CannotRun where the chain has none of that name."""
    if place in HEADS:
        return frozenset(item.revision for item in chain.revisions)
    return frozenset() if place == BASE else chain.ancestors(find_revision(chain, place).revision)


def applied_before(chain: Chain, place: str) -> Applied:
    """Return what is applied where a revision is the next to run: all that it needs, and nothing else. Raises CannotRun."""
    revision = find_revision(chain, place).revision
    return chain.ancestors(revision) - {revision}


def find_revision(chain: Chain, name: str) -> Revision:
    """Return the revision of this id or this file, or the only one whose id or file begins so. Raises CannotRun."""
    exact = [item for item in chain.revisions if name in {item.revision, item.label}]
    beginning = [
        item for item in chain.revisions if name and (item.revision.startswith(name) or item.label.startswith(name))
    ]
    found = exact or beginning
    if len(found) == 1:
        return found[0]
    labels = [item.label for item in chain.revisions]
    raise CannotRun(
        f"There is no revision {name!r}." if not found else f"More than one revision begins with {name!r}.",
        seen=f"the chain has {', '.join(item.label for item in found or chain.revisions) or 'no revision'}",
        mend=f"name one of them by its id or its file{nearest(name, labels)}",
    )


def tips(chain: Chain, applied: Applied) -> tuple[Revision, ...]:
    """Return the applied revisions that no other one builds upon, in the chain's order; none at the base."""
    below = frozenset().union(*(chain.ancestors(one) - {one} for one in applied))
    return tuple(item for item in chain.revisions if item.revision in applied - below)


def way_up(chain: Chain, applied: Applied, place: str | None) -> tuple[Revision, ...]:
    """Return what `alembic upgrade` runs to get to a place (None: the next revision), in order. Raises CannotRun for nothing."""
    missing = [item for item in chain.revisions if item.revision not in applied]
    if place is None:
        way = tuple(missing[:1])
    else:
        wanted = applied_at(chain, place)
        way = tuple(item for item in missing if item.revision in wanted)
    return way or _no_way("upgrade", chain, applied, place)


def way_down(chain: Chain, applied: Applied, place: str | None) -> tuple[Revision, ...]:
    """Return what `alembic downgrade` undoes to get to a place (None: the last revision), in order. Raises CannotRun for nothing."""
    standing = [item for item in reversed(chain.revisions) if item.revision in applied]
    if place is None:
        way = tuple(standing[:1])
    elif place == BASE:
        way = tuple(standing)
    else:
        target = find_revision(chain, place).revision
        above = [item for item in standing if target in chain.ancestors(item.revision) - {item.revision}]
        way = tuple(above) if target in applied else ()
    return way or _no_way("downgrade", chain, applied, place)


def _no_way(verb: str, chain: Chain, applied: Applied, place: str | None) -> tuple[Revision, ...]:
    here = ", ".join(item.label for item in tips(chain, applied)) or "the base"
    raise CannotRun(
        f"There is nothing to {verb}{f' on the way to {place}' if place is not None else ''}.",
        seen=f"the database is at {here}",
        mend=f"begin elsewhere, such as database_at({'before=' if verb == 'upgrade' else ''}{place or '<revision>'!r})",
    )
