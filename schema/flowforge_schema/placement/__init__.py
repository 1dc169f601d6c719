"""Where each table lies on a distributed database, by which rules, and how to tell whether a database keeps them.

It reads catalogs and judges them; nothing here changes a database.
"""

from __future__ import annotations

from flowforge_schema.placement.cluster import Cluster, has_extension, read_cluster
from flowforge_schema.placement.facts import SchemaFacts, read_schema
from flowforge_schema.placement.layout import LAYOUT, Kind, Place
from flowforge_schema.placement.planning import Plan, plan_distribution, plan_undoing
from flowforge_schema.placement.problem import Problem
from flowforge_schema.placement.rules import judge_schema
from flowforge_schema.placement.verdict import judge_placement, misplaced, not_the_coordinator

__all__ = [
    "LAYOUT",
    "Cluster",
    "Kind",
    "Place",
    "Plan",
    "Problem",
    "SchemaFacts",
    "has_extension",
    "judge_placement",
    "judge_schema",
    "misplaced",
    "not_the_coordinator",
    "plan_distribution",
    "plan_undoing",
    "read_cluster",
    "read_schema",
]
