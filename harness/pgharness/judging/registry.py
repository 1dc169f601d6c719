"""The one list of checks, in the order in which they are told; whoever adds a check names it here."""

from __future__ import annotations

from importlib import import_module

from pgharness.checks.check import Check, Claim
from pgharness.judging.declarations import DECLARATIONS

OURS = (
    "pgharness.checks.graph:CHECK",
    "pgharness.checks.upgrade:CHECK",
    "pgharness.checks.drift:CHECK",
    "pgharness.checks.autogenerate:CHECK",
    "pgharness.checks.structure:CHECK",
    "pgharness.checks.roundtrip:CHECK",
    "pgharness.checks.leftovers:CHECK",
    "pgharness.checks.enums:CHECK",
    "pgharness.checks.indices:CHECK",
)


def load_check(name: str) -> Check:
    """Give the check that `package.module:ATTRIBUTE` names."""
    module, _, attribute = name.partition(":")
    check = getattr(import_module(module), attribute)
    assert isinstance(check, Check), name
    return check


CHECKS: tuple[Check, ...] = tuple(load_check(name) for name in OURS)

CLAIMS: tuple[Claim, ...] = (*CHECKS, DECLARATIONS)
"""All that is claimed of a chain: the checks, and last what is claimed of the declarations, whose judge looks at their findings."""
