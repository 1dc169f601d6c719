"""Tells in one note what `locks` finds of revisions that were deployed long since, where nobody says which those are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pgharness.checks import locks
from pgharness.findings import CheckResult, Finding, Note
from pgharness.judging.rules import Rules
from pgharness.records.revisions import Chain

NEWEST = 20
"""A revision upon which so many others build is taken for deployed: nobody waits for its locks any more."""
NAME = "old locks"


def fold(result: CheckResult, old: frozenset[str], rules: Rules) -> CheckResult:
    """Leave out of the findings of `locks` those of old revisions, and its notes of their way down, and count them in a note.

    They stay where `since` or `previous` says what is deployed, and where `strict` wants them: whichever checks are made, the same is found.
    """
    is_said = rules.since is not None or rules.previous is not None
    if result.name != locks.NAME or is_said or NAME in rules.strict:
        return result
    folded = [one for one in result.findings if one.revision in old]
    ways_down = [one for one in result.notes if one.revision in old and locks.ON_THE_WAY_BACK in one.message]
    if not folded and not ways_down:
        return result
    findings = tuple(one for one in result.findings if one.revision not in old)
    notes = tuple(one for one in result.notes if one not in ways_down)
    return replace(result, findings=findings, notes=(*notes, _counted(folded, ways_down)))


def _counted(folded: Sequence[Finding], ways_down: Sequence[Note]) -> Note:
    """Return the note that stands for them."""
    counts = Counter(one.code for one in folded)
    codes = ", ".join(f"{code} × {count}" for code, count in sorted(counts.items()))
    told = [f"{len(folded)} finding{'s' * (len(folded) != 1)}"] * bool(folded)
    told += [f"{len(ways_down)} note{'s' * (len(ways_down) != 1)} of the way down"] * bool(ways_down)
    count = len({one.revision for one in folded} | {one.revision for one in ways_down})
    of_which = (
        f"an old revision, upon which {NEWEST} or more others build, so that it was most likely deployed long since"
        if count == 1
        else f"{count} old revisions, upon each of which {NEWEST} or more others build, so that they were most likely deployed long since"
    )
    return Note(
        locks.NAME,
        None,
        f"{' and '.join(told)} of {of_which}{f': {codes}' * bool(codes)}. `--since REVISION` says for certain what is deployed; "
        f'they are told with strict = ["{NAME}"] in [tool.pgharness]',
    )


def old_revisions(chain: Chain) -> frozenset[str]:
    """Return the revisions upon which at least `NEWEST` others build, on whatever branch."""
    later = Counter(before for item in chain.revisions for before in chain.ancestors(item.revision) - {item.revision})
    return frozenset(revision for revision, count in later.items() if count >= NEWEST)
