"""What a check is: a claim, why it matters, how to mend what breaks it, and the pure function that judges a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pgharness.findings import Finding, Note
from pgharness.records.chain_record import ChainRecord

Judge = Callable[[ChainRecord], Iterable[Finding | Note]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `needs` names the experiments (fields of the record) without which it can only be skipped.

    `uses` names those that it judges too where they were made. `skip_reason` says, where needed ones are missing, what would
    have to be given. An `only_at_heads` check says nothing of a chain that does not get there.
    """

    name: str
    claim: str
    reason: str
    mend: str
    judge: Judge
    needs: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    skip_reason: str = ""
    only_at_heads: bool = False
