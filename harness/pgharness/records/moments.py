"""Tells what the catalog has of the moment at which a revision ran: a default, or a condition, that each run of the chain writes with another value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.catalog.diff import difference
from pgharness.catalog.facts import FactKey, Snapshot
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Revision

# Of these PostgreSQL keeps the value; what it evaluates anew is no literal.
_WRITTEN_ONCE = frozenset({"default", "definition"})
# A time, a UUID, a token, or the seconds since 1970, as a literal has them; what stands around them is the same in each run.
_OF_A_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[+-]\d\d(?::?\d\d)?|Z)?)?"
    r"|\b\d\d:\d\d:\d\d(?:\.\d+)?\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b(?=[a-z]*\d)[0-9a-z]{16,}\b|\b\d{10}(?:\.\d+|\d{3}|\d{6})?\b",
    re.IGNORECASE,
)


def of_the_moment(record: ChainRecord) -> frozenset[FactKey]:
    """Return what two runs of the same revisions wrote otherwise, where only a time, a UUID or a token in it is another one."""
    return frozenset(fact for first, second in _runs(record) for fact in between(first, second))


def at_the_heads(record: ChainRecord) -> frozenset[FactKey]:
    """Return those of them that are left where the chain ends."""
    return frozenset(fact for first, second in _runs_to_the_heads(record) for fact in between(first, second))


def of_today(record: ChainRecord) -> dict[FactKey, Revision]:
    """Return the facts at the heads that have the day of the run, of which two runs tell nothing, with the revision that wrote it and names no such day."""
    if record.walked_head is None:
        return {}
    found: dict[FactKey, Revision] = {}
    days = {day for one in record.chain.revisions for day in one.unsaid_days}
    if not days:
        return found
    for fact, value in record.walked_head.facts.items():
        if fact.property not in _WRITTEN_ONCE or not any(_has(value, day) for day in days):
            continue
        made = next((one for one in reversed(record.revisions) if one.before.facts.get(fact) != value), None)
        if made is not None and any(_has(value, day) for day in made.revision.unsaid_days):
            found[fact] = made.revision
    return found


def _has(value: str, day: str) -> bool:
    """Whether a literal in an expression is, or begins with, a day as people write it."""
    year, month, of_month = day.split("-")
    written = (
        *(mark.join((year, month, of_month)) for mark in ("-", "/", "")),
        *(mark.join((of_month, month, year)) for mark in ("-", "/", ".")),
        f"{month}/{of_month}/{year}",
    )
    return any(re.search(rf"'{re.escape(one)}(?!\d)", value) for one in written)


def between(first: Snapshot, second: Snapshot) -> Iterator[FactKey]:
    """Yield the facts of two catalogs that only a time, a UUID or a token tells from each other."""
    if first == second:
        return
    for one in difference(first, second):
        values = (one.left, one.right)
        if None not in values and len({_without(str(value)) for value in values}) == 1:
            yield FactKey(one.kind, one.object, one.property)


def _runs_to_the_heads(record: ChainRecord) -> Iterator[tuple[Snapshot, Snapshot]]:
    deployment = record.deployment
    if record.walked_head is not None and deployment is not None and deployment.is_at(record.chain):
        yield record.walked_head, deployment.snapshot


def _runs(record: ChainRecord) -> Iterator[tuple[Snapshot, Snapshot]]:
    """Yield the catalogs of two runs that ought to be the same."""
    yield from _runs_to_the_heads(record)
    for item in record.revisions:
        first, second = item.upgrade.snapshot, item.reupgrade.snapshot if item.reupgrade is not None else None
        if first is not None and second is not None:
            yield first, second
    for race in record.crash.races if record.crash is not None else ():
        yield race.expected, race.snapshot


def _without(text: str) -> str:
    return _OF_A_MOMENT.sub("…", text)
