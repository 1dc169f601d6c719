"""A step laid out and drawn: how far a bar reaches, what it keeps waiting, and what stands where."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pgharness.records.statements import Statement
from pgharness.records.trace import HeldLock, Trace, TracedStatement, Work
from pgharness.records.traffic import Load, OnFewerRows, RevisionTraffic, Waited
from pgharness.report.timeline import MOST_COLUMNS, Blocks, timeline_of
from pgharness.report.timeline_svg import Band, Lane, draw_timeline
from pgharness.report.waits import band_of_waits
from tests.harness.report.reading import Page

EXCLUSIVE = HeldLock("public.a", "table", "ACCESS EXCLUSIVE", 0)


def sent(
    sql: str, *locks: HeldLock, transaction: int | None = 0, works: tuple[Work, ...] = (), line: int = 1
) -> TracedStatement:
    return TracedStatement(Statement(sql, file="x.py", line=line), transaction, locks, works)


BACKFILL = Trace(
    (
        sent("ALTER TABLE a ADD x int", EXCLUSIVE),
        sent(
            "UPDATE a SET x = 1",
            EXCLUSIVE,
            works=(Work("reads", "public.a", rows=6), Work("writes", "public.a", rows=6)),
        ),
        sent("SELECT 1", transaction=1),
    )
)


def test_a_bar_reaches_from_the_statement_that_takes_the_lock_to_the_last_one_under_it() -> None:
    (bar,) = timeline_of(BACKFILL).locks

    assert (bar.relation, bar.mode, bar.first, bar.last) == ("public.a", "ACCESS EXCLUSIVE", 0, 1)


@pytest.mark.parametrize(
    ("mode", "kind", "blocks"),
    [
        ("ACCESS EXCLUSIVE", "table", Blocks.ALL),
        ("SHARE", "table", Blocks.WRITES),
        ("SHARE ROW EXCLUSIVE", "partitioned table", Blocks.WRITES),
        ("SHARE UPDATE EXCLUSIVE", "table", Blocks.DDL),
        ("ROW EXCLUSIVE", "table", Blocks.DDL),
        ("SHARE", "index", Blocks.DDL),
    ],
)
def test_a_bar_says_what_the_lock_keeps_waiting(mode: str, kind: str, blocks: Blocks) -> None:
    timeline = timeline_of(Trace((sent("x", HeldLock("public.a", kind, mode, 0)),)))

    assert [bar.blocks for bar in timeline.locks] == [blocks]


def test_bars_that_keep_most_waiting_come_first() -> None:
    locks = [HeldLock(f"public.{mode[0]}", "table", mode, 0) for mode in ("ROW EXCLUSIVE", "SHARE", "ACCESS EXCLUSIVE")]

    assert [bar.blocks for bar in timeline_of(Trace((sent("x", *locks),))).locks] == list(Blocks)


def test_indexes_that_are_locked_alike_are_one_bar() -> None:
    def index(name: str, mode: str) -> HeldLock:
        return HeldLock(f"public.{name}", "index", mode, 0, "public.a")

    (table, indexes) = timeline_of(
        Trace((sent("x", EXCLUSIVE, index("i", "ACCESS EXCLUSIVE"), index("j", "SHARE"), index("k", "SHARE")),))
    ).locks

    assert (table.relation, table.indexes) == ("public.a", 1)
    assert (indexes.relation, indexes.indexes, indexes.table) == ("public.j", 2, "public.a")


def test_statements_that_repeat_are_one_column_and_what_is_too_many_is_counted() -> None:
    many = [sent(f"SELECT {at}", transaction=at) for at in range(MOST_COLUMNS + 5)]
    timeline = timeline_of(Trace((*(sent("UPDATE a SET x = 1", transaction=None) for _ in range(9)), *many)))

    assert timeline.statements[0].times == 9
    assert (len(timeline.statements), timeline.more) == (MOST_COLUMNS, 6)


def test_what_statements_that_repeat_lock_is_one_bar() -> None:
    def pieces(place: int) -> TracedStatement:
        index = HeldLock("public.i", "index", "ROW EXCLUSIVE", place, "public.a")
        return sent("UPDATE a", HeldLock("public.a", "table", "ROW EXCLUSIVE", place), index, transaction=place)

    (bar,) = timeline_of(Trace(tuple(pieces(place) for place in range(9)))).locks

    assert (bar.relation, bar.indexes, bar.first, bar.last) == ("public.a", 1, 0, 0)


def test_a_danger_behind_the_last_column_is_told_of_the_step() -> None:
    before = (sent(f"SELECT {at}") for at in range(MOST_COLUMNS))
    lock = HeldLock("public.a", "table", "ACCESS EXCLUSIVE", MOST_COLUMNS)
    late = sent("VACUUM FULL a", lock, works=(Work("rewrites", "public.a"),))

    hazards = timeline_of(Trace((*before, late))).hazards

    assert [(one.statement, one.id) for one in hazards] == [(None, "rewrite")]


def test_work_and_hazards_stand_at_their_statement() -> None:
    timeline = timeline_of(BACKFILL)

    assert {(one.statement, one.doing, one.rows) for one in timeline.work} == {(1, "reads", 6), (1, "writes", 6)}
    assert [(one.statement, one.id) for one in timeline.hazards if one.is_finding] == [(1, "held-over-work")]


def test_the_drawing_has_a_lane_for_each_and_a_link_for_each_statement() -> None:
    page = Page(draw_timeline(timeline_of(BACKFILL), "r1-upgrade"))

    assert page.values("href") == [f"#r1-upgrade-{number}" for number in (1, 2, 3)]
    assert [look for look in page.values("class") if look.startswith("bar ")] == [
        "bar danger",
        "bar all",
        "bar work reads",
        "bar work writes",
    ]
    assert "column dangerous" in page.values("class")
    assert {"ACCESS EXCLUSIVE on a", "reads the rows of public.a (6 here)"} <= set(page.words)
    assert any("ACCESS EXCLUSIVE on public.a from 1 to 2" in words for words in page.words)


def test_a_bar_lies_beneath_the_columns_that_it_reaches_over() -> None:
    drawing = draw_timeline(timeline_of(BACKFILL), "r1")

    (bar,) = re.findall(r'<rect class="bar all" x="([\d.]+)%" y="\d+" width="([\d.]+)%"', drawing)
    assert bar == ("0.00", "66.67")


def test_other_bands_stand_beneath_those_of_the_trace() -> None:
    waits = Band("Waits", (Lane("a SELECT waits 3 s", "of a session beside it", "all", 0, 1),))

    page = Page(draw_timeline(timeline_of(BACKFILL), "r1", [waits]))

    assert page.words[-3:] == ["Waits", "of a session beside it", "a SELECT waits 3 s"]


def test_words_have_room_in_the_narrowest_drawing() -> None:
    name = "public." + "n" * 40
    last = HeldLock(name, "table", "SHARE", 2)
    trace = Trace((sent("a"), sent("b"), sent("c", last)))

    drawing = draw_timeline(timeline_of(trace), "r1")

    (narrowest,) = re.findall(r"min-width:(\d+)px", drawing)
    assert 300 < int(narrowest) < 500
    assert 'x="100.00%" dx="-4" text-anchor="end"' in drawing


def test_a_wait_of_traffic_stands_beneath_the_statement_that_was_waited_for() -> None:
    """The server's text of a long statement is cut; what is no statement of the revision, as COMMIT, goes across all."""
    waits = (
        Waited("inserts a row", "public.a", "INSERT …", 1.5, "UPDATE a SET x…"),
        Waited("reads a row", "public.a", "SELECT …", 0.25, "COMMIT"),
    )

    fewer = OnFewerRows({"public.a": 100_000}, Load(9, (replace(waits[0], waited_s=0.2),)))
    traffic = RevisionTraffic("r", {"public.a": 1_000_000}, load=Load(9, waits))

    alone, band = (band_of_waits(timeline_of(BACKFILL), one) for one in (traffic, replace(traffic, fewer=fewer)))

    assert [(lane.words, lane.first, lane.last) for lane in alone.lanes] == [
        ("1.5 s: inserts a row of a", 1, 1),
        ("250 ms: reads a row of a", 0, 2),
    ]
    assert [lane.words for lane in band.lanes] == [
        "1.5 s (200 ms): inserts a row of a",
        "250 ms (none): reads a row of a",
    ]
    assert (alone.heading, band.heading) == ("Waits of traffic", "Waits of traffic on 1.0 M rows (and on 100 k)")
    assert "Waits of traffic" in Page(draw_timeline(timeline_of(BACKFILL), "x", [band])).text
