"""Rules by which comparisons leave facts out on purpose, each with a reason and, if it is wise, an end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase

from pgharness.catalog.diff import Difference


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One fact, or a glob of facts, that comparisons leave out, and why; one on a whole object takes along what belongs to it. After `expires` it leaves nothing out any more."""

    kind: str = "*"
    object: str = "*"
    property: str = "*"
    reason: str = ""
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules of a run, as they stand on one day; a rule holds through the day on which it expires."""

    rules: tuple[IgnoreRule, ...] = ()
    today: date = field(default=date.min)

    def kept(self, differences: Iterable[Difference]) -> tuple[Difference, ...]:
        """Return the differences that no rule in force leaves out."""
        return tuple(item for item in differences if not self.leaving_out(item))

    def leaving_out(self, difference: Difference) -> tuple[IgnoreRule, ...]:
        """Return the rules in force that leave this difference out: none, one or several."""
        return tuple(rule for rule in self.rules if not self.is_expired(rule) and matches(rule, difference))

    def is_expired(self, rule: IgnoreRule) -> bool:
        """Whether the rule's last day has passed."""
        return rule.expires is not None and rule.expires < self.today


def matches(rule: IgnoreRule, difference: Difference) -> bool:
    """Whether the rule means this fact, or all of an object to which it belongs; `*`, `?` and `[…]` stand for what they do in file names."""
    if _means(rule, difference.kind, difference.object):
        return fnmatchcase(difference.property, rule.property)
    return rule.property == "*" and any(_means(rule, *owner) for owner in difference.ancestors)


def _means(rule: IgnoreRule, kind: str, name: str) -> bool:
    return fnmatchcase(kind, rule.kind) and fnmatchcase(name, rule.object)


def in_words(rule: IgnoreRule) -> str:
    """Describe a rule by what it means: `index public.ix_* option fillfactor`."""
    return f"{rule.kind} {rule.object} {rule.property}"
