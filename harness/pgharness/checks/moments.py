"""Judges defaults, and conditions, that have the value of the moment at which a revision ran; it is a part of the check `upgrade`."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.catalog.proposing.columns import set_default
from pgharness.catalog.proposing.filling import NEUTRAL
from pgharness.catalog.proposing.python_words import operation
from pgharness.catalog.rendering.arrangement import Arrangement
from pgharness.catalog.rendering.parts import Contents
from pgharness.describing.origin import origin
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord
from pgharness.records.moments import at_the_heads, between, of_today
from pgharness.records.steps import RevisionRecord

NAME = "upgrade"
# Their values are times, or made by chance: PostgreSQL can give each row one.
_GIVEN_TO_EACH_ROW = ("date", "time", "uuid")


def judge_moments(record: ChainRecord) -> Iterator[Finding]:
    """Judge each default, and each definition, at the heads that another run of the chain has otherwise."""
    head = record.head
    if head is None or record.deployment is None or record.walked_head is None:
        return
    today = of_today(record)
    for fact in sorted(at_the_heads(record) | today.keys()):
        made = record.record_of(origin(record, fact, record.walked_head.facts[fact]) or "")
        value, other = record.walked_head.facts[fact], record.deployment.snapshot.facts.get(fact)
        yield Finding(
            check=NAME,
            revision=made.revision.revision if made is not None else None,
            subject=f"{fact.kind} {fact.object}",
            message=_in_words(fact),
            mend=_mend(fact, head, record, made),
            evidence=f"one run: {value}\nanother: {other}"
            if other != value
            else f"the day of this run, which its code does not name: {value}",
            code="PGH-U011",
        )


def _in_words(fact: FactKey) -> str:
    if fact.property == "default":
        return "Its default is a value of the moment at which the revision runs: each database gets another one, and all of its rows the same."
    return f"Its {fact.property} has a value of the moment at which the revision runs: each database gets another one, and keeps it."


def _mend(fact: FactKey, head: Snapshot, record: ChainRecord, made: RevisionRecord | None) -> str:
    """Return the revision that writes the default that the models have, else one that PostgreSQL evaluates for each row, or none."""
    there = f" in {made.revision.path}" if made is not None else ""
    if fact.property != "default":
        return f"write the same in each run in place of the value{there}, such as a day that is written out, and a revision that makes {fact.object} anew"
    if fact.kind != "column":
        return (
            f"write an expression that the server evaluates for each row, such as now(), in place of the value{there}"
        )
    column = ObjectKey(fact.kind, fact.object)
    wanted = _wanted(fact, head, record.models.snapshot if record.models is not None else None)
    call = operation(set_default(Contents(Arrangement(head)), column, wanted))
    given = "" if wanted is not None else ", where the program gives the value"
    return f"write a revision: {call}{given}; and for databases that are still to come the same in place of the value{there}"


def _is_moment(fact: FactKey, head: Snapshot, models: Snapshot) -> bool:
    """Whether the models have a moment too: that of their own import, or the same day."""
    return fact in between(head, models) or models.facts.get(fact) == head.facts[fact]


def _wanted(fact: FactKey, head: Snapshot, models: Snapshot | None) -> str | None:
    """Return the default of the models, where they have the column, and not the moment of their own import for one."""
    if models is not None and models.value(fact.kind, fact.object) is not None and not _is_moment(fact, head, models):
        return models.facts.get(fact)
    data_type = head.value(fact.kind, fact.object, "type") or ""
    return NEUTRAL.get(data_type.partition("(")[0]) if data_type.startswith(_GIVEN_TO_EACH_ROW) else None
