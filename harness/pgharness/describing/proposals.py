"""Tells, for a difference, the operations to write into a revision or the change to make in the models."""

from __future__ import annotations

from dataclasses import dataclass

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.proposing import mend
from pgharness.describing.differences import Told


@dataclass(frozen=True, slots=True)
class Proposal:
    """Lines of a revision that bring one object to what it is to be, or the reason why none can."""

    operations: tuple[str, ...]
    reason: str


Proposals = dict[ObjectKey, Proposal]


def propose(left: Snapshot, right: Snapshot) -> Proposals:
    """Return, for each object that differs, what brings it from what it is on the left to what it is on the right."""
    proposals: Proposals = {}
    for one in mend(left, right):
        before = proposals.get(one.key, Proposal((), ""))
        proposals[one.key] = Proposal(before.operations + one.operations, before.reason or one.reason)
    return proposals


def mend_migrations(told: Told, proposals: Proposals) -> str:
    """Return what brings the migrated database (left) to the models (right)."""
    if told.kind == "column order of table":
        return "move the attribute in the model to where the chain puts the column (PostgreSQL cannot move a column)"
    written = in_words(told.key, proposals)
    if told.only_in == "left":
        return f"declare it in the models, or write a revision: {written}"
    if told.only_in == "right":
        return f"write a revision: {written}"
    return f"write a revision: {written}; or correct the models"


def mend_downgrade(told: Told, path: str, proposals: Proposals) -> str:
    """Return what the downgrade of a revision must still do; the proposals lead from what it leaves to what was before."""
    return f"in downgrade() of {path}: {in_words(told.key, proposals)}"


def in_words(key: ObjectKey, proposals: Proposals) -> str:
    """Write the proposal for one object on one line, as it can be pasted."""
    proposal = proposals.get(key)
    if proposal is None:
        return "nothing by itself: it comes and goes with what it belongs to"
    if proposal.reason:
        return f"by hand, for {proposal.reason}"
    return "; ".join(proposal.operations)
