"""Applies to what checks compare what is left out of it, and finds ignore rules that have expired or leave nothing out any more."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from pgharness.catalog.diff import Difference, difference
from pgharness.catalog.facts import FactKey, Snapshot
from pgharness.catalog.ignore_rules import IgnoreRule, IgnoreRules, in_words
from pgharness.findings import Finding
from pgharness.judging.declarations import NAME


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares for the checks of a run, and notes in `used` each rule that left something out.

    `moments` are facts that no two runs of the chain have alike (`records.moments`), which are told once, by `upgrade`.
    """

    rules: IgnoreRules
    moments: frozenset[FactKey] = frozenset()
    used: set[IgnoreRule] = field(default_factory=set)

    def __call__(self, left: Snapshot, right: Snapshot) -> tuple[Difference, ...]:
        """Return the differences that neither a rule nor the moment leaves out."""
        kept: list[Difference] = []
        for item in difference(left, right):
            leaving_out = self.rules.leaving_out(item)
            self.used.update(leaving_out)
            if not leaving_out and item[:3] not in self.moments:
                kept.append(item)
        return tuple(kept)


def judge_ignore_rules(rules: IgnoreRules, used: Collection[IgnoreRule], *, all_compared: bool) -> Iterator[Finding]:
    """Judge the rules themselves. That one is unused is known only where all was compared that can be."""
    for rule in rules.rules:
        if rules.is_expired(rule):
            yield _finding(
                rule,
                f"Expired on {rule.expires}: the rule no longer applies. Its reason was: {rule.reason}",
                "fix the difference and remove the rule, or extend `expires`",
                "PGH-X006",
            )
        elif all_compared and rule not in used:
            yield _finding(
                rule, "Unused ignore rule: no comparison finds such a difference.", "remove the rule", "PGH-X007"
            )


def _finding(rule: IgnoreRule, message: str, mend: str, code: str) -> Finding:
    subject = f"ignore rule {in_words(rule)}"
    return Finding(NAME, None, subject, message, f"{mend}: ignore in [tool.pgharness]", code=code)
