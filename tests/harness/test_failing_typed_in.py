"""What is told of a statement that the server refuses, typed in at its line, lets the revision and its way back pass; by SQLSTATE."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import Revision, sql
from tests.harness.history.typing_in import first_code, type_in
from tests.harness.runs import told
from tests.harness.typed import code_of

MAKES = Revision(
    "makes",
    sql(
        "CREATE TABLE author (id int PRIMARY KEY, name text)",
        "CREATE TABLE book (id serial PRIMARY KEY, title text, pages int NOT NULL, born text DEFAULT '1', author_id int REFERENCES author, CHECK (pages > 0))",
        "CREATE TYPE mood AS ENUM ('sad')",
        "CREATE VIEW pages AS SELECT pages FROM book",
        "INSERT INTO author VALUES (1)",
        "INSERT INTO book (title, pages, author_id) VALUES ('a long title', 5, 1), ('a long title', 6, 1)",
    ),
    sql("DROP VIEW pages", "DROP TABLE book, author", "DROP TYPE mood"),
)
# The SQLSTATE, and the statements of which the server refuses the last.
REFUSED = {
    "42P01 a table": ("ALTER TABLE boook ADD x int",),
    "42P01 to drop": ("DROP TABLE nothing",),
    "42703 an index": ("CREATE INDEX i ON book (titel)",),
    "42703 to drop": ("ALTER TABLE book DROP nothing",),
    "42P07 a table": ("CREATE TABLE book (id int)",),
    "42701 a column": ("ALTER TABLE book ADD title text",),
    "42704 a type": ("ALTER TABLE book ADD m moood",),
    "42704 an index": ("DROP INDEX nothing",),
    "42704 a constraint": ("ALTER TABLE book DROP CONSTRAINT nothing",),
    "42710 a type": ("CREATE TYPE mood AS ENUM ('glad')",),
    "42710 a constraint": ("ALTER TABLE book ADD CONSTRAINT book_pages_check CHECK (pages > 1)",),
    "23502 a row": ("INSERT INTO book (title) VALUES ('b')",),
    "23502 a column": ("ALTER TABLE book ADD isbn varchar(20) NOT NULL",),
    "23502 a column that is there": ("UPDATE book SET title = NULL", "ALTER TABLE book ALTER title SET NOT NULL"),
    "23505 a row": ("INSERT INTO author VALUES (1)",),
    "23505 a constraint": ("ALTER TABLE book ADD UNIQUE (title)",),
    "23503 a row": ("INSERT INTO book (title, pages, author_id) VALUES ('b', 1, 99)",),
    "23503 to delete": ("DELETE FROM author WHERE id = 1",),
    "23503 a constraint": (
        "ALTER TABLE book ADD other int DEFAULT 7",
        "ALTER TABLE book ADD CONSTRAINT other FOREIGN KEY (other) REFERENCES author (id)",
    ),
    "23514 a constraint": ("ALTER TABLE book ADD CHECK (pages > 5)",),
    "22001 a type": ("ALTER TABLE book ALTER title TYPE varchar(3)",),
    "22P02 a type": ("ALTER TABLE book ALTER title TYPE int USING title::int",),
    "42804 a type": ("UPDATE book SET title = '3'", "ALTER TABLE book ALTER title TYPE int"),
    "42804 a default": ("ALTER TABLE book ALTER born TYPE int USING born::int",),
    "42804 a value": ("UPDATE book SET pages = born",),
    "25001 an index": ("CREATE INDEX CONCURRENTLY i ON book (title)",),
    "25001 a vacuum": ("VACUUM book",),
    "2BP01 a table": ("DROP TABLE author",),
    "2BP01 a column": ("ALTER TABLE book DROP pages",),
    "0A000 a view": ("ALTER TABLE book ALTER pages TYPE bigint",),
}
NOT_NULL = "ALTER TABLE book ALTER title DROP NOT NULL"
# What upgrade() does, and the downgrade that fails.
WAYS_BACK = {
    "42703": (("ALTER TABLE book ADD price int",), ("ALTER TABLE book DROP prise",)),
    "42704": (("CREATE INDEX book_title ON book (title)",), ("DROP INDEX book_titel",)),
    "42704 an index that went with its column": (
        ("ALTER TABLE book ADD x int", "CREATE INDEX book_x ON book (x)"),
        ("ALTER TABLE book DROP x", "DROP INDEX book_x"),
    ),
    "42704 a constraint that went with its column": (
        ("ALTER TABLE book ADD x int CONSTRAINT book_x UNIQUE",),
        ("ALTER TABLE book DROP x", "ALTER TABLE book DROP CONSTRAINT book_x"),
    ),
    "42704 an index that went with its table": (
        ("CREATE TABLE shelf (id int)", "CREATE INDEX shelf_id ON shelf (id)"),
        ("DROP TABLE shelf", "DROP INDEX shelf_id"),
    ),
    "42P01": (("CREATE TABLE shelf (id int)",), ("DROP TABLE shelff",)),
    "42804": (("ALTER TABLE author ALTER id TYPE text",), ("ALTER TABLE author ALTER id TYPE int",)),
    "2BP01": (("CREATE TYPE size AS ENUM ('s')", "ALTER TABLE book ADD size size"), ("DROP TYPE size",)),
    "2BP01 a schema": (
        ("CREATE SCHEMA shop", "CREATE TYPE shop.kind AS ENUM ('s')", "CREATE TABLE shop.t (k shop.kind)"),
        ("DROP SCHEMA shop",),
    ),
    "2BP01 a schema's type": (
        ("CREATE SCHEMA shop", "CREATE TYPE shop.kind AS ENUM ('s')", "CREATE TABLE shop.t (k shop.kind)"),
        ("DROP TABLE shop.t", "DROP SCHEMA shop"),
    ),
    "25001": (("CREATE INDEX i ON book (title)",), ("DROP INDEX CONCURRENTLY i",)),
    "42P07": (("ALTER TABLE author ADD x int",), ("ALTER TABLE author DROP x", "CREATE TABLE author (id int)")),
}
PLAIN = Revision(
    "makes",
    sql("CREATE TABLE t (id int PRIMARY KEY, a int, b text NOT NULL, c text, UNIQUE (c), CONSTRAINT a CHECK (a > 5))"),
    sql("DROP TABLE t"),
)
ON_ROWS = {
    "23502 a column": (("ALTER TABLE t DROP b",), ("ALTER TABLE t ADD b text NOT NULL",)),
    "23502 a column that is there": (
        ("ALTER TABLE t ALTER b DROP NOT NULL", "UPDATE t SET b = NULL"),
        ("ALTER TABLE t ALTER b SET NOT NULL",),
    ),
    "23505": (
        ("ALTER TABLE t DROP CONSTRAINT t_c_key", "UPDATE t SET c = 'same'"),
        ("ALTER TABLE t ADD CONSTRAINT t_c_key UNIQUE (c)",),
    ),
    "23514": (
        ("ALTER TABLE t DROP CONSTRAINT a", "UPDATE t SET a = 1"),
        ("ALTER TABLE t ADD CONSTRAINT a CHECK (a > 5)",),
    ),
    "22P02": (
        ("ALTER TABLE t DROP CONSTRAINT a", "ALTER TABLE t ALTER a TYPE text", "UPDATE t SET a = 'x'"),
        ("ALTER TABLE t ALTER a TYPE int USING a::int", "ALTER TABLE t ADD CONSTRAINT a CHECK (a > 5)"),
    ),
}
Judge = Callable[..., Run]
Again = Callable[..., Report]


def corrected(report: Report, code: str, judge_again: Again) -> list[tuple[str, str, str, str]]:
    """Type in what is told of this code; give what is found of it then, or of a revision that did not pass before."""
    found = [one for one in report.findings if one.code == code]
    edits = [(one, first_code(one)) for one in found]
    assert edits
    assert all(edit for _, edit in edits), found[0].mend
    type_in(edits, {one.revision: Path(one.path) for one in report.chain.revisions})
    again = judge_again(report, only=("upgrade", "roundtrip", "crash")).findings
    # That upgrades wait for each other is a matter of env.py.
    return told(one for one in again if one.code != "PGH-K004")


@pytest.mark.parametrize("name", REFUSED)
def test_a_statement_that_is_refused_is_corrected(name: str, judge_chain: Judge, judge_again: Again) -> None:
    bad = Revision("bad", sql(*REFUSED[name]), "raise NotImplementedError(irreversible)", "irreversible = 'a test'")
    report = judge_chain(MAKES, bad, only=("upgrade",)).report

    assert [one.code for one in report.findings] == ["PGH-U001"]
    assert f"(SQLSTATE {name[:5]})" in report.findings[0].message
    # What advice says in general of such statements is not said beside it once more.
    assert not re.search(r"or correct upgrade\(\)|, or fill or clean", report.findings[0].mend)
    assert corrected(report, "PGH-U001", judge_again) == []


def test_a_label_is_committed_before_it_is_used(judge_chain: Judge, judge_again: Again) -> None:
    up = sql("ALTER TYPE mood ADD VALUE 'new'", "ALTER TABLE book ADD mood mood DEFAULT 'new'")
    bad = Revision("bad", up, "raise NotImplementedError(irreversible)", "irreversible = 'a test'")
    report = judge_chain(MAKES, bad, only=("upgrade",)).report

    assert [one.code for one in report.findings] == ["PGH-U003"]
    assert corrected(report, "PGH-U003", judge_again) == []


@pytest.mark.parametrize("name", WAYS_BACK)
def test_a_downgrade_that_fails_is_corrected(name: str, judge_chain: Judge, judge_again: Again) -> None:
    makes = MAKES if name != "42804" else PARENTLESS
    up, down = WAYS_BACK[name]
    report = judge_chain(makes, Revision("bad", sql(*up), sql(*down))).report

    assert corrected(report, "PGH-R002", judge_again) == []


PARENTLESS = Revision("makes", sql("CREATE TABLE author (id int PRIMARY KEY)"), sql("DROP TABLE author"))


def test_a_constraint_without_a_name_is_dropped_by_that_which_the_server_gave(
    judge_chain: Judge, judge_again: Again
) -> None:
    check = "op.create_check_constraint(None, 'author', 'id = id')"
    makes = Revision("makes", sql("CREATE TABLE author (id int PRIMARY KEY, name text)"), sql("DROP TABLE author"))
    bad = Revision("bad", check, "op.drop_constraint(None, 'author', type_='check')")
    report = judge_chain(makes, bad).report
    (found,) = report.findings

    path = Path(report.chain.revisions[-1].path)
    path.write_text(path.read_text().replace(bad.down, code_of(found)), encoding="utf-8")

    assert found.code == "PGH-R002"
    assert told(judge_again(report, only=("upgrade", "roundtrip")).findings) == []


def test_a_default_that_the_same_call_sets_is_not_set_once_more(judge_chain: Judge, judge_again: Again) -> None:
    makes = Revision("makes", sql("CREATE TABLE t (b int DEFAULT 1)"), sql("DROP TABLE t"))
    call = "op.alter_column('t', 'b', type_=sa.Boolean(), postgresql_using='b::boolean', server_default=sa.true())"
    bad = Revision("bad", call, "raise NotImplementedError(irreversible)", "irreversible = 'a test'")
    report = judge_chain(makes, bad, only=("upgrade",)).report

    assert [one.code for one in report.findings] == ["PGH-U001"]
    assert corrected(report, "PGH-U001", judge_again) == []
    assert "SET DEFAULT" not in report.findings[0].mend


@pytest.mark.parametrize("name", ON_ROWS)
def test_a_downgrade_that_fails_on_rows_is_corrected(name: str, judge_chain: Judge, judge_again: Again) -> None:
    up, down = ON_ROWS[name]
    report = judge_chain(PLAIN, Revision("bad", sql(*up), sql(*down))).report

    assert not re.search(r"or (?:correct|let) downgrade\(\)", report.findings[0].mend)
    assert corrected(report, "PGH-R003", judge_again) == []


def test_a_downgrade_that_fails_on_what_a_later_one_leaves_is_corrected(judge_chain: Judge, judge_again: Again) -> None:
    admits = "ALTER TABLE t ADD CONSTRAINT b CHECK (b <> 'of a later one')"
    makes = Revision(
        "makes", sql("CREATE TABLE t (id serial PRIMARY KEY, b text NOT NULL)", admits), sql("DROP TABLE t")
    )
    lifts = Revision("lifts", sql("ALTER TABLE t DROP CONSTRAINT b"), sql(admits))
    later = Revision(
        "later",
        sql("ALTER TABLE t ADD d int"),
        sql("ALTER TABLE t DROP d", "INSERT INTO t (b) VALUES ('of a later one')"),
    )
    report = judge_chain(makes, lifts, later).report

    assert [one.code for one in report.findings] == ["PGH-R010"]
    assert corrected(report, "PGH-R010", judge_again) == []
