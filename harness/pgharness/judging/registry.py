"""The one list of checks, in the order in which they are told; whoever adds a check names it here."""

from __future__ import annotations

from pgharness.checks import autogenerate, drift, enums, graph, indices, leftovers, roundtrip, structure, upgrade
from pgharness.checks.check import Check, Claim
from pgharness.judging.declarations import DECLARATIONS

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

CLAIMS: tuple[Claim, ...] = (*CHECKS, DECLARATIONS)
"""All that is claimed of a chain: the checks, and last what is claimed of the declarations, whose judge looks at their findings."""
