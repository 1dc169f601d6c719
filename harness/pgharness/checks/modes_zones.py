"""Judges what revisions make of rows in a session of another time zone; a part of the check `modes`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.catalog.names import unqualified
from pgharness.catalog.proposing.casts import cast
from pgharness.catalog.proposing.python_words import operation
from pgharness.checks.modes_told import NAME
from pgharness.describing.contents import in_one_line
from pgharness.findings import Finding, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord
from pgharness.records.zones import OtherValue, ZoneRun

LOCAL = "op.execute(\"SET LOCAL TIME ZONE 'UTC'\")"


def judge_zones(record: ChainRecord) -> Iterator[Finding | Note]:
    """Find each column whose values a revision takes for those of the session's zone; a clock that is written without one is a note."""
    for run in record.zones or ():
        item = record.record_of(run.revision)
        for other in run.others if item is not None else ():
            if other.is_clock:
                yield Note(NAME, run.revision, _clock(run, other, redacts=record.redacts))
            elif item is not None:
                yield _finding(item, run, other, redacts=record.redacts)


def _clock(run: ZoneRun, other: OtherValue, *, redacts: bool) -> str:
    values = "" if redacts else f" ({other.under_utc} under UTC, {other.elsewhere} under {run.zone})"
    return f"{other.table}.{other.column} gets the time of the session's TimeZone{values}: now() AT TIME ZONE 'UTC' is the same wherever it runs"


def _finding(item: RevisionRecord, run: ZoneRun, other: OtherValue, *, redacts: bool) -> Finding:
    column = f"{other.table}.{other.column}"
    before, after = _types(item, other)
    is_retyped = before is not None and after is not None and before != after
    culprit = _culprit(item, other, retypes=is_retyped)
    how = f"from {before} to {after} " if is_retyped else ""
    values = "" if redacts else f"{other.under_utc} under UTC, and {other.elsewhere} under {run.zone}"
    return Finding(
        NAME,
        item.revision.revision,
        f"column {column}",
        f"What it makes of the values {how}depends on the TimeZone of its session, which is the server's where nobody sets it: other rows come of it "
        "on another server.",
        _fix(item, other, before, after, culprit) if is_retyped else _name_zone(item, culprit),
        "\n".join(filter(None, [values, f"statement: {in_one_line(culprit.sql)}" if culprit is not None else ""])),
        culprit.line or None if culprit is not None else None,
        code="PGH-M012",
    )


def _fix(
    item: RevisionRecord, other: OtherValue, before: str | None, after: str | None, culprit: Statement | None
) -> str:
    """Say in which zone the values are, for the whole revision, or in the statement itself, which then writes each row anew.

    In a session whose zone is UTC PostgreSQL leaves the rows as they are (release notes of 12).
    """
    assert before is not None
    assert after is not None
    place = f"in place of line {culprit.line} of {item.revision.path}: " if culprit is not None and culprit.line else ""
    there = _retyped(other, after, cast(other.column, before, after))
    back = _retyped(other, before, cast(other.column, after, before))
    return (
        f"say in which zone they are, here UTC, {_for_all(item)}; and at the beginning of downgrade(): {LOCAL}; or {place}{there}, and in "
        f'downgrade(): {back}; and beside upgrade(), for it writes each row anew: allow = {{"locks": "<why it may wait>"}}'
    )


def _retyped(other: OtherValue, wanted: str, using: str) -> str:
    return operation(f"ALTER TABLE {other.table} ALTER COLUMN {other.column} TYPE {wanted} USING {using}")


def _name_zone(item: RevisionRecord, culprit: Statement | None) -> str:
    place = (
        f"in line {culprit.line} of {item.revision.path}"
        if culprit is not None and culprit.line
        else "in the statement"
    )
    return f"say in which zone they are, here UTC, {_for_all(item)}; or {place}: … AT TIME ZONE 'UTC'"


def _for_all(item: RevisionRecord) -> str:
    return f"at the beginning of upgrade() in {item.revision.path}: {LOCAL}"


def _types(item: RevisionRecord, other: OtherValue) -> tuple[str | None, str | None]:
    name = f"{other.table}.{other.column}"
    after = item.upgrade.snapshot
    return item.before.value("column", name, "type"), after.value("column", name, "type") if after is not None else None


def _culprit(item: RevisionRecord, other: OtherValue, *, retypes: bool) -> Statement | None:
    """Return the last statement of the revision's own that names table and column, and changes its type where it is that."""
    own = [one for one in item.upgrade.statements if one.file == item.revision.path]
    names = [re.compile(rf"(?<!\w){re.escape(unqualified(name))}(?!\w)") for name in (other.table, other.column)]
    found = [one for one in own if all(name.search(one.sql) for name in names)]
    retyping = [one for one in found if re.search(r"\bTYPE\b", one.sql, re.IGNORECASE)] if retypes else []
    return next(iter((*retyping[::-1], *found[::-1])), None)
