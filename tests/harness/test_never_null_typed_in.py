"""What is told where NOT NULL fails on rows, typed into the revision and the model, mends it: no check finds fault, and the release before goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.chain.agent import Agent
from pgharness.describing.rows_at_fault import mend_rows
from pgharness.findings import Finding
from pgharness.records.steps import Failure, Frame
from pgharness.report.fix_parts import Part, parts_of
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import Revision, sql, write_chain
from tests.harness.history.crash_pairs import LOCK
from tests.harness.runs import run_with, told

# What is done in steps is committed in pieces, which one process alone may do at a time.
ENV = f"""\
from alembic import context
from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, Text, Uuid, create_engine, text
from sqlalchemy.dialects.postgresql import ENUM
import sqlalchemy as sa

metadata = MetaData()
Table("person", metadata, Column("id", Integer, primary_key=True), Column("mood", ENUM("sad", "glad", name="mood")), {{column}})
engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
{LOCK}    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
MAKES = Revision(
    "makes",
    sql("CREATE TYPE mood AS ENUM ('sad', 'glad')", "CREATE TABLE person (id serial PRIMARY KEY, mood mood)"),
    sql("DROP TABLE person", "DROP TYPE mood"),
)
COLUMNS = {
    "Integer": "integer",
    "String(40)": "VARCHAR(40)",
    "Boolean": "bool",
    "sa.DateTime(timezone=True)": "TIMESTAMP WITH TIME ZONE",
    'ENUM("sad", "glad", name="mood")': "mood",
    "Uuid": "UUID",
}
CHECKS = ("upgrade", "drift", "autogenerate", "roundtrip", "locks", "crash", "data", "compat", "leftovers")
Judge = Callable[..., list[Finding]]


@pytest.fixture
def judge(tmp_path: Path, pg_server: Server, agent: Agent) -> Judge:
    """Return what judges a chain with these revisions at its end, and with this column in the model."""
    folder = tmp_path / "chain"
    ini = write_chain(folder, (MAKES,))

    def judged(column: str, *revisions: Revision) -> list[Finding]:
        (folder / "env.py").write_text(ENV.format(column=column), encoding="utf-8")
        for before, one in pairwise((MAKES, *revisions)):
            (folder / "versions" / f"{one.slug}.py").write_text(one.text(before.slug), encoding="utf-8")
        return list(run_with(load_settings(None, alembic=ini, only=CHECKS), pg_server, agent).report.findings)

    return judged


def test_columns_that_no_row_has_a_value_for_come_with_a_default_or_in_steps(judge: Judge) -> None:
    downs = [sql(f"ALTER TABLE person DROP COLUMN x{number}") for number in range(len(COLUMNS))]
    added = [
        sql(f"ALTER TABLE person ADD COLUMN x{at} {written} NOT NULL") for at, written in enumerate(COLUMNS.values())
    ]
    before = judge(
        columns([""] * len(COLUMNS)),
        *(Revision(f"adds_{at}", *one) for at, one in enumerate(zip(added, downs, strict=True))),
    )
    tried = [list(ways(one)) for one in before if one.code == "PGH-U002"]

    # Of a UUID no constant is one that all rows could share.
    assert [len(one) for one in tried] == [1 if written == "UUID" else 2 for written in COLUMNS.values()]
    for codes, declared in (zip(*(one[at] for one in tried), strict=True) for at in (0, -1)):
        revisions = (Revision(f"adds_{at}", *one) for at, one in enumerate(zip(codes, downs, strict=True)))
        assert told(judge(columns(declared), *revisions)) == []


def test_a_column_that_some_rows_have_no_value_for_is_filled_and_proven_first(judge: Judge) -> None:
    column = 'Column("x", Integer, nullable=False, server_default="3")'
    adds = Revision(
        "adds",
        sql("ALTER TABLE person ADD COLUMN x integer DEFAULT 3"),
        sql("ALTER TABLE person DROP COLUMN x"),
    )
    text = "ALTER TABLE person ALTER COLUMN x SET NOT NULL"
    failure = Failure(
        "NotNullViolation",
        'column "x" of relation "person" contains null values',
        text,
        "23502",
        frames=(Frame("adds.py", 9, "upgrade", text),),
    )

    mend = mend_rows(failure, "adds.py")

    (code,) = (part.code for part in parts_of(mend) if part.code)
    forbids = Revision(
        "forbids",
        "\n".join(code).replace("<value>", "3"),
        sql("ALTER TABLE person ALTER COLUMN x DROP NOT NULL"),
        "allow = {'data': 'filled'}",
    )
    assert "in place of line 9 of adds.py, in a revision of its own where that does more" in mend
    # That the release before may write NULL is true, whoever forbids it.
    assert [one for one in told(judge(column, adds, forbids)) if one[0] not in {"PGH-C002", "PGH-X003"}] == []


@pytest.mark.parametrize(
    "added",
    ["x integer NOT NULL UNIQUE", "x integer NOT NULL REFERENCES other", "x int NOT NULL, ADD COLUMN y int NOT NULL"],
)
def test_a_column_for_which_no_value_fits_all_rows_is_given_none(added: str) -> None:
    failure = Failure(
        "NotNullViolation",
        'column "x" of relation "person" contains null values',
        f"ALTER TABLE person ADD COLUMN {added}",
        "23502",
        frames=(Frame("adds.py", 9, "upgrade", "…"),),
    )

    assert "DEFAULT 0" not in mend_rows(failure, "adds.py", before=Snapshot({}, 180000))


