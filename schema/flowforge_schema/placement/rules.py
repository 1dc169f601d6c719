"""The rules that a schema has to keep so that it can be distributed; what breaks one is refused by the engine, or is silently wrong.

Pure: from facts to problems, the same for a schema that is to be distributed, one that is, and the one that a branch proposes.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowforge_schema.placement.facts import ForeignKey, SchemaFacts
from flowforge_schema.placement.forms import KNOWN_FUNCTIONS
from flowforge_schema.placement.layout import LONGER_NAMES, NAME_LENGTH_MAX, PLACES, SPREAD, Kind, Place, shares_shards
from flowforge_schema.placement.problem import Problem


def judge_schema(facts: SchemaFacts) -> tuple[Problem, ...]:
    """Return what breaks a rule of distribution; empty where the schema can be distributed, or is and may stay so."""
    return (*_keys(facts), *_uniqueness(facts), *_names(facts), *_triggers(facts), *_identities(facts))


def _keys(facts: SchemaFacts) -> Iterator[Problem]:
    for key in facts.keys:
        child, parent = PLACES.get(key.table), PLACES.get(key.parent)
        why = _why_refused(key, child, parent)
        if why is not None:
            seen = f"{key.name} of {key.table} refers to {key.parent}: {why}"
            yield Problem(seen, f"ALTER TABLE {key.table} DROP CONSTRAINT {key.name}")


def _why_refused(key: ForeignKey, child: Place | None, parent: Place | None) -> str | None:
    child_kind = child.kind if child else Kind.LOCAL
    if parent is None or parent.kind is Kind.LOCAL:
        is_spread = child_kind is not Kind.LOCAL
        return "that lies on the coordinator alone, and the shards cannot look there" if is_spread else None
    if child_kind is Kind.DISTRIBUTED and child is not None:
        if child.column in key.writes:
            return f"it writes {child.column}, which decides on the shard"
        if parent.kind is Kind.REFERENCE or _stays_in_shard(key, child, parent):
            return None
        return f"not by {child.column} to {parent.column} of a table that shares its shards"
    if parent.kind is Kind.REFERENCE:
        return None
    # Accepted by the engine: a row is checked as it comes, and left behind, an orphan, when the other is deleted.
    return f"that lies in shards, and {key.table} does not, so that nothing would keep the key when a row of {key.parent} is deleted"


def _stays_in_shard(key: ForeignKey, child: Place, parent: Place) -> bool:
    pairs = zip(key.columns, key.parent_columns, strict=True)
    return shares_shards(child, parent) and any(pair == (child.column, parent.column) for pair in pairs)


def _uniqueness(facts: SchemaFacts) -> Iterator[Problem]:
    for unique in facts.unique:
        place = PLACES.get(unique.table)
        if place is not None and place.kind is Kind.DISTRIBUTED and place.column not in unique.columns:
            seen = f"{unique.name} of {unique.table} is unique without {place.column}, which no shard can know of the others"
            yield Problem(seen, f"make {place.column} one of its columns, or let workflow_run_keys hold what is unique")


def _names(facts: SchemaFacts) -> Iterator[Problem]:
    spread = {place.table for place in SPREAD}
    for table, name in facts.names:
        if table in spread and len(name.encode()) > NAME_LENGTH_MAX and name not in LONGER_NAMES:
            seen = f"{name} of {table} has {len(name.encode())} bytes, and shards have room for {NAME_LENGTH_MAX}"
            yield Problem(
                seen, "name it shorter: errors are told apart by names, and a longer one is cut on the shards"
            )


def _triggers(facts: SchemaFacts) -> Iterator[Problem]:
    spread = {place.table for place in SPREAD}
    for trigger in facts.triggers:
        if trigger.table in spread and trigger.function not in KNOWN_FUNCTIONS:
            seen = f"the trigger {trigger.name} of {trigger.table} runs {trigger.function}(), of which nobody knows what it does on a shard"
            yield Problem(seen, f"DROP TRIGGER {trigger.name} ON {trigger.table}")


def _identities(facts: SchemaFacts) -> Iterator[Problem]:
    spread = {place.table for place in SPREAD}
    for table, column in facts.identities:
        if table in spread:
            seen = f"{table}.{column} numbers its rows by itself, and shards would give the same number twice"
            yield Problem(seen, f"make {table}.{column} a uuid with DEFAULT uuidv7()")
