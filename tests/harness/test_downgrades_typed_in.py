"""What is told of downgrades that forget something, typed in where it is told, restores the catalog, keeps nobody waiting and can be run again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pgharness.findings import Finding
from pgharness.report.fix_parts import parts_of
from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import Revision, sql
from tests.harness.runs import told

CHECKS = ("upgrade", "roundtrip", "locks", "crash", "notices")
MAKES = Revision(
    "makes",
    sql(
        "CREATE TABLE depot (id int PRIMARY KEY, code text)",
        "CREATE TABLE thing (id int PRIMARY KEY, a int, b text NOT NULL, ref int REFERENCES depot)",
        "ALTER TABLE thing ADD CONSTRAINT thing_b_key UNIQUE (b)",
        "ALTER TABLE thing ADD CONSTRAINT thing_a_check CHECK (a < 2000000000)",
        "CREATE INDEX thing_a ON thing (a)",
        "CREATE TABLE leaf (id int PRIMARY KEY, n int)",
        "CREATE INDEX leaf_n ON leaf (n)",
    ),
    sql("DROP TABLE leaf", "DROP TABLE thing", "DROP TABLE depot"),
)
# What upgrade() and downgrade() do, and the codes of what is found; each downgrade forgets something.
FORGETFUL = {
    "type": (
        ("CREATE TYPE mood AS ENUM ('sad')", "CREATE TABLE person (mood mood)"),
        ("DROP TABLE person",),
        ["PGH-R004"],
    ),
    "index": (("DROP INDEX thing_a", "ALTER TABLE thing ADD z int"), ("ALTER TABLE thing DROP z",), ["PGH-R004"]),
    "index_made_otherwise": (
        ("DROP INDEX thing_a", "ALTER TABLE thing ADD z int"),
        ("CREATE INDEX thing_a ON thing (a DESC)", "ALTER TABLE thing DROP z"),
        ["PGH-R004"],
    ),
    "index_of_a_column_again": (
        ("ALTER TABLE thing DROP a",),
        ("ALTER TABLE thing ADD COLUMN a int", "ALTER TABLE thing ADD CONSTRAINT thing_a_check CHECK (a < 2000000000)"),
        ["PGH-R004"],
    ),
    "column_and_index": (
        ("ALTER TABLE thing DROP a", "ALTER TABLE thing ADD z int"),
        ("ALTER TABLE thing DROP z",),
        ["PGH-R004", "PGH-R004", "PGH-R004"],
    ),
    "all_of_a_column": (("ALTER TABLE thing DROP a",), (), ["PGH-R005"]),
    "all_of_a_not_null_column": (("ALTER TABLE thing DROP b",), (), ["PGH-R005"]),
    "index_of_a_table_again": (
        ("DROP TABLE leaf",),
        ("CREATE TABLE leaf (id int PRIMARY KEY, n int)",),
        ["PGH-R004"],
    ),
    "unique": (("ALTER TABLE thing DROP CONSTRAINT thing_b_key",), (), ["PGH-R005"]),
    "foreign_key": (("ALTER TABLE thing DROP CONSTRAINT thing_ref_fkey",), (), ["PGH-R005"]),
    "not_null": (("ALTER TABLE thing ALTER b DROP NOT NULL",), (), ["PGH-R005"]),
    "column_of_a_type": (
        ("ALTER TABLE thing ADD z int", "CREATE TYPE size AS ENUM ('s')", "ALTER TABLE leaf ADD size size"),
        ("ALTER TABLE thing DROP z",),
        ["PGH-R004", "PGH-R004"],
    ),
}


@pytest.mark.parametrize("name", FORGETFUL)
def test_what_a_downgrade_forgets_is_told_with_its_place(
    name: str, judge_chain: Callable[..., Run], judge_again: Callable[..., Report]
) -> None:
    up, down, codes = FORGETFUL[name]
    report = judge_chain(MAKES, Revision(name, sql(*up), sql(*down) or "pass"), only=("roundtrip",)).report
    found = list(report.findings)
    path = next(Path(one.path) for one in report.chain.revisions if one.revision == name)

    path.write_text(typed_in(path.read_text(encoding="utf-8"), found), encoding="utf-8")
    again = judge_again(report, only=CHECKS)

    assert [one.code for one in found] == codes
    assert told(one for one in again.findings if one.revision == name) == []


def typed_in(text: str, found: list[Finding]) -> str:
    """Return a revision with what is told, each where it is told to stand, in the order in which it is told."""
    head, _, body = text.partition("def downgrade():\n")
    first, last, gone = list[str](), list[str](), set[int]()
    for one in found:
        place = first
        for part in parts_of(one.mend):
            if re.match(r"or\b", part.words):
                break
            place = first if "at the beginning of downgrade()" in part.words else last if part.words else place
            for named in re.findall(r"leave out lines? ([\d and]+)", part.words):
                gone |= set(map(int, re.findall(r"\d+", named)))
            place += part.code
    lines = text.count("\n", 0, len(head)) + 1
    kept = [line for number, line in enumerate(body.splitlines(), start=lines + 1) if number not in gone]
    return f"{head}def downgrade():\n{_indented(first)}{chr(10).join(kept)}\n{_indented(last)}"


def _indented(code: list[str]) -> str:
    return "".join(_lines(code))


def _lines(code: list[str]) -> Iterator[str]:
    for part in code:
        yield from (f"    {line}\n" for line in part.splitlines())


def test_what_comes_back_for_an_index_is_of_its_own_table_alone(judge_chain: Callable[..., Run]) -> None:
    """A column of another table, though it has the same name, comes back where the downgrade brings it back."""
    makes = Revision(
        "makes",
        sql(
            "CREATE TABLE a (id int PRIMARY KEY, revision int)",
            "CREATE TABLE b (id int PRIMARY KEY, revision int)",
            "CREATE INDEX a_revision ON a (revision)",
        ),
        sql("DROP TABLE b", "DROP TABLE a"),
    )
    drops = Revision(
        "drops",
        sql("ALTER TABLE a DROP revision", "ALTER TABLE b DROP revision"),
        sql("ALTER TABLE b ADD COLUMN revision int", "ALTER TABLE a ADD COLUMN revision int"),
    )

    (found,) = judge_chain(makes, drops, only=("roundtrip",)).report.findings

    assert re.findall(r"ALTER TABLE (\w+) ADD COLUMN IF NOT EXISTS", found.mend) == ["a"]
    assert found.mend.endswith("and leave out line 17, which that does")


@pytest.mark.parametrize(
    ("others", "told_first"),
    [
        ((), "write leaf in place of thing in line 15 of "),
        (("ALTER TABLE depot ADD size int",), "in place of line 15 of "),
    ],
    ids=["of one table", "of several"],
)
def test_a_column_that_is_dropped_of_another_table_is_told_with_that_where_it_is_but_one(
    others: tuple[str, ...], told_first: str, judge_chain: Callable[..., Run]
) -> None:
    back = tuple(one.replace("ADD", "DROP").removesuffix(" int") for one in others)
    more = [Revision("more", sql(*others), sql(*back))] if others else []
    adds = Revision("adds", sql("ALTER TABLE leaf ADD size int"), sql("ALTER TABLE thing DROP COLUMN size"))

    (found,) = judge_chain(MAKES, *more, adds, only=("roundtrip",)).report.findings

    assert found.code == "PGH-R002"
    assert found.mend.startswith(told_first)
