"""What a run found, as one value: the server, the chain, each check's verdict, and the grid of checks and revisions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pgharness.findings import CheckResult, Finding, Note
from pgharness.records.revisions import Chain, Revision

WHOLE_CHAIN = "whole chain"


class Cell(StrEnum):
    """What one check came to at one revision."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """Which server it was, and why that one."""

    kind: str
    version: str
    description: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """One run: `reached` are the revisions whose upgrade passed; `duration_s` runs from the server's start."""

    server: ServerFacts
    chain: Chain
    reached: frozenset[str]
    results: tuple[CheckResult, ...]
    server_s: float
    duration_s: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the checks."""
        return tuple(finding for result in self.results for finding in result.findings)

    @property
    def notes(self) -> tuple[Note, ...]:
        """All notes, each once."""
        return tuple(dict.fromkeys(note for result in self.results for note in result.notes))

    @property
    def passed(self) -> bool:
        """Say whether nothing was found."""
        return not self.findings

    def label(self, revision: str | None) -> str:
        """Give the name by which people know a revision."""
        return next((item.label for item in self.chain.revisions if item.revision == revision), WHOLE_CHAIN)

    def cell(self, result: CheckResult, revision: Revision | None) -> tuple[Cell, tuple[Finding, ...]]:
        """Give what a check came to at a revision (None: at the chain as a whole), with the findings there."""
        identity = revision.revision if revision is not None else None
        here = tuple(finding for finding in result.findings if finding.revision == identity)
        if here:
            return Cell.BROKEN, here
        needed = {item.revision for item in self.chain.revisions} if revision is None else {revision.revision}
        is_judged = result.is_judged and (not result.needs_walk or needed <= self.reached)
        return (Cell.HOLDS if is_judged else Cell.UNTRIED), ()
