"""What distribution types, and what its undoing does: pure, from facts to statements, only those that are still wanting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from flowforge_schema.placement import two_phase
from flowforge_schema.placement.cluster import Cluster
from flowforge_schema.placement.facts import ForeignKey, SchemaFacts, Trigger
from flowforge_schema.placement.forms import FORMS, signature_of
from flowforge_schema.placement.layout import LAYOUT, SPREAD, Kind, Place

# Measured with 32 shards on two cores: 57,000 rows a second, and about a tenth of a second for each table and each 8 shards.
ROWS_PER_SECOND: Final = 50_000
SECONDS_PER_SHARD: Final = 0.05

# They have nothing to do while rows are copied: they run at an UPDATE alone, or on a table that is not copied.
_HARMLESS_WHILE_COPYING: Final = frozenset({"set_updated_at", "keep_version_of_run", two_phase.FUNCTION})


@dataclass(frozen=True, slots=True)
class Plan:
    """Statements in order: those of one transaction, and those that each are one of their own, afterwards."""

    together: tuple[str, ...]
    afterwards: tuple[str, ...]
    blocking_s: float
    """For how long writers are likely to wait; 0 where no rows are moved."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.together or self.afterwards)


def plan_distribution(facts: SchemaFacts, cluster: Cluster, *, shards: int, lock_timeout_ms: int) -> Plan:
    """Return what makes the placement of LAYOUT out of what there is; nothing where it is that already."""
    todo = [place for place in SPREAD if cluster.table(place.table) is None and place.table in facts.tables]
    triggers = [trigger for trigger in _in_the_way(facts) if any(place.table == trigger.table for place in todo)]
    keys = [key for key in facts.keys if _waits_for_shards(key, todo)]
    steps = (
        *(f"DROP TRIGGER {trigger.name} ON {trigger.table}" for trigger in triggers),
        *(f"ALTER TABLE {key.table} DROP CONSTRAINT {key.name}" for key in keys),
        *(_place(place) for place in todo),
        *(f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}" for key in keys),
        *_changed_functions(FORMS, facts),
        *(trigger.definition for trigger in triggers),
        *_anchor(facts, cluster),
    )
    freed = tuple(
        f"SELECT truncate_local_data_after_distributing_table('{place.table}')"
        for place in reversed(SPREAD)
        if place in todo or _has_left_over(place, cluster)
    )
    return Plan(
        together=_within(steps, shards),
        # The workers know nothing of the limits of a session on the coordinator.
        afterwards=(
            *freed,
            *(f"ALTER ROLE CURRENT_USER SET lock_timeout = '{lock_timeout_ms}ms'" for _ in todo[:1]),
            *("ANALYZE" for _ in todo[:1]),
        ),
        blocking_s=_blocking_s(facts, todo, shards),
    )


def plan_undoing(facts: SchemaFacts, cluster: Cluster, functions: Mapping[str, str]) -> Plan:
    """Return what makes plain tables of all again; `functions` are the release's own definitions by signature.

    A function that is not there, as at an earlier revision, is not made: its revision would find it in the way.
    """
    there = {signature for signature, _ in facts.functions} & {signature_of(name) for name in FORMS}
    distributed = [place for place in LAYOUT if cluster.table(place.table) is not None]
    triggers = [trigger for trigger in _in_the_way(facts) if any(place.table == trigger.table for place in distributed)]
    steps = (
        *(f"DROP TRIGGER {trigger.name} ON {trigger.table}" for trigger in triggers),
        # One is enough: all the others hang on it by their keys.
        *(
            f"SELECT undistribute_table('{place.table}', cascade_via_foreign_keys => true)"
            for place in distributed[-1:]
        ),
        *(
            definition
            for signature, definition in functions.items()
            if signature in there and (signature, definition) not in facts.functions
        ),
        *(trigger.definition for trigger in triggers),
        *(("DROP TRIGGER IF EXISTS two_phase ON outbox_events",) if cluster.anchor_trigger else ()),
        *(("DROP TABLE two_phase_anchor",) if two_phase.ANCHOR in facts.tables else ()),
        *(f"DROP FUNCTION {signature}" for signature in sorted(there - functions.keys())),
    )
    reset = tuple("ALTER ROLE CURRENT_USER RESET lock_timeout" for _ in distributed[:1])
    return Plan(
        _within(steps, None), (*reset, *("ANALYZE" for _ in distributed[:1])), _blocking_s(facts, distributed, 0)
    )


def _within(steps: Iterable[str], shards: int | None) -> tuple[str, ...]:
    """Return the steps after the settings that they need; nothing where there are none."""
    wanted = tuple(steps)
    settings = {
        "client_min_messages": "warning",
        # Else a trigger is refused on whatever is distributed.
        "citus.enable_unsafe_triggers": "on",
        "citus.multi_shard_modify_mode": "sequential",
        **({"citus.shard_count": str(shards)} if shards is not None else {}),
    }
    return (*(f"SET LOCAL {name} = {value}" for name, value in settings.items()), *wanted) if wanted else ()


def _in_the_way(facts: SchemaFacts) -> list[Trigger]:
    """Return the triggers that must not run while rows are copied: they would judge rows that are there already, or add some."""
    return [
        trigger
        for trigger in facts.triggers
        if trigger.function in FORMS and trigger.function not in _HARMLESS_WHILE_COPYING
    ]


def _waits_for_shards(key: ForeignKey, todo: list[Place]) -> bool:
    """Whether a key lies between two tables in shards: neither may be distributed first while it is there."""
    in_shards = {place.table for place in SPREAD if place.kind is Kind.DISTRIBUTED}
    return any(place.table == key.table for place in todo) and {key.table, key.parent} <= in_shards


def _place(place: Place) -> str:
    if place.kind is Kind.REFERENCE:
        return f"SELECT create_reference_table('{place.table}')"
    return f"SELECT create_distributed_table('{place.table}', '{place.column}', colocate_with => '{place.beside or 'none'}')"


def _changed_functions(wanted: Mapping[str, str], facts: SchemaFacts) -> Iterator[str]:
    # The helper first, which the others call.
    for name in sorted(wanted, key=lambda name: (name != "shard_beside", name)):
        if (signature_of(name), wanted[name]) not in facts.functions:
            yield wanted[name]


def _anchor(facts: SchemaFacts, cluster: Cluster) -> Iterator[str]:
    if two_phase.ANCHOR not in facts.tables:
        yield two_phase.CREATE_ANCHOR
    if cluster.table(two_phase.ANCHOR) is None:
        yield two_phase.ADD_ANCHOR
    if cluster.anchor_trigger != two_phase.CREATE_TRIGGER:
        if any(trigger.name == "two_phase" for trigger in facts.triggers):
            yield "DROP TRIGGER two_phase ON outbox_events"
        yield two_phase.CREATE_TRIGGER


def _has_left_over(place: Place, cluster: Cluster) -> bool:
    table = cluster.table(place.table)
    return table is not None and table.local_bytes > 0


def _blocking_s(facts: SchemaFacts, places: list[Place], shards: int) -> float:
    rows = dict(facts.rows)
    moved = sum(rows.get(place.table, 0) for place in places)
    made = sum(shards if place.kind is Kind.DISTRIBUTED else 1 for place in places)
    return moved / ROWS_PER_SECOND + made * SECONDS_PER_SHARD if places else 0.0
