"""Lays the waits of traffic out beneath a timeline: each across the statement that was waited for."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.records.traffic import RevisionTraffic, Waited, in_words
from pgharness.report.timeline import Timeline
from pgharness.report.timeline_svg import Band, Lane
from pgharness.trace.estimating import rows_in_words, seconds_in_words
from pgharness.trace.slopes import Slope, slope_of

CUT = "…"


def band_of_waits(timeline: Timeline, traffic: RevisionTraffic) -> Band:
    """Return a lane for each wait, the longest first; one for what is no statement of the revision, as COMMIT, goes across all."""
    slope = next((slope for one in traffic.load.waits if (slope := slope_of(traffic, one))), None)
    sizes = f" on {rows_in_words(slope.rows)} rows (and on {rows_in_words(slope.fewer_rows)})" if slope else ""
    lanes = (lane for one in traffic.load.waits for lane in _lanes(timeline, traffic, one))
    return Band(f"Waits of traffic{sizes}", tuple(lanes))


def statement_of(timeline: Timeline, one: Waited) -> int | None:
    """Return which statement was waited for, counted from 0; None where it is none of the revision's."""
    return next((at for at, sent in enumerate(timeline.statements) if _is_of(one.culprit, sent.sql)), None)


def _lanes(timeline: Timeline, traffic: RevisionTraffic, one: Waited) -> Iterator[Lane]:
    last = max(len(timeline.statements) - 1, 0)
    column = statement_of(timeline, one)
    seconds = seconds_in_words(one.waited_s)
    slope = slope_of(traffic, one)
    yield Lane(
        f"{seconds}{_on_fewer(slope)}: {in_words(one.act, one.relation.replace('public.', ''))}",
        f"`{one.sql}` waited {seconds} while the migration ran `{one.culprit}`"
        + (f". {slope.in_words}" if slope else ""),
        "wait",
        column if column is not None else 0,
        column if column is not None else last,
    )


def _on_fewer(slope: Slope | None) -> str:
    if slope is None:
        return ""
    return f" ({seconds_in_words(slope.fewer_s) if slope.fewer_s else 'none'})"


def _is_of(culprit: str, statement: str) -> bool:
    """Whether the server's text of what ran, which may be cut, is that of a statement."""
    return bool(culprit) and " ".join(statement.split()).startswith(culprit.removesuffix(CUT))
