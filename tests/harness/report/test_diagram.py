"""The diagram of a revision: which tables are on it, what is marked, and that forty tables can be read."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Databases
from pgharness.report.diagram import MOST_TABLES, Change, Diagram, diagram_of
from pgharness.report.diagram_svg import draw_diagram
from pgharness.servers import Server
from tests.harness.report.reading import Page

BEFORE = """
CREATE TABLE author (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE book (id bigint PRIMARY KEY, author bigint NOT NULL REFERENCES author, old text, kind text, editor bigint REFERENCES author);
CREATE TABLE page (book bigint REFERENCES book, number int, PRIMARY KEY (book, number));
CREATE TABLE elsewhere (id bigint PRIMARY KEY);
CREATE TABLE gone (id bigint PRIMARY KEY, book bigint REFERENCES book);
"""
AFTER = """
ALTER TABLE book DROP COLUMN old, ADD COLUMN price int, ALTER COLUMN kind SET NOT NULL;
CREATE INDEX book_price ON book (price);
DROP TABLE gone;
CREATE TABLE chapter (book bigint PRIMARY KEY REFERENCES book);
CREATE TYPE cover AS ENUM ('hard');
"""


@pytest.fixture(scope="module")
def snapshots(pg_server: Server) -> Callable[[str, str], tuple[Snapshot, Snapshot]]:
    """Give the catalogs before and after some SQL."""

    def read(before: str, after: str) -> tuple[Snapshot, Snapshot]:
        with (
            Databases(pg_server) as databases,
            databases.experiment("diagram") as database,
            database.connect() as connection,
        ):
            connection.execute(before)
            first = take_snapshot(connection)
            connection.execute(after)
            return first, take_snapshot(connection)

    return read


@pytest.fixture(scope="module")
def diagram(snapshots: Callable[[str, str], tuple[Snapshot, Snapshot]]) -> Diagram:
    return diagram_of(*snapshots(BEFORE, AFTER))


def test_it_shows_the_tables_that_change_and_their_neighbours_alone(diagram: Diagram) -> None:
    assert {table.name.removeprefix("public."): table.change for table in diagram.tables} == {
        "book": Change.CHANGED,
        "chapter": Change.ADDED,
        "gone": Change.REMOVED,
        "author": Change.NONE,
        "page": Change.NONE,
    }
    assert diagram.elsewhere == ((Change.ADDED, "type cover"),)


def test_columns_and_what_else_belongs_to_a_table_are_marked_as_they_change(diagram: Diagram) -> None:
    book = next(table for table in diagram.tables if table.name == "public.book")

    assert [(one.name, one.type, one.marks, one.change) for one in book.columns] == [
        ("id", "bigint", "PK", Change.NONE),
        ("author", "bigint", "FK", Change.NONE),
        ("old", "text?", "", Change.REMOVED),
        ("kind", "text", "", Change.CHANGED),
        ("editor", "bigint?", "FK", Change.NONE),
        ("price", "integer?", "", Change.ADDED),
    ]
    assert (Change.ADDED, "index book_price") in book.changes


def test_keys_come_go_and_may_be_optional(diagram: Diagram) -> None:
    keys = {(key.child, key.columns): (key.change, key.is_optional) for key in diagram.keys}

    assert keys["public.book", ("author",)] == (Change.NONE, False)
    assert keys["public.book", ("editor",)] == (Change.NONE, True)
    assert keys["public.gone", ("book",)] == (Change.REMOVED, True)
    assert keys["public.chapter", ("book",)] == (Change.ADDED, False)


def test_no_two_boxes_lie_upon_each_other_and_what_is_referred_to_stands_on_the_left(diagram: Diagram) -> None:
    boxes = boxes_of(draw_diagram(diagram))

    assert len(boxes) == 5
    assert not any(overlap(one, other) for one in boxes.values() for other in boxes.values() if one is not other)
    assert boxes["author"][0] < boxes["~ book"][0] < boxes["page"][0]


def test_forty_tables_made_at_once_are_all_there_and_apart(
    snapshots: Callable[[str, str], tuple[Snapshot, Snapshot]],
) -> None:
    made = "CREATE TABLE t0 (id bigint PRIMARY KEY);" + "".join(
        f"CREATE TABLE t{at} (id bigint PRIMARY KEY, up bigint REFERENCES t{at // 3}, "
        + ", ".join(f"c{number} text" for number in range(20))
        + ");"
        for at in range(1, 40)
    )

    drawing = draw_diagram(diagram_of(*snapshots("SELECT 1", made)))

    boxes = list(boxes_of(drawing).values())
    assert len(boxes) == 40
    assert not any(overlap(one, other) for at, one in enumerate(boxes) for other in boxes[:at])
    assert max(y + height for _, y, _, height in boxes) < 1_000  # so that one need not scroll down for long
    assert "  … 10 more columns" in Page(drawing).words
    assert len(drawing) < 200_000


def test_tables_beyond_those_that_have_room_are_counted(
    snapshots: Callable[[str, str], tuple[Snapshot, Snapshot]],
) -> None:
    made = "".join(f"CREATE TABLE t{at} (id bigint);" for at in range(MOST_TABLES + 3))

    found = diagram_of(*snapshots("SELECT 1", made))

    assert (len(found.tables), found.left_out) == (MOST_TABLES, 3)


def test_a_circle_of_keys_and_one_to_the_table_itself_are_drawn(
    snapshots: Callable[[str, str], tuple[Snapshot, Snapshot]],
) -> None:
    made = (
        "CREATE TABLE a (id bigint PRIMARY KEY, up bigint REFERENCES a); CREATE TABLE b (id bigint PRIMARY KEY, a bigint REFERENCES a);"
        "ALTER TABLE a ADD b bigint REFERENCES b"
    )

    drawing = draw_diagram(diagram_of(*snapshots("SELECT 1", made)))

    assert drawing.count("<path") == 3


Box = tuple[float, float, float, float]


def boxes_of(drawing: str) -> dict[str, Box]:
    """Return x, y, width and height of each box, by what stands in its head."""
    found = re.findall(
        r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" rx="5" class="box"></rect><text [^>]*>([^<]*)<',
        drawing,
    )
    return {name: (float(x), float(y), float(width), float(height)) for x, y, width, height, name in found}


def overlap(one: Box, other: Box) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )
