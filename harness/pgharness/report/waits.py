"""Lays the waits of traffic out beneath a timeline: each across the statement that was waited for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgharness.records.traffic import Waited, in_words
from pgharness.report.timeline import Timeline
from pgharness.report.timeline_svg import Band, Lane
from pgharness.trace.estimating import seconds_in_words

CUT = "…"


def band_of_waits(timeline: Timeline, waits: Sequence[Waited]) -> Band:
    """Return a lane for each wait, the longest first; one for what is no statement of the revision, as COMMIT, goes across all."""
    return Band("Waits of traffic", tuple(lane for one in waits for lane in _lanes(timeline, one)))


def _lanes(timeline: Timeline, one: Waited) -> Iterator[Lane]:
    last = max(len(timeline.statements) - 1, 0)
    column = next((at for at, sent in enumerate(timeline.statements) if _is_of(one.culprit, sent.sql)), None)
    seconds = seconds_in_words(one.waited_s)
    yield Lane(
        f"{seconds}: {in_words(one.act, one.relation.replace('public.', ''))}",
        f"`{one.sql}` waited {seconds} while the migration ran `{one.culprit}`",
        "wait",
        column if column is not None else 0,
        column if column is not None else last,
    )


def _is_of(culprit: str, statement: str) -> bool:
    """Whether the server's text of what ran, which may be cut, is that of a statement."""
    return bool(culprit) and " ".join(statement.split()).startswith(culprit.removesuffix(CUT))
