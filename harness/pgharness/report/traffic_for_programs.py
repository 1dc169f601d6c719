"""What readers and writers met while a revision ran, as the JSON has it: waits with who was waited for, errors, and the run behind a reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from pgharness.records.steps import Failure
from pgharness.records.traffic import Load, OnFewerRows, Queue, RevisionTraffic, Waited
from pgharness.report.timeline import Timeline
from pgharness.report.waits import statement_of
from pgharness.trace.slopes import slope_of

_DIGITS = 4


def traffic_in_values(traffic: RevisionTraffic, timeline: Timeline) -> dict[str, object]:
    """Return `{"untried", "rows", "duration_s", "failure", "sent", "waits", "errors", "fewer", "behind_a_reader"}` of a revision."""
    waits = [
        {**_wait(timeline, one), "grows": slope.grows if (slope := slope_of(traffic, one)) else None}
        for one in traffic.load.waits
    ]
    return {
        "untried": traffic.untried,
        **_run(traffic.rows, traffic.duration_s, traffic.failure, traffic.load, timeline),
        "waits": waits,
        "fewer": _fewer(traffic.fewer, timeline),
        "behind_a_reader": _queue(traffic.queue, timeline),
    }


def _run(
    rows: Mapping[str, int], duration_s: float, failure: Failure | None, load: Load, timeline: Timeline
) -> dict[str, object]:
    return {"rows": dict(rows), "duration_s": round(duration_s, _DIGITS), "failure": _failure(failure)} | _load(
        load, timeline
    )


def _load(load: Load, timeline: Timeline) -> dict[str, object]:
    return {
        "sent": load.sent,
        "waits": [_wait(timeline, one) for one in load.waits],
        "errors": [asdict(one) for one in load.errors],
    }


def _wait(timeline: Timeline, one: Waited) -> dict[str, object]:
    """Return a wait with the statement of the revision that was waited for, as the timeline counts them."""
    return {**asdict(one), "waited_s": round(one.waited_s, _DIGITS), "statement": statement_of(timeline, one)}


def _fewer(fewer: OnFewerRows | None, timeline: Timeline) -> dict[str, object] | None:
    return _run(fewer.rows, fewer.duration_s, fewer.failure, fewer.load, timeline) if fewer is not None else None


def _queue(queue: Queue | None, timeline: Timeline) -> dict[str, object] | None:
    if queue is None:
        return None
    return {
        "held_s": round(queue.held_s, _DIGITS),
        "went_on": queue.went_on,
        "gave_up": _failure(queue.gave_up),
        "retry": {"failure": _failure(queue.retry), "invalid": list(queue.invalid)} if queue.gave_up else None,
        **_load(queue.load, timeline),
    }


def _failure(failure: Failure | None) -> dict[str, object] | None:
    if failure is None:
        return None
    return {"message": failure.message.partition("\n")[0], "sqlstate": failure.sqlstate or ""}
