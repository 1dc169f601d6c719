"""Tells in one note what `locks` finds of revisions that were deployed long since, where nobody says which those are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from pgharness.checks import locks
from pgharness.findings import CheckResult, Note
from pgharness.judging.rules import Rules
from pgharness.records.revisions import Chain

NEWEST = 20
"""A revision upon which so many others build is taken for deployed: nobody waits for its locks any more."""
NAME = "old locks"


def fold(result: CheckResult, old: frozenset[str], rules: Rules) -> CheckResult:
    """Leave out of the findings of `locks` those of old revisions, and count them in a note.

    They stay where `since` or `previous` says what is deployed, and where `strict` wants them: whichever checks are made, the same is found.
    """
    is_said = rules.since is not None or rules.previous is not None
    if result.name != locks.NAME or is_said or NAME in rules.strict:
        return result
    folded = [one for one in result.findings if one.revision in old]
    if not folded:
        return result
    kept = tuple(one for one in result.findings if one.revision not in old)
    counts = Counter(one.code for one in folded)
    told = ", ".join(f"{code} × {count}" for code, count in sorted(counts.items()))
    revisions = len({one.revision for one in folded})
    of_which = (
        f"an old revision, upon which {NEWEST} or more others build, so that it was most likely deployed long since"
        if revisions == 1
        else f"{revisions} old revisions, upon each of which {NEWEST} or more others build, so that they were most likely deployed long since"
    )
    note = Note(
        locks.NAME,
        None,
        f"{len(folded)} finding{'s' * (len(folded) != 1)} of {of_which}: {told}. `--since REVISION` says for certain what is deployed; they are "
        f'findings with strict = ["{NAME}"] in [tool.pgharness]',
    )
    return replace(result, findings=kept, notes=(*result.notes, note))


def old_revisions(chain: Chain) -> frozenset[str]:
    """Return the revisions upon which at least `NEWEST` others build, on whatever branch."""
    later = Counter(before for item in chain.revisions for before in chain.ancestors(item.revision) - {item.revision})
    return frozenset(revision for revision, count in later.items() if count >= NEWEST)
