"""The one list of checks, in the order in which they are told: ours, then those that others add."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from pgharness.checks.check import Check, Claim
from pgharness.findings import CannotRun
from pgharness.judging.added_checks import added_checks
from pgharness.judging.declarations import DECLARATIONS

OURS = (
    "pgharness.checks.graph:CHECK",
    "pgharness.checks.upgrade:CHECK",
    "pgharness.checks.drift:CHECK",
    "pgharness.checks.autogenerate:CHECK",
    "pgharness.checks.structure:CHECK",
    "pgharness.checks.roundtrip:CHECK",
    "pgharness.checks.data:CHECK",
    "pgharness.checks.locks:CHECK",
    "pgharness.checks.sizes:CHECK",
    "pgharness.checks.leftovers:CHECK",
    "pgharness.checks.pitfalls:CHECK",
    "pgharness.checks.notices:CHECK",
    "pgharness.checks.crash:CHECK",
    "pgharness.checks.enums:CHECK",
    "pgharness.checks.indices:CHECK",
    "pgharness.checks.modes:CHECK",
    "pgharness.checks.compat:CHECK",
    "pgharness.checks.traffic:CHECK",
)


def load_check(name: str) -> Check:
    """Return the check of ours that `package.module:ATTRIBUTE` names."""
    module, _, attribute = name.partition(":")
    check = getattr(import_module(module), attribute)
    assert isinstance(check, Check), name
    return check


CHECKS: tuple[Check, ...] = tuple(load_check(name) for name in OURS)

CLAIMS: tuple[Claim, ...] = (*CHECKS, DECLARATIONS)
"""All that we claim of a chain: the checks, and last what is claimed of the declarations, whose judge looks at their findings."""

_OUR_NAMES = frozenset(claim.name for claim in CLAIMS)


def known_checks(named: Sequence[str], folder: Path) -> tuple[Check, ...]:
    """Return our checks and all that are added: by entry points, and by the settings, as `module:ATTRIBUTE` in `folder`.

    Raises CannotRun for one that cannot be loaded, or whose name another one has.
    """
    origins = dict.fromkeys(_OUR_NAMES, "pgharness itself")
    known = list(CHECKS)
    for added in added_checks(named, folder):
        if added.check in known[len(CHECKS) :]:
            continue  # named twice
        name = added.check.name
        if name in origins:
            raise CannotRun(
                f"Two checks are called {name!r}.",
                seen=f"one is of {origins[name]}, one of {added.origin}",
                mend=f"give one of them another name, Check(name=…), or take it out of {added.origin}",
            )
        origins[name] = added.origin
        known.append(added.check)
    return tuple(known)


def is_ours(check: Check) -> bool:
    """Whether a check is one of pgharness itself."""
    return check.name in _OUR_NAMES
