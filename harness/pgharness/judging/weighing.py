"""Decides whether what a judge says is a finding, a note, or told by an earlier check already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from pgharness.findings import CheckResult, Finding, Minor, Note, Repeated, Together

Said = tuple[Finding | Note | Minor | Repeated | Together, ...]
"""What a judge yields."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """By what is weighed: the names of the minor differences that are findings here, and the results of the checks before.

    `before` are revisions of which nothing is told, `old` those that were most likely deployed long since.
    """

    strict: Collection[str] = ()
    earlier: Sequence[CheckResult] = ()
    before: Collection[str] = ()
    old: Collection[str] = ()

    def of(self, said: Iterable[Finding | Note | Minor | Repeated | Together]) -> tuple[Finding | Note, ...]:
        """Return what is to be told; what an earlier check tells is one note for each revision, at the end."""
        told: list[Finding | Note] = []
        repeated: defaultdict[tuple[str, str, str | None], list[Finding]] = defaultdict(list)
        once: defaultdict[str, list[Minor]] = defaultdict(list)
        together: defaultdict[str, list[Finding]] = defaultdict(list)
        for item in said:
            if isinstance(item, Together):
                if not {item.earlier, item.finding.revision} & set(self.before):
                    (told if item.is_allowed else together[item.finding.code]).append(item.finding)
            elif isinstance(item, Minor) and item.is_told_once and item.name not in self.strict:
                once[item.name] += [item] if item.finding.revision not in self.before else []
            elif isinstance(item, Minor):
                told.append(item.finding if item.name in self.strict else item.as_note())
            elif not isinstance(item, Repeated):
                told.append(item)
            elif self._is_told(item):
                repeated[item.of, item.finding.check, item.finding.revision].append(item.finding)
            else:
                told.append(item.finding)
        told += [_once(minors) for minors in once.values() if minors]
        told += [_newest(found, self.old) for found in together.values()]
        return (*told, *(_elsewhere(of, check, revision, found) for (of, check, revision), found in repeated.items()))

    def _is_told(self, item: Repeated) -> bool:
        subjects = {finding.subject for one in self.earlier if one.name == item.of for finding in one.findings}
        return item.subject in subjects if item.subject else bool(subjects)


def _once(minors: Sequence[Minor]) -> Note:
    return minors[0].as_note(others=len({one.finding.revision for one in minors}) - 1)


def _newest(found: Sequence[Finding], old: Collection[str]) -> Finding:
    """Return the finding of the newest revision, one that is not `old` where there is one, with how many more there are."""
    newest = next((one for one in reversed(found) if one.revision not in old), found[-1])
    others = len({one.revision for one in found} - {newest.revision})
    if not others:
        return newest if len(found) == 1 else replace(newest, instead_of=tuple(found))
    more = f"So it is with {others} more revision{'' if others == 1 else 's'} of the chain."
    return replace(newest, evidence=f"{newest.evidence}\n{more}", instead_of=tuple(found))


def _elsewhere(of: str, check: str, revision: str | None, found: Sequence[Finding]) -> Note:
    counted = f"{len(found)} finding{'' if len(found) == 1 else 's'}"
    return Note(check, revision, f"{counted} more of what `{of}` tells; alone: --only {check}", is_told_elsewhere=True)
