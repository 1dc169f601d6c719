"""Runs revisions that may go by the session's time zone under UTC and under another one, on the same rows, and compares what they make of them."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from psycopg import sql

from pgharness.catalog.names import qualifier, unqualified, unquoted
from pgharness.chain.conversation import converse
from pgharness.chain.messages import UP
from pgharness.experiments.experiment import FollowUp, Site
from pgharness.experiments.held_rows import read_held_rows
from pgharness.experiments.road import Road, new_road
from pgharness.findings import CannotRun
from pgharness.records.chain_record import ChainRecord
from pgharness.records.held_rows import HeldRows
from pgharness.records.revisions import Revision
from pgharness.records.steps import RevisionRecord
from pgharness.records.zones import OtherValue, ZoneRun

ELSEWHERE = "Pacific/Kiritimati"
"""The zone that is farthest from UTC: of most moments the day is another one there."""
MOST = 6
"""So many revisions are tried, the newest ones; each takes some runs."""
# What goes by the session's zone (manual, "Date/Time Functions and Operators"), beside values of a type with a zone.
_BY_ZONE = re.compile(
    r"\bAT\s+TIME\s+ZONE\b|::\s*(?:timestamp|date|time)|\bAS\s+(?:timestamp|date|time)|\bto_char\s*\(|\bto_timestamp\s*\(|\bdate_trunc\s*\("
    r"|\bdate_part\s*\(|\bextract\s*\(|\bnow\s*\(|\bcurrent_(?:date|time|timestamp)\b|\blocaltime",
    re.IGNORECASE,
)
_WRITES = re.compile(r"\b(?:INSERT|UPDATE|MERGE)\b|\bALTER\s+TABLE\b.*\b(?:ADD|TYPE)\b", re.IGNORECASE | re.DOTALL)
_WITH_ZONE = "with time zone"


def try_zones(site: Site, record: ChainRecord) -> tuple[ZoneRun, ...]:
    """Try the newest revisions that may go by the time zone; none where the chain does not pass on rows once more."""
    before = record.chain.ancestors(site.settings.since) if site.settings.since else frozenset()
    wanted = [one for one in record.revisions if one.revision.revision not in before and may_go_by_zone(one)][-MOST:]
    if not wanted or not site.settings.rows_per_table:
        return ()
    found: list[ZoneRun] = []
    with contextlib.suppress(CannotRun), new_road(site, site.settings.rows_per_table) as road:
        for one in wanted:
            road.go_before(one.revision)
            others = tuple(_others(road, one.revision))
            found += [ZoneRun(one.revision.revision, ELSEWHERE, others)] if others else []
    return tuple(found)


def may_go_by_zone(item: RevisionRecord) -> bool:
    """Whether an upgrade changes a column to or from a type with a zone, or writes rows by what has one, or goes by the session's."""
    step = item.upgrade
    if step.failure is not None or step.snapshot is None:
        return False
    zoned = set()
    for snapshot in (item.before, step.snapshot):
        zoned |= {key for key in snapshot.objects("column") if _WITH_ZONE in (snapshot.value(*key, "type") or "")}
    for key in zoned:
        types = {one.value(*key, "type") for one in (item.before, step.snapshot)}
        if None not in types and len(types) > 1:
            return True
    said = [one.sql for one in step.statements if one.file == item.revision.path]
    if not any(map(_WRITES.search, said)):
        return False
    words = set(re.findall(r"[\w$]+", " ".join(said)))
    names = {(unquoted(unqualified(qualifier(key.object))), unquoted(unqualified(key.object))) for key in zoned}
    return any(map(_BY_ZONE.search, said)) or any({*name} <= words for name in names)


def _others(road: Road, revision: Revision) -> Iterator[OtherValue]:
    """Yield the columns that differ by the zone, and by nothing else: what differs from run to run under one tells nothing."""
    utc, elsewhere = (_held(road, revision, zone) for zone in ("UTC", ELSEWHERE))
    if utc is None or elsewhere is None or utc == elsewhere:
        return
    again = _held(road, revision, "UTC") or {}
    for table in sorted(utc.keys() & elsewhere.keys() & again.keys()):
        for column in sorted({name for row in utc[table] for name in row}):
            here, there, control = (Counter(row.get(column) for row in held[table]) for held in (utc, elsewhere, again))
            if here == control and here != there and sum(here.values()) == sum(there.values()):
                pair = next(iter(here - there)), next(iter(there - here))
                yield OtherValue(table, column, str(pair[0]), str(pair[1]), is_clock=_is_of_now(str(pair[0])))


def _held(road: Road, revision: Revision, zone: str) -> HeldRows | None:
    """Run a revision on a copy whose sessions begin in a zone, and return what the tables hold then; None where it fails there."""
    with road.copy() as copy:
        with copy.connect() as session:
            name = sql.Identifier(copy.name)
            session.execute(sql.SQL("ALTER DATABASE {} SET timezone = {}").format(name, sql.Literal(zone)))
        with converse(road.site.project, copy) as conversation:
            steps = list(conversation.steps([(revision.revision, UP)], apart=True))
            table = conversation.version_table
        if any(step.failure is not None for step in steps):
            return None
        with copy.connect() as observer:
            return read_held_rows(observer, (table,))


def _is_of_now(value: str) -> bool:
    """Whether a value is a moment of now, or today."""
    text = value.strip('"')
    if text == "now":
        return True
    try:
        return abs(date.fromisoformat(text[:10]) - datetime.now(tz=UTC).date()) <= timedelta(days=1)
    except ValueError:
        return False


FOLLOW_UP = FollowUp("zones", try_zones)
