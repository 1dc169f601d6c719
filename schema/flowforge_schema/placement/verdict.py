"""Whether a distributed database is as distribution left it: every table in its place, the anchor, the functions, the nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flowforge_schema.placement import two_phase
from flowforge_schema.placement.cluster import Cluster
from flowforge_schema.placement.facts import SchemaFacts
from flowforge_schema.placement.forms import forms_by_signature
from flowforge_schema.placement.layout import LAYOUT, PLACES, Kind, Place
from flowforge_schema.placement.problem import Problem
from flowforge_schema.placement.rules import judge_schema

DISTRIBUTE: Final = "flowforge-schema distribute"


def judge_placement(facts: SchemaFacts, cluster: Cluster) -> tuple[Problem, ...]:
    """Return what is not as it should be; empty for a database of which nothing is distributed."""
    if not cluster.is_coordinator:
        return (not_the_coordinator(cluster),)
    if not any(place.table in {table.name for table in cluster.tables} for place in LAYOUT):
        return ()
    return (
        *misplaced(cluster),
        *_missing(facts, cluster),
        *_commits(facts, cluster),
        *_functions(facts),
        *judge_schema(facts),
        *_nodes(cluster),
    )


def not_the_coordinator(cluster: Cluster) -> Problem:
    """Return what is wrong with the address of a worker."""
    coordinator = next((node.address for node in cluster.nodes if node.group == 0), None)
    seen = f"this is a worker of the cluster (group {cluster.group}), and not its coordinator"
    return Problem(seen, f"name the coordinator in FLOWFORGE_DB_URL{f': {coordinator}' if coordinator else ''}")


def misplaced(cluster: Cluster) -> tuple[Problem, ...]:
    """Return the tables that lie elsewhere than they should; those that are not distributed at all are not among them."""
    return tuple(
        Problem(
            f"{table.name} is {table.kind}{f' by {table.column}' if table.column else ''}, and should be {_should_be(place)}",
            f"SELECT undistribute_table('{table.name}', cascade_via_foreign_keys => true), then {DISTRIBUTE}",
        )
        for table in cluster.tables
        if (place := PLACES.get(table.name)) is not None and not _is_at(place, cluster)
    )


def _is_at(place: Place, cluster: Cluster) -> bool:
    table = cluster.table(place.table)
    if table is None or (table.kind, table.column) != (place.kind, place.column) or place.kind is Kind.LOCAL:
        return False
    beside = cluster.table(place.beside) if place.beside else None
    return beside is None or beside.colocation == table.colocation


def _should_be(place: Place) -> str:
    by = f" by {place.column}" if place.column else ""
    return f"{place.kind}{by}{f' beside {place.beside}' if place.beside else ''}"


def _missing(facts: SchemaFacts, cluster: Cluster) -> Iterator[Problem]:
    for place in LAYOUT:
        if place.kind is not Kind.LOCAL and place.table in facts.tables and cluster.table(place.table) is None:
            yield Problem(f"{place.table} is not distributed, and should be {_should_be(place)}", DISTRIBUTE)


def _commits(facts: SchemaFacts, cluster: Cluster) -> Iterator[Problem]:
    if not two_phase.is_in_place(facts, cluster):
        yield Problem("a run and its event are not committed together: the outbox has no anchor", DISTRIBUTE)
    if cluster.unfinished:
        seen = f"{cluster.unfinished} transactions were prepared more than two minutes ago and have no end"
        yield Problem(seen, "SELECT recover_prepared_transactions(); see that every worker can be reached")


def _functions(facts: SchemaFacts) -> Iterator[Problem]:
    for signature, definition in forms_by_signature().items():
        if signature != f"{two_phase.FUNCTION}()" and (signature, definition) not in facts.functions:
            yield Problem(f"the function {signature} is not the one that works on shards", DISTRIBUTE)


def _nodes(cluster: Cluster) -> Iterator[Problem]:
    for node in cluster.nodes:
        if not node.is_active:
            yield Problem(f"the node {node.address} is not active", "SELECT citus_activate_node(host, port)")
