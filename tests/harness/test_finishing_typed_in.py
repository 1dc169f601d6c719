"""What `indices` and `enums` say to type into a revision ends their findings, and keeps nobody waiting."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pgharness.report.fix_parts import parts_of
from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import WITH_A_TABLE, Revision, sql
from tests.harness.runs import told

MAKES = Revision(
    "makes",
    sql(
        "CREATE TABLE author (id int PRIMARY KEY)",
        "CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author, title text, pages int, kind text)",
        "CREATE INDEX book_title ON book (title)",
        "CREATE INDEX book_title_again ON book (title)",
        "CREATE INDEX book_pages ON book (pages)",
        "CREATE INDEX book_pages_kind ON book (pages, kind)",
    ),
    sql("DROP TABLE book", "DROP TABLE author"),
)
LABELS = WITH_A_TABLE.format(
    name="book", types="Column, Enum, Integer", columns='Column("mood", Enum("sad", "fair", "glad", name="mood"))'
)
MOODS = Revision(
    "moods",
    sql("CREATE TYPE mood AS ENUM ('sad', 'glad')", "CREATE TABLE book (id serial PRIMARY KEY, mood mood)"),
    sql("DROP TABLE book", "DROP TYPE mood"),
)
Judge = Callable[..., Run]
Again = Callable[..., Report]


def test_indexes_that_are_missing_or_redundant(judge_chain: Judge, judge_again: Again) -> None:
    report = judge_chain(MAKES, only=("indices",)).report
    found = [one for one in report.findings if one.check == "indices"]

    add(report, [next(part.code for part in parts_of(one.mend) if part.code) for one in found])

    assert {one.code for one in found} >= {"PGH-I001", "PGH-I002"}
    assert told(judge_again(report, only=("upgrade", "indices", "locks", "crash")).findings) == []


def test_labels_that_only_the_models_have(judge_chain: Judge, judge_again: Again) -> None:
    report = judge_chain(MOODS, env=LABELS, only=("enums",)).report
    (found,) = report.findings

    add(
        report,
        [part.code for part in parts_of(found.mend) if part.code],
        'irreversible = "PostgreSQL removes no label"',
    )

    assert found.code == "PGH-E002"
    assert told(judge_again(report, only=("upgrade", "enums", "drift", "roundtrip", "locks", "crash")).findings) == []


def test_another_order_of_labels_is_told_with_what_lets_it_wait(judge_chain: Judge, judge_again: Again) -> None:
    ordered = LABELS.replace('"sad", "fair", "glad"', '"glad", "sad"')
    report = judge_chain(MOODS, env=ordered, only=("enums",)).report
    (found,) = report.findings

    code = next(part.code for part in parts_of(found.mend) if part.code)
    (top,) = re.findall(r'allow = \{"locks": "[^"]*"\}', found.mend)
    add(report, [code], top)

    assert found.code == "PGH-E003"
    assert told(judge_again(report, only=("upgrade", "enums", "drift", "locks", "crash", "data")).findings) == []


def test_a_type_that_nothing_uses(judge_chain: Judge, judge_again: Again) -> None:
    forgets = Revision("forgets", sql("DROP TABLE book"), sql("CREATE TABLE book (id serial PRIMARY KEY, mood mood)"))
    report = judge_chain(MOODS, forgets, only=("leftovers",)).report
    (found,) = report.findings
    path = Path(report.chain.revisions[-1].path)

    drop = found.mend.partition(" where ")[0]
    text = path.read_text(encoding="utf-8").replace(
        "\n\n\ndef downgrade():\n", f"\n    {drop}\n\n\ndef downgrade():\n    {forgets_type()}\n"
    )
    path.write_text(text, encoding="utf-8")

    assert found.code == "PGH-L005"
    assert told(judge_again(report, only=("upgrade", "leftovers", "roundtrip")).findings) == []


def forgets_type() -> str:
    """Return what brings the type back."""
    return sql("CREATE TYPE mood AS ENUM ('sad', 'glad')")


def add(report: Report, code: list[tuple[str, ...]], top: str = "") -> None:
    """Add a revision for each piece of code."""
    last = report.chain.revisions[-1]
    before = last.revision
    for number, lines in enumerate(code):
        down = "raise NotImplementedError(irreversible)" if "irreversible" in top else "pass"
        text = Revision(f"fix_{number}", "\n".join(lines), down, top).text(before)
        (Path(last.path).parent / f"fix_{number}.py").write_text(text, encoding="utf-8")
        before = f"fix_{number}"
