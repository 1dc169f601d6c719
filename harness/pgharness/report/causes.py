"""Puts findings together that have one cause: the same check says the same of several objects at one revision."""

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
        """The first of them, whose check, code and revision are those of all."""
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
    def message(self) -> str:
        """What is said of all of them."""
        return self.first.message if self.is_one else self.first.cause or self.first.message


def causes(findings: Iterable[Finding]) -> tuple[Cause, ...]:
    """Return the findings by cause, each where its first finding stands."""
    alike: dict[tuple[str, str, str | None, str, str], list[Finding]] = {}
    for finding in findings:
        said = ("", finding.cause) if finding.cause else (_kind(finding), finding.message)
        key = (finding.check, finding.code, finding.revision, *said)
        alike.setdefault(key, []).append(finding)
    return tuple(
        cause
        for group in alike.values()
        for cause in ([Cause(tuple(group))] if len(group) >= FEWEST else [Cause((one,)) for one in group])
    )


def name_of(finding: Finding) -> str:
    """Return the object's name without its kind."""
    return finding.subject.rpartition(" ")[2]


def _kind(finding: Finding) -> str:
    return finding.subject.rpartition(" ")[0]
