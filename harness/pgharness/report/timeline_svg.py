"""Draws a timeline as SVG: statements across, a lane for each lock, work and danger; bands of other kinds may be put beneath.

Places across are in per cent, so that it is as wide as its page without its words growing or shrinking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pgharness.report.markup import element, shortened, text
from pgharness.report.timeline import Blocks, HeldFor, Sent, Timeline

LANE_PX = 30
HEAD_PX = 44
TITLE_PX = 24
COLUMN_PX = 22
"""A column is never narrower: below that the drawing is scrolled."""
LETTER_PX = 6.7
LONGEST_WORDS = 56
MOST_LANES = 24
"""A band shows so many lanes; the rest is counted."""

LOOKS = {Blocks.ALL: "all", Blocks.WRITES: "writes", Blocks.DDL: "ddl"}


@dataclass(frozen=True, slots=True)
class Lane:
    """A bar from the column `first` to the column `last`, both included, with words above it and more in `title`; `look` is its class in page.css."""

    words: str
    title: str
    look: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Band:
    """Lanes of one kind beneath a heading."""

    heading: str
    lanes: tuple[Lane, ...]


def bands_of(timeline: Timeline) -> tuple[Band, ...]:
    """Return what a trace tells by itself: dangers, locks, work."""
    last = max(len(timeline.statements) - 1, 0)
    dangers = tuple(
        Lane(
            f"▲ {one.title}",
            f"{one.title}: {one.about}",
            "danger",
            one.statement if one.statement is not None else 0,
            one.statement if one.statement is not None else last,
        )
        for one in timeline.hazards
        if one.is_finding
    )
    works = tuple(
        Lane(one.words, one.words, f"work {one.doing}", one.statement, one.statement) for one in timeline.work
    )
    return (
        Band("Dangers", dangers),
        Band("Locks", tuple(map(_lane_of_lock, timeline.locks))),
        Band("Work on rows", works),
    )


def draw_timeline(timeline: Timeline, anchor: str, more_bands: Sequence[Band] = ()) -> str:
    """Return the drawing; statement n leads to the element `anchor-n`. Other bands stand beneath those of the trace."""
    bands = [band for band in (*bands_of(timeline), *more_bands) if band.lanes]
    body, height = [], HEAD_PX
    for band in bands:
        drawn, height = _band(band, height, len(timeline.statements))
        body.append(drawn)
    parts = (element("title", text(_in_one_sentence(timeline))), *_head(timeline, anchor, height), *body)
    return element(
        "svg",
        "".join(parts),
        class_="timeline",
        role="group",
        height=height,
        style=f"min-width:{_narrowest(timeline, bands)}px",
    )


def _lane_of_lock(bar: HeldFor) -> Lane:
    """Return a lock's lane; the mode comes first, so that it is never cut."""
    return Lane(
        f"{bar.mode} on {_named(bar).replace('public.', '')}",
        f"{bar.mode} on {_named(bar)}, statement {bar.first + 1} to {bar.last + 1}: {bar.waits}",
        LOOKS[bar.blocks],
        bar.first,
        bar.last,
    )


def _named(bar: HeldFor) -> str:
    """Return what is locked: `orders`, `orders + 2 indexes`, `sequence orders_id_seq`, `index orders_pkey`, `4 indexes of orders`."""
    if bar.table and bar.indexes > 1:
        return f"{bar.indexes} indexes of {bar.table}"
    beside = f" + {bar.indexes} index{'es' if bar.indexes > 1 else ''}" if bar.indexes and not bar.table else ""
    return f"{'' if bar.kind == 'table' else f'{bar.kind} '}{bar.relation}{beside}"


def _in_one_sentence(timeline: Timeline) -> str:
    """Return what somebody hears who does not see the drawing."""
    blocking = [bar for bar in timeline.locks if bar.blocks is not Blocks.DDL]
    told = "; ".join(f"{bar.mode} on {bar.relation} from {bar.first + 1} to {bar.last + 1}" for bar in blocking[:5])
    dangers = sum(one.is_finding for one in timeline.hazards)
    return (
        f"{len(timeline.statements)} statements, {len(timeline.locks)} locks, {dangers} dangers"
        f"{f'; held against a service: {told}' if told else ''}"
    )


def _narrowest(timeline: Timeline, bands: Sequence[Band]) -> int:
    """Return the width, in px, in which all words still fit."""
    count = max(len(timeline.statements), 1)
    needed = (
        (LETTER_PX * len(shortened(lane.words, LONGEST_WORDS)) + 8) / _room(lane, count)
        for band in bands
        for lane in band.lanes[:MOST_LANES]
    )
    return int(max(COLUMN_PX * count, *needed, 0))


def _room(lane: Lane, count: int) -> float:
    """Return which part of the width the words of a lane have: from the beginning of its bar, or up to its end."""
    return max(1 - lane.first / count, (lane.last + 1) / count)


def _head(timeline: Timeline, anchor: str, height: int) -> Iterator[str]:
    """Yield the columns behind everything, their numbers, and brackets over those of one transaction."""
    count = len(timeline.statements)
    dangerous = {one.statement for one in timeline.hazards if one.is_finding}
    for at, column in enumerate(timeline.statements):
        look = "column dangerous" if at in dangerous else "column"
        yield _box(look, at, at, count, top=22, height=height - 22)
        yield element(
            "a",
            element("title", text(shortened(" ".join(column.sql.split()), 300)))
            + element("text", _number(at, column), x=_per_cent(at + 0.5, count), y=38, text_anchor="middle"),
            href=f"#{anchor}-{at + 1}",
        )
    yield from _transactions(timeline.statements)


def _number(at: int, column: Sent) -> str:
    return f"{at + 1}" if column.times == 1 else f"{at + 1}×{column.times}"


def _transactions(columns: Sequence[Sent]) -> Iterator[str]:
    numbered = list(enumerate(columns))
    for number, group in groupby(numbered, key=lambda item: item[1].transaction or -item[0]):
        places = [at for at, _ in group]
        words = f"transaction {number}" if number > 0 else "by itself"
        bracket = _box(
            "transaction" if number > 0 else "transaction alone", places[0], places[-1], len(columns), top=16, height=3
        )
        label = element(
            "text",
            words if len(places) > 1 or len(columns) <= 3 else "",
            **_anchored(places[0], places[-1], len(columns)),
            y=11,
        )
        yield element("g", element("title", words) + bracket + label, class_="head")


def _band(band: Band, top: int, count: int) -> tuple[str, int]:
    """Return a band's drawing, and where it ends."""
    drawn = [element("text", text(band.heading), class_="heading", x=4, y=top + 17)]
    top += TITLE_PX
    for lane in band.lanes[:MOST_LANES]:
        drawn.append(_lane(lane, top, count))
        top += LANE_PX
    left = len(band.lanes) - MOST_LANES
    if left > 0:
        drawn.append(element("text", f"… and {left} more", class_="more", x=4, y=top + 13))
        top += TITLE_PX
    return "".join(drawn), top


def _lane(lane: Lane, top: int, count: int) -> str:
    words = element(
        "text", text(shortened(lane.words, LONGEST_WORDS)), **_anchored(lane.first, lane.last, count), y=top + 12
    )
    bar = _box(f"bar {lane.look}", lane.first, lane.last, count, top=top + 16, height=9)
    return element("g", element("title", text(lane.title)) + words + bar)


def _anchored(first: int, last: int, count: int) -> dict[str, str]:
    """Return where the words of a bar stand: from its beginning or up to its end, where there is more room."""
    if count - first >= last + 1:
        return {"x": _per_cent(first, count), "dx": "4", "text_anchor": "start"}
    return {"x": _per_cent(last + 1, count), "dx": "-4", "text_anchor": "end"}


def _box(look: str, first: int, last: int, count: int, *, top: int, height: int) -> str:
    return element(
        "rect",
        class_=look,
        x=_per_cent(first, count),
        y=top,
        width=_per_cent(last + 1 - first, count),
        height=height,
    )


def _per_cent(part: float, count: int) -> str:
    return f"{100 * part / max(count, 1):.2f}%"
