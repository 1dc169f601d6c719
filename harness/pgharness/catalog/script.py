"""Writes a snapshot as SQL that makes the same catalog in an empty database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.catalog.rendering.all_parts import all_parts
from pgharness.catalog.rendering.arrangement import Arrangement
from pgharness.catalog.rendering.columns import default_key
from pgharness.catalog.rendering.order import in_order
from pgharness.catalog.rendering.parts import Contents, Part
from pgharness.findings import CannotRun

HEADER = """\
-- The schema as PostgreSQL {major} knows it; generated, and executable on an empty database.
SET check_function_bodies = off;
"""
FOOTER = "RESET check_function_bodies;\n"
# Facts that no statement can bring about in an empty database.
UNWRITABLE_FACTS = {
    ("index", "valid"): "an index left invalid by a failed build",
    ("index", "ready"): "an index left unfinished by a failed build",
    ("table", "detach pending"): "a partition whose detaching was broken off",
    ("foreign table", "detach pending"): "a partition whose detaching was broken off",
    ("subscription", "enabled"): "a subscription that is at work, whose connection string is not read",
}


def render_sql(snapshot: Snapshot) -> str:
    """Write the statements that make this catalog, sorted and after what they need.

    Equal snapshots give equal text. Roles must exist; the one that owns most objects is not named but is whoever runs the script. Raises
    `CannotRun` with the names of what cannot be written.
    """
    _refuse(_unwritable(snapshot), snapshot)
    arrangement = Arrangement(snapshot)
    apart: frozenset[ObjectKey] = frozenset()
    while True:
        contents = Contents(arrangement, apart)
        ordered, stuck = in_order(all_parts(contents))
        if not stuck:
            return _text(ordered, contents.major)
        more = _separable(contents, stuck) - apart
        if not more:
            names = sorted({f"{key.kind} {key.object}" for part in stuck for key in part.makes if key.kind != "column"})
            _refuse([f"{name}: it waits for one that waits for it" for name in names], snapshot)
        apart |= more


def _separable(contents: Contents, stuck: Sequence[Part]) -> frozenset[ObjectKey]:
    """Return the checks and defaults of stuck tables that need something of the circle, to be written after their table."""
    circle = {key for part in stuck for key in part.makes}
    found = set()
    for key in circle:
        facts = contents.properties.get(key, {})
        if key.kind == "constraint" and contents.needs(key) & circle:
            found.add(key)
        if key.kind == "column" and "default" in facts and contents.needs(key) & circle:
            found.add(default_key(key))
    return frozenset(found)


def _unwritable(snapshot: Snapshot) -> Iterator[str]:
    for key in snapshot.facts:
        reason = UNWRITABLE_FACTS.get((key.kind, key.property))
        if reason is not None and not _is_partitioned_index(snapshot, key):
            yield f"{key.kind} {key.object}: {reason}"


def _is_partitioned_index(snapshot: Snapshot, key: FactKey) -> bool:
    """Whether it is the index of a partitioned table, which is valid as soon as each partition has one."""
    return " ON ONLY " in (snapshot.value(key.kind, key.object, "definition") or "")


def _refuse(problems: Iterator[str] | Sequence[str], snapshot: Snapshot) -> None:
    told = list(problems)
    if told:
        raise CannotRun(
            f"{len(told)} of {len(snapshot.objects())} objects cannot be written as SQL.",
            seen="; ".join(told),
            mend="mend these objects, or leave their tables out",
        )


def _text(parts: Sequence[Part], major: int) -> str:
    """Join the parts: an object and what stands below it without a blank line, one between objects."""
    groups = groupby(parts, key=lambda part: (part.phase, part.group))
    blocks = ["\n".join(line for part in group for line in part.statements) + "\n" for _, group in groups]
    return "\n".join([HEADER.format(major=major), *blocks, FOOTER])
