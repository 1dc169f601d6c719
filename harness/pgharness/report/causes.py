"""Puts findings together that have one cause: the same check says the same of several objects, at one revision or at several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pgharness.findings import Finding

FEWEST = 3
"""So many findings alike are told as one; two are told one by one."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings that are told together, in their order; a finding like no other is a cause of its own."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The first of them, whose check and code are those of all."""
        return self.findings[0]

    @property
    def kind(self) -> str:
        """The kind of object that each is about: `index`."""
        return _kind(self.first)

    @property
    def is_one(self) -> bool:
        """Whether it is a finding like no other."""
        return len(self.findings) == 1

    @property
    def subject(self) -> str:
        """What it is about: the object, or how many of which kind."""
        return self.first.subject if self.is_one else f"{len(self.findings)} × {self.kind}"

    @property
    def revisions(self) -> tuple[str | None, ...]:
        """The revisions at which it is found, each once, in the order of the findings; None for the chain as a whole."""
        return tuple(dict.fromkeys(finding.revision for finding in self.findings))

    @property
    def has_one_fix(self) -> bool:
        """Whether one fix of one subject mends all, so that only their evidence differs."""
        return len({(finding.revision, finding.subject, finding.mend) for finding in self.findings}) == 1

    @property
    def message(self) -> str:
        """What is said of all of them."""
        return self.first.message if self.is_one else self.first.cause or self.first.message


def causes(findings: Iterable[Finding]) -> tuple[Cause, ...]:
    """Return the findings by cause, each where its first finding stands."""
    alike: dict[tuple[str, str, str, str], list[Finding]] = {}
    told = tuple(findings)
    for finding in told:
        said = ("", finding.cause) if finding.cause else (_kind(finding), finding.message)
        alike.setdefault((finding.check, finding.code, *said), []).append(finding)
    grouped = [Cause(tuple(group)) for group in alike.values() if len(group) >= FEWEST]
    grouped += [Cause((one,)) for group in alike.values() if len(group) < FEWEST for one in group]
    place = {id(finding): at for at, finding in enumerate(told)}
    return tuple(sorted(grouped, key=lambda cause: place[id(cause.first)]))


def name_of(finding: Finding) -> str:
    """Return the object's name without its kind; `the models` have no other."""
    return finding.subject if _is_one_of_a_kind(finding) else finding.subject.rpartition(" ")[2]


def _kind(finding: Finding) -> str:
    """Return the kind of object, of a step its direction: `upgrade of 0001` is an upgrade."""
    return finding.subject if _is_one_of_a_kind(finding) else finding.subject.rpartition(" ")[0].removesuffix(" of")


def _is_one_of_a_kind(finding: Finding) -> bool:
    return finding.subject.startswith("the ")
