"""At the heads no definition defeats another one, or itself: what runs today and fails, or lets everybody in, later."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.catalog.facts import FactKey
from pgharness.checks.check import Check, Compare
from pgharness.checks.pitfalls_access import ACCESS
from pgharness.checks.pitfalls_values import VALUES, Pitfall
from pgharness.findings import Finding, Harm
from pgharness.records.chain_record import ChainRecord

NAME = "pitfalls"


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding]:
    """Judge the catalog at the heads, naming the revision since which each pitfall is there."""
    head = record.head
    assert head is not None
    for look in (*VALUES, *ACCESS):
        for one in look(head):
            yield Finding(NAME, _since(record, one), one.subject, one.message, one.mend, code=one.code, cause=one.cause)


def _since(record: ChainRecord, one: Pitfall) -> str | None:
    """Return the revision that was the last to change one of the facts that make it; None where no revision did."""
    head = record.head
    assert head is not None
    now = {key: head.facts.get(FactKey(*key)) for key in one.facts}
    for item in reversed(record.revisions):
        if any(item.before.facts.get(FactKey(*key)) != value for key, value in now.items()):
            return item.revision.revision
    return None


CHECK = Check(
    name=NAME,
    harm=Harm.SERVICE,
    claim="at the heads no definition defeats another: keys, actions, conditions and sequences fit, and nobody is let in or shut out by oversight",
    reason="Nothing of it fails while a migration runs: it fails a delete, a restore, a replica or a large number years later.",
    mend="let the two fit each other",
    judge=judge,
    only_at_heads=True,
)
