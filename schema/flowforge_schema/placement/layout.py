"""Which table lies where on a distributed database: one row for each table of the schema, parents first.

The order is the one in which tables can be distributed: a key may only refer to what is on every node or in the same shard.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """How a table lies on the nodes."""

    REFERENCE = "reference"
    """Whole on every node: read anywhere, and each write goes to all of them under a lock on the whole table."""
    DISTRIBUTED = "distributed"
    """In shards by a column."""
    LOCAL = "local"
    """On the coordinator alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one table lies; `column` decides on the shard, and `beside` is the table whose shards it shares."""

    table: str
    kind: Kind
    column: str | None = None
    beside: str | None = None


LAYOUT: Final = (
    Place("users", Kind.REFERENCE),
    Place("api_keys", Kind.REFERENCE),
    Place("workflows", Kind.REFERENCE),
    Place("workflow_versions", Kind.REFERENCE),
    Place("workflow_steps", Kind.REFERENCE),
    # Unique within a workflow, so by workflow; its run may lie on another node.
    Place("workflow_run_keys", Kind.DISTRIBUTED, "workflow_id"),
    Place("workflow_runs", Kind.DISTRIBUTED, "id"),
    Place("run_step_logs", Kind.DISTRIBUTED, "run_id", beside="workflow_runs"),
    Place("workflow_run_claims", Kind.DISTRIBUTED, "run_id", beside="workflow_runs"),
    # The order of its ids is the order of commits, and relays lock rows by what is in them: one server has to hold it.
    Place("outbox_events", Kind.LOCAL),
)

PLACES: Final = MappingProxyType({place.table: place for place in LAYOUT})
SPREAD: Final = tuple(place for place in LAYOUT if place.kind is not Kind.LOCAL)

# A shard's objects are called as the table's, with `_` and the number of the shard behind it, and PostgreSQL cuts names at 63 bytes: this
# leaves seven digits.
NAME_LENGTH_MAX: Final = 55
LONGER_NAMES: Final = MappingProxyType(
    {
        "uq_workflow_steps__workflow_id_workflow_version_position": "56 characters; fits while numbers of shards have six"
        " digits, and they begin at 102008 and grow by about a hundred with each distribution",
    }
)


def shares_shards(one: Place, other: Place) -> bool:
    """Whether rows of two tables with the same value in their columns lie in the same shard."""
    return (one.beside or one.table) == (other.beside or other.table)
