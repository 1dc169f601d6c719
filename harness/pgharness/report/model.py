"""What a run found, as one value: the server, the chain, each check's verdict, and the grid of checks and revisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from pgharness.findings import CheckResult, Finding, Harm, Note
from pgharness.records.revisions import Chain, Revision
from pgharness.records.steps import RevisionRecord
from pgharness.records.traffic import RevisionTraffic, TrafficRecord
from pgharness.trace.meeting import Met

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


@dataclass(frozen=True)
class Report:
    """One run: `reached` are the revisions whose upgrade passed; `duration_s` runs from the server's start.

    `source` is the Alembic configuration, the file that a finding about the whole chain is shown in.
    """

    server: ServerFacts
    chain: Chain
    reached: frozenset[str]
    results: tuple[CheckResult, ...]
    server_s: float
    duration_s: float
    source: str = "alembic.ini"
    walked: tuple[RevisionRecord, ...] = ()
    """What was seen of each revision, from which its locks and its schema are drawn."""
    traffic: TrafficRecord | None = None
    """What readers and writers met, where somebody asked for it, which is drawn beneath the locks."""
    since: str | None = None
    """The revision up to which nothing is judged, where one was named."""
    between: Mapping[str, Met] = field(default_factory=dict)
    """What revisions meet under locks of those that are deployed together with them, which is told beside their own."""

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the checks."""
        return tuple(finding for result in self.results for finding in result.findings)

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """All notes, each once."""
        return tuple(dict.fromkeys(note for result in self.results for note in result.notes))

    @cached_property
    def accepted(self) -> tuple[Finding, ...]:
        """What people accept for now, which is not among the findings."""
        return tuple(finding for result in self.results for finding in result.accepted)

    @cached_property
    def by_harm(self) -> tuple[tuple[Harm, tuple[Finding, ...]], ...]:
        """The findings by what somebody suffers of them, worst first; among equals in the order of the checks."""
        found = {harm: [one for item in self.results if item.harm is harm for one in item.findings] for harm in Harm}
        return tuple((harm, tuple(findings)) for harm, findings in found.items() if findings)

    @property
    def rows(self) -> tuple[Revision | None, ...]:
        """The rows of the grid: each revision, then None for the chain as a whole."""
        return (*self.chain.revisions, None)

    @property
    def passed(self) -> bool:
        """Whether nothing was found; what was missed is told beside it."""
        return not self.findings

    @property
    def missed(self) -> tuple[CheckResult, ...]:
        """The checks that could not be made, or not wholly, though nobody has asked for that, so that not all they claim is known."""
        return tuple(result for result in self.results if result.is_missed)

    def label(self, revision: str | None) -> str:
        """Return the name by which people know a revision."""
        found = self.revision(revision)
        return found.label if found is not None else WHOLE_CHAIN

    def revision(self, identifier: str | None) -> Revision | None:
        """Return the revision of this id; None for the chain as a whole."""
        return self._revisions.get(identifier or "")

    def cell(self, result: CheckResult, revision: Revision | None) -> tuple[Cell, tuple[Finding, ...]]:
        """Return what a check came to at a revision (None: at the chain as a whole), with the findings there."""
        here = self._findings_at.get((result.name, revision.revision if revision is not None else None))
        if here is not None:
            return Cell.BROKEN, tuple(here)
        if result.told_elsewhere_at(revision.revision if revision is not None else None):
            return Cell.UNTRIED, ()
        wanted = self._revisions.keys() - self._given if revision is None else {revision.revision}
        is_reached = wanted <= self.reached
        if self.is_earlier(revision) and not result.of_today:
            return Cell.UNTRIED, ()
        is_judged = result.is_judged and (not result.needs_walk or is_reached) and _is_tried(result, revision)
        return (Cell.HOLDS if is_judged else Cell.UNTRIED), ()

    @cached_property
    def judged(self) -> tuple[Revision, ...]:
        """The revisions that were to be judged: all, or those after `since`."""
        before = self.chain.ancestors(self.since) if self.since is not None else frozenset()
        return tuple(item for item in self.chain.revisions if item.revision not in before)

    def is_earlier(self, revision: Revision | None) -> bool:
        """Whether a revision was not to be judged, for it comes before what was."""
        return revision is not None and revision not in self.judged

    def notes_at(self, revision: Revision | None) -> tuple[Note, ...]:
        """Return the notes about a revision, or about the chain as a whole."""
        return self._notes_at.get(revision.revision if revision is not None else None, ())

    def seen(self, revision: Revision) -> RevisionRecord | None:
        """Return what was seen of a revision; None where the walk did not come to it, or nobody keeps it."""
        return self._walked.get(revision.revision)

    def met_between(self, revision: Revision) -> Sequence[Met]:
        """Return what a revision meets under a lock of an earlier one; none where it meets nothing."""
        return [self.between[revision.revision]] if revision.revision in self.between else []

    def traffic_at(self, revision: Revision) -> RevisionTraffic | None:
        """Return what readers and writers met of a revision; None where it was not tried under traffic."""
        tried = self.traffic.revisions if self.traffic is not None else ()
        return next((one for one in tried if one.revision == revision.revision), None)

    @cached_property
    def _notes_at(self) -> dict[str | None, tuple[Note, ...]]:
        found: defaultdict[str | None, list[Note]] = defaultdict(list)
        for note in self.notes:
            found[note.revision].append(note)
        return {revision: tuple(notes) for revision, notes in found.items()}

    @cached_property
    def _given(self) -> frozenset[str]:
        """The revisions that the baseline has already."""
        return frozenset(item.revision.revision for item in self.walked if item.is_given)

    @cached_property
    def _walked(self) -> dict[str, RevisionRecord]:
        return {item.revision.revision: item for item in self.walked}

    @cached_property
    def _revisions(self) -> dict[str, Revision]:
        return {item.revision: item for item in self.chain.revisions}

    @cached_property
    def _findings_at(self) -> dict[tuple[str, str | None], list[Finding]]:
        """The findings by the name of the result that holds them, and revision; one that stands for several revisions is there at each."""
        found: defaultdict[tuple[str, str | None], list[Finding]] = defaultdict(list)
        for result in self.results:
            for finding in result.findings:
                revisions = (
                    finding.revision,
                    *(one.revision for one in finding.instead_of if one.check == finding.check),
                )
                for revision in dict.fromkeys(revisions):
                    found[result.name, revision].append(finding)
        return dict(found)


def _is_tried(result: CheckResult, revision: Revision | None) -> bool:
    """Whether a check that tries some revisions alone has tried this one; or any, and all of the chain as a whole, where none is asked for."""
    if revision is None:
        return result.is_whole and result.tried != frozenset()
    return result.tried is None or revision.revision in result.tried
