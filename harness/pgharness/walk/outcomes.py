"""Reads from what one revision came to how the walk is to go on: what failed, why it may, and whether the database still serves."""

from __future__ import annotations

from dataclasses import replace

from pgharness.records.steps import Failure, RevisionRecord, Step
from pgharness.records.trace import Trace
from pgharness.walk.position import Position

# The class of SQLSTATE for what a statement names and there is not; no rows make a difference to that.
_OF_THE_CATALOG = "42"


def own_failures(record: RevisionRecord) -> tuple[tuple[str, Failure], ...]:
    """Return the failures that are not the author's own refusal to go down."""
    steps = (("upgrade", record.upgrade), ("downgrade", record.downgrade), ("reupgrade", record.reupgrade))
    return tuple(
        (name, step.failure)
        for name, step in steps
        if step is not None and step.failure is not None and not (step.failure.refused and name == "downgrade")
    )


def waits_for_itself(record: RevisionRecord) -> bool:
    """Whether a revision waited for a lock of its own, as it does whoever deploys it."""
    return record.upgrade.failure is not None and bool(record.upgrade.failure.waited)


def can_only_fail(record: RevisionRecord) -> bool:
    """Whether a revision misses what one that was passed over would have made."""
    failure = record.upgrade.failure
    return record.behind is not None and failure is not None and (failure.sqlstate or "").startswith(_OF_THE_CATALOG)


def with_earlier_failures(record: RevisionRecord, position: Position) -> RevisionRecord:
    """Add why a revision failed on rows, or alone, where it does not fail without them, or in company."""
    still_failing = {name for name, _ in own_failures(record)}
    # One that its author refuses in any case refuses no rows.
    if position.newer is not None and (record.downgrade is None or record.downgrade.failure is None):
        failure = position.newer.downgrade.failure if position.newer.downgrade is not None else None
        record = replace(record, newer_rows=position.newer.newer_rows, newer_rows_failure=failure)
    if position.newer is not None and position.failed is None and not position.rows_failures:
        return record
    if position.failed is not None:
        return record if "upgrade" in still_failing else replace(record, alone_failure=position.failed.upgrade.failure)
    record = _with_traces(record, position)
    gone = {name: failure for name, failure in position.rows_failures if name not in still_failing}
    return replace(
        record,
        upgrade_rows_failure=gone.get("upgrade"),
        downgrade_rows_failure=gone.get("downgrade"),
        reupgrade_rows_failure=gone.get("reupgrade"),
    )


def undoes_nothing(record: RevisionRecord) -> bool:
    """Whether downgrade() passes without doing anything of what upgrade() did, which can then fail when it is run again, if only by that."""
    down = record.downgrade
    if down is None or down.failure is not None or any(one.file for one in down.statements):
        return False
    return down.snapshot == record.upgrade.snapshot != record.before


def is_left_as_upgraded(record: RevisionRecord) -> bool:
    """Whether the database still is what a clean upgrade to this revision gives, though its upgrade failed when it was run again."""
    again = record.reupgrade
    if again is None or again.failure is None or record.alone_failure or record.walk_failure:
        return False
    return undoes_nothing(record) and again.snapshot == record.upgrade.snapshot and again.left == again.met


def may_go_back(record: RevisionRecord) -> bool:
    """Whether a revision that has passed leads back to the schema that it met, as far as that was tried."""
    down, again = record.downgrade, record.reupgrade
    has_passed = record.upgrade.failure is None and record.upgrade_rows_failure is None and not is_spoiled(record)
    if not has_passed or not record.revision.has_downgrade or record.revision.irreversible is not None:
        return False
    if down is None:
        return again is None
    return down.failure is None and down.snapshot == record.before and again is not None and again.failure is None


def traces_of_passed(record: RevisionRecord) -> tuple[tuple[str, Trace], ...]:
    """Return what the steps that passed did, by name."""
    steps = (("upgrade", record.upgrade), ("downgrade", record.downgrade))
    return tuple(
        (name, step.trace) for name, step in steps if step is not None and not step.failure and step.trace is not None
    )


def _with_traces(record: RevisionRecord, position: Position) -> RevisionRecord:
    """Let the steps have done what they did on rows."""
    traces = dict(position.traces)

    def traced(name: str, step: Step) -> Step:
        return replace(step, trace=traces[name]) if name in traces and step.failure is None else step

    downgrade = traced("downgrade", record.downgrade) if record.downgrade is not None else None
    return replace(record, upgrade=traced("upgrade", record.upgrade), downgrade=downgrade)


def is_spoiled(record: RevisionRecord) -> bool:
    """Whether the database is no longer what a clean upgrade to this revision gives."""
    return bool(record.alone_failure or record.walk_failure) or not record.ends_as_upgraded
