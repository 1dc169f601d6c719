"""What a node of a distributed database knows of the others, and of where the tables lie."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sqlalchemy import Connection, text

from flowforge_schema.placement.layout import Kind

HAS_EXTENSION = text("SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus')")


@dataclass(frozen=True, slots=True)
class SpreadTable:
    """Where a table lies; `colocation` is the same number for tables that share shards."""

    name: str
    kind: Kind
    column: str | None
    colocation: int
    local_bytes: int
    """What is left of it on this node from before it was distributed."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node; `group` is 0 for the coordinator."""

    address: str
    group: int
    is_active: bool
    holds_shards: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the node that was asked knows; `group` is its own."""

    group: int
    nodes: tuple[Node, ...] = ()
    tables: tuple[SpreadTable, ...] = ()
    anchor_trigger: str | None = None
    """The definition of the trigger that has an event committed in two phases, where it is there and enabled."""
    unfinished: int = 0
    """Transactions that were prepared more than two minutes ago and neither committed nor rolled back."""

    @property
    def is_coordinator(self) -> bool:
        """Whether this node is the one that clients write to."""
        return self.group == 0

    def table(self, name: str) -> SpreadTable | None:
        """Return where a table lies; None for one that the engine does not know."""
        return next((table for table in self.tables if table.name == name), None)

    @property
    def is_distributed(self) -> bool:
        """Whether any table but helpers lies in shards."""
        return any(table.kind is Kind.DISTRIBUTED for table in self.tables)


def has_extension(connection: Connection) -> bool:
    """Whether this database has the extension."""
    return bool(connection.scalar(HAS_EXTENSION))


def read_cluster(connection: Connection) -> Cluster:
    """Read what this node knows; the extension has to be there."""
    query = (files(__package__) / "read_cluster.sql").read_text("utf-8")
    read: dict[str, Any] = connection.exec_driver_sql(query).scalar_one()
    return Cluster(
        group=read["group"],
        nodes=tuple(Node(**node) for node in read["nodes"]),
        tables=tuple(SpreadTable(**{**table, "kind": Kind(table["kind"])}) for table in read["tables"]),
        anchor_trigger=read["anchor_trigger"],
        unfinished=read["unfinished"],
    )
