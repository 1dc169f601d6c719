"""The checks: each a claim about a chain, judged by a pure function from the chain's record."""

from __future__ import annotations

from pgharness.checks import autogenerate, drift, enums, graph, indices, leftovers, roundtrip, structure, upgrade
from pgharness.checks.check import Check

CHECKS: tuple[Check, ...] = (
    graph.CHECK,
    upgrade.CHECK,
    drift.CHECK,
    autogenerate.CHECK,
    structure.CHECK,
    roundtrip.CHECK,
    leftovers.CHECK,
    enums.CHECK,
    indices.CHECK,
)
"""All checks, in the order in which they are told."""
