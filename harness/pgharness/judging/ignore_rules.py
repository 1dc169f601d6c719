"""Finds ignore rules that have expired, and ones that leave nothing out any more."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pgharness.catalog.diff import Difference, difference
from pgharness.catalog.ignore_rules import IgnoreRule, in_words
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord


def judge_ignores(record: ChainRecord, made_checks: Collection[str]) -> Iterator[Finding]:
    """Judge the rules themselves. Whether one is used is known only where every comparison was made that can be."""
    for rule in record.ignore.rules:
        if record.ignore.is_expired(rule):
            yield _finding(
                rule,
                f"It expired on {rule.expires}, so it leaves nothing out any more. Its reason was: {rule.reason}",
                "mend the difference and remove the rule, or give it a later end",
            )
    everything = {"drift", "roundtrip"} | ({"structure"} if record.structure is not None else set())
    if everything <= set(made_checks) and record.head is not None:
        for rule in record.ignore.unused(_compared(record)):
            yield _finding(rule, "It leaves nothing out: no comparison finds such a difference.", "remove the rule")


def _compared(record: ChainRecord) -> Iterator[Difference]:
    """Give all differences that the comparisons of a run meet."""
    assert record.head is not None
    if record.models is not None:
        yield from difference(record.head, record.models.snapshot)
    if record.structure is not None and record.structure.snapshot is not None:
        yield from difference(record.head, record.structure.snapshot)
    if record.descent is not None and record.descent.snapshot is not None:
        yield from difference(record.base, record.descent.snapshot)
    for item in record.revisions:
        if item.downgrade is not None and item.downgrade.snapshot is not None:
            yield from difference(item.before, item.downgrade.snapshot)
        if item.reupgrade is not None and item.reupgrade.snapshot is not None and item.upgrade.snapshot is not None:
            yield from difference(item.upgrade.snapshot, item.reupgrade.snapshot)


def _finding(rule: IgnoreRule, message: str, mend: str) -> Finding:
    return Finding("graph", None, f"ignore rule {in_words(rule)}", message, f"{mend}: ignore in [tool.pgharness]")