def test_a_column_of_a_type_that_the_revision_makes_has_its_first_label_as_a_default(judge: Judge) -> None:
    down = sql("ALTER TABLE person DROP COLUMN x", "DROP TYPE size")
    makes_type = sql("CREATE TYPE size AS ENUM ('small', 'large')")
    declared = 'ENUM("small", "large", name="size")'
    added = sql("CREATE TYPE size AS ENUM ('small', 'large')", "ALTER TABLE person ADD COLUMN x size NOT NULL")
    before = judge(f'Column("x", {declared}, nullable=False)', Revision("adds", added, down))
    (found,) = (one for one in before if one.code == "PGH-U002")

    code, default = ways(found)[0]

    column = f'Column("x", {declared}, nullable=False, {default})'
    assert told(judge(column, Revision("adds", f"{makes_type}\n{code}", down))) == []


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("FOREIGN KEY (x) REFERENCES person (id)", "(SELECT min(id) FROM person)"),
        ("UNIQUE (x)", "id"),
    ],
)
def test_a_column_that_another_statement_refers_or_makes_unique_gets_no_default(
    rule: str, value: str, judge: Judge
) -> None:
    more = 'sa.ForeignKey("person.id")' if "FOREIGN" in rule else "unique=True"
    column = f'Column("x", Integer, {more}, nullable=False)'
    down = sql("ALTER TABLE person DROP COLUMN x")
    constrains = sql(f"ALTER TABLE person ADD {rule}")
    added = sql("ALTER TABLE person ADD COLUMN x integer NOT NULL", f"ALTER TABLE person ADD {rule}")
    (found,) = (one for one in judge(column, Revision("adds", added, down)) if one.code == "PGH-U002")

    (code,) = (part.code for part in parts_of(found.mend) if part.code)
    typed = re.sub(r"<[^>]+>", value, "\n".join(code))

    assert "DEFAULT" not in typed
    after = judge(
        column,
        Revision("adds", typed, down),
        Revision(
            "constrains",
            constrains,
            sql(f"ALTER TABLE person DROP CONSTRAINT person_x_{'fkey' if 'FOREIGN' in rule else 'key'}"),
        ),
    )
    assert [one for one in told(after) if one[0] in {"PGH-U001", "PGH-U002", "PGH-U006"}] == []


@pytest.mark.parametrize(
    ("added", "more", "value"),
    [
        (
            'op.add_column("person", sa.Column("x", sa.Integer, sa.ForeignKey("person.id"), nullable=False))',
            'sa.ForeignKey("person.id")',
            "id",
        ),
        (
            sql("ALTER TABLE person ADD COLUMN x int NOT NULL REFERENCES person (id) ON DELETE CASCADE"),
            'sa.ForeignKey("person.id", ondelete="CASCADE")',
            "id",
        ),
        (
            'op.add_column("person", sa.Column("x", sa.Integer, nullable=False, unique=True))',
            "unique=True",
            "id",
        ),
        (
            'op.add_column("person", sa.Column("x", sa.Integer, nullable=False, index=True))',
            "index=True, server_default='0'",
            "",
        ),
    ],
    ids=["a key", "a key in the statement", "unique", "indexed"],
)
def test_what_one_line_sends_has_one_fix_that_ends_all_that_is_told_of_it(
    added: str, more: str, value: str, judge: Judge
) -> None:
    column = f'Column("x", Integer, {more}, nullable=False)'
    down = sql("ALTER TABLE person DROP COLUMN x")
    before = [one for one in judge(column, Revision("adds", added, down)) if one.check in {"upgrade", "locks"}]

    (code,) = (part.code for part in parts_of(before[0].mend) if part.code and "autocommit" in part.code[0])
    typed = re.sub(r"<[^>]+>", value, "\n".join(code))

    assert [one.code for one in before] == ["PGH-U002"]
    # That the release before writes no value is true, whoever fills what is there.
    assert [one for one in told(judge(column, Revision("adds", typed, down))) if one[0] != "PGH-C002"] == []


def test_a_column_that_no_row_may_lack_where_there_are_none_keeps_nobody_waiting(judge: Judge) -> None:
    added = Revision(
        "adds",
        sql("ALTER TABLE person ADD COLUMN x integer NOT NULL"),
        sql("ALTER TABLE person DROP COLUMN x"),
        "allow = {'upgrade': 'nobody is there yet'}",
    )

    found = judge('Column("x", Integer, nullable=False)', added)

    assert [one for one in told(found) if one[0].startswith(("PGH-W", "PGH-U"))] == []


def columns(declared: Iterable[str]) -> str:
    """Return the columns that the model has, and what each declares beside its type."""
    return ", ".join(
        f'Column("x{at}", {type_}, nullable=False, {more})'
        for at, (type_, more) in enumerate(zip(COLUMNS, declared, strict=True))
    )


def ways(finding: Finding) -> list[tuple[str, str]]:
    """Return of each way the code of the revision, and what the model is to declare."""
    tried = list[list[Part]]()
    for part in parts_of(finding.mend):
        if part.words.startswith("where production"):
            break
        if not tried or part.words.startswith("or"):
            tried.append([])
        tried[-1].append(part)
    return [("\n".join(line for part in way for line in part.code), _declared(way)) for way in tried]


def _declared(way: list[Part]) -> str:
    words = " ".join(part.words for part in way)
    found = re.search(r"in the model: (server_default=sa\.text\(\".*?\"\))", words)
    assert found is not None, words
    return found[1]
