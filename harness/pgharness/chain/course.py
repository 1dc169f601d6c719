"""Finds the way from one place in a chain to another: which revisions are applied there, and which to run up or to undo.

A place is written as for Alembic: a revision's id or its beginning, `head` or `heads`, `base`; or the name of the revision's file.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import PurePath

from pgharness.findings import CannotRun
from pgharness.records.revisions import Chain, Revision

HEADS = ("head", "heads")
BASE = "base"
MOST_NAMED, MOST_OFFERED = 8, 3
"""Of the revisions of a chain so many are named where one is not found, and so many are offered."""
ALIKE = 0.6
"""From this ratio on, difflib takes one name for another that is misspelt."""

Applied = frozenset[str]
"""The ids of all revisions that a database has got, each with those before it."""


def applied_at(chain: Chain, place: str) -> Applied:
    """Return what is applied where a database stands at a place. Raises CannotRun where the chain has none of that name."""
    if place in HEADS:
        return frozenset(item.revision for item in chain.revisions)
    return frozenset() if place == BASE else chain.ancestors(find_revision(chain, place).revision)


def deployed_at(chain: Chain, place: str) -> str:
    """Return the id of the revision that a place is: what `since` says is deployed. Raises CannotRun where it is none, or several."""
    if place.lower() not in HEADS:
        return find_revision(chain, place, "; what git has is named by --previous GITREF").revision
    if len(chain.heads) != 1:
        raise CannotRun(
            f"{place!r} is no one revision.",
            seen=f"the chain has {len(chain.heads)} heads: {', '.join(chain.heads) or 'none'}",
            mend="name a revision by its id or its file",
        )
    return chain.heads[0]


def applied_before(chain: Chain, place: str) -> Applied:
    """Return what is applied where a revision is the next to run: all that it needs, and nothing else. Raises CannotRun."""
    revision = find_revision(chain, place).revision
    return chain.ancestors(revision) - {revision}


def find_revision(chain: Chain, name: str, otherwise: str = "") -> Revision:
    """Return the revision of this id or this file, or the only one whose id or file begins so. Raises CannotRun.

    A file may be named with its folder and ending, and a name as the grid shortens it, with an ellipsis. Where none is like the name,
    `otherwise` says what else may have been meant.
    """
    known = chain.revisions
    sought = _without_file(name)
    beginning = sought.removesuffix("…")
    for found in (
        [item for item in known if item.revision == name],
        [item for item in known if item.label == sought],
        [item for item in known if beginning and beginning in {item.revision, item.label}],
        [item for item in known if beginning and item.revision.startswith(beginning)],
        [item for item in known if beginning and item.label.startswith(beginning)],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            raise CannotRun(
                f"More than one revision begins with {name!r}.",
                seen=listed(found),
                mend=f"name one of them by its id or its file, such as {found[-1].label}",
            )
    near = nearest_revisions(known, beginning)
    raise CannotRun(
        f"There is no revision {name!r}.",
        seen=f"the chain has {listed(known)}",
        mend="name one of them by its id or its file, or by how one begins"
        + (f"; did you mean {' or '.join(repr(item.label) for item in near)}?" if near else otherwise),
    )


def _without_file(name: str) -> str:
    """Return the name of a revision's file without what only leads to it; a name of another kind as it is."""
    path = PurePath(name)
    return path.stem if path.suffix == ".py" else name


def listed(revisions: Sequence[Revision]) -> str:
    """Return the revisions by name; of many, how many more there are."""
    more = f" and {len(revisions) - MOST_NAMED} more" if len(revisions) > MOST_NAMED else ""
    return (", ".join(item.label for item in revisions[:MOST_NAMED]) or "no revision") + more


def nearest_revisions(revisions: Sequence[Revision], name: str) -> list[Revision]:
    """Return the revisions whose id, file or slug is most like a name, the nearest first."""
    likeness = {item.revision: _likeness(item, name) for item in revisions}
    alike = [item for item in revisions if likeness[item.revision] >= ALIKE]
    return sorted(alike, key=lambda item: -likeness[item.revision])[:MOST_OFFERED]


def _likeness(revision: Revision, name: str) -> float:
    slug = revision.label.removeprefix(revision.revision).lstrip("_-")
    return max(difflib.SequenceMatcher(None, name, one).ratio() for one in (revision.revision, revision.label, slug))


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
