"""The anchor by which a row in shards and its outbox event are committed together.

The outbox lies on the coordinator as a plain table, of which the engine knows nothing: with one shard beside it, the shard is committed
first and the event afterwards, and a crash in between leaves a run without its event. A trigger of the outbox therefore writes to a table
that the engine knows, and every transaction with an event is prepared on all nodes before it is committed on any.
"""

from __future__ import annotations

from typing import Final

from flowforge_schema.placement.cluster import Cluster
from flowforge_schema.placement.facts import SchemaFacts
from flowforge_schema.placement.forms import FORMS, HELPERS
from flowforge_schema.placement.layout import Kind

ANCHOR: Final = "two_phase_anchor"
CREATE_ANCHOR: Final = f"CREATE TABLE {ANCHOR} (id integer PRIMARY KEY)"
ADD_ANCHOR: Final = f"SELECT citus_add_local_table_to_metadata('{ANCHOR}')"
CREATE_TRIGGER: Final = (
    "CREATE TRIGGER two_phase AFTER INSERT ON outbox_events FOR EACH STATEMENT EXECUTE FUNCTION commit_in_two_phases()"
)
FUNCTION: Final = "commit_in_two_phases"


def is_in_place(facts: SchemaFacts, cluster: Cluster) -> bool:
    """Whether table, function and trigger are there, the trigger enabled and the function the one that we know."""
    anchor = cluster.table(ANCHOR)
    has_function = (HELPERS[FUNCTION], FORMS[FUNCTION]) in facts.functions
    return (
        anchor is not None and anchor.kind is Kind.LOCAL and cluster.anchor_trigger == CREATE_TRIGGER and has_function
    )
