"""Distributes a database over the nodes of a Citus cluster, and takes it back; what lies where is `flowforge_schema.placement`."""

from __future__ import annotations

from flowforge_schema.distribute.running import MOST_WAIT_S, SHARDS, Outcome, distribute, undistribute

__all__ = ["MOST_WAIT_S", "SHARDS", "Outcome", "distribute", "undistribute"]
