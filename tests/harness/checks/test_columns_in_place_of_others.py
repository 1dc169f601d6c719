"""`data` takes a column for another name of the one that a revision drops only where nothing speaks against it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.report.fix_parts import parts_of
from pgharness.running import Run
from tests.harness.chains import ENV, Revision, sql
from tests.harness.runs import told
from tests.harness.typed import code_of

MAKES = Revision(
    "makes",
    sql(
        "CREATE TABLE shelf (id text PRIMARY KEY)",
        "CREATE TABLE room (id text PRIMARY KEY)",
        "CREATE TABLE book (id bigint PRIMARY KEY, title text UNIQUE, shelf text REFERENCES shelf)",
    ),
    sql("DROP TABLE book", "DROP TABLE room", "DROP TABLE shelf"),
)
TITLE = "public.crop.title"
WAY_BACK = sql("ALTER TABLE book ADD shelf text REFERENCES shelf", "ALTER TABLE book DROP place")


@pytest.mark.parametrize(
    ("steps", "is_renamed"),
    [
        (["ALTER TABLE book ADD place text REFERENCES shelf"], True),
        (["ALTER TABLE book ADD place text REFERENCES shelf", "UPDATE book SET place = shelf"], True),
        (["ALTER TABLE book ADD place text DEFAULT 'none'"], True),
        (["ALTER TABLE book ADD place text REFERENCES room"], False),
        (["ALTER TABLE book ADD place text", "UPDATE book SET place = title"], False),
    ],
    ids=["empty", "copied", "with a default", "refers to another table", "filled with something else"],
)
def test_another_column_is_another_name_only_where_it_could_hold_the_same(
    judge_chain: Callable[..., Run], steps: list[str], *, is_renamed: bool
) -> None:
    moves = Revision("moves", sql(*steps, "ALTER TABLE book DROP shelf"), WAY_BACK)

    run = judge_chain(MAKES, moves, only=("upgrade", "data"))

    (finding,) = (one for one in run.report.findings if one.subject == "column public.book.shelf")
    assert ('new_column_name="place"' in finding.mend) == is_renamed
    assert ("keep them in a table" in finding.mend) != is_renamed


def test_a_column_of_a_table_that_goes_is_no_other_name_of_one_that_comes(judge_chain: Callable[..., Run]) -> None:
    """What its values led to is nowhere any more."""
    moves = Revision(
        "moves",
        sql(
            "ALTER TABLE book ADD room text NOT NULL DEFAULT ''",
            "ALTER TABLE book DROP shelf",
            "DROP TABLE shelf",
        ),
        sql(
            "CREATE TABLE shelf (id text PRIMARY KEY)",
            "ALTER TABLE book ADD shelf text REFERENCES shelf",
            "ALTER TABLE book DROP room",
        ),
    )

    run = judge_chain(MAKES, moves, only=("upgrade", "data"))

    (finding,) = (one for one in run.report.findings if one.subject == "column public.book.shelf")
    assert "new_column_name" not in finding.mend
    assert "keep them in a table" in finding.mend


@pytest.mark.parametrize(("named", "is_renamed"), [("shelf_id", True), ("place", False)])
def test_a_column_that_refers_to_a_table_is_no_other_name_of_a_number_of_something_else(
    judge_chain: Callable[..., Run], named: str, *, is_renamed: bool
) -> None:
    makes = Revision(
        "makes",
        sql(
            "CREATE TABLE room (id bigint PRIMARY KEY)",
            "CREATE TABLE book (id bigint PRIMARY KEY, title text UNIQUE, shelf bigint)",
        ),
        sql("DROP TABLE book", "DROP TABLE room"),
    )
    moves = Revision(
        "moves",
        sql(f"ALTER TABLE book ADD {named} bigint REFERENCES room", "ALTER TABLE book DROP shelf"),
        sql("ALTER TABLE book ADD shelf bigint", f"ALTER TABLE book DROP {named}"),
    )

    run = judge_chain(makes, moves, only=("upgrade", "data"))

    (finding,) = (one for one in run.report.findings if one.subject == "column public.book.shelf")
    assert (f'new_column_name="{named}"' in finding.mend) == is_renamed
    assert ("keep them in a table" in finding.mend) != is_renamed


@pytest.mark.parametrize(("referred", "is_renamed"), [("house, shelf", True), ("shelf, house", False)])
def test_a_part_of_a_key_is_another_name_only_of_what_refers_to_the_same_column(
    judge_chain: Callable[..., Run], referred: str, *, is_renamed: bool
) -> None:
    key = "ALTER TABLE book ADD FOREIGN KEY"
    makes = Revision(
        "makes",
        sql(
            "CREATE TABLE room (house bigint, shelf bigint, PRIMARY KEY (house, shelf), UNIQUE (shelf, house))",
            "CREATE TABLE book (id bigint PRIMARY KEY, house bigint, shelf bigint)",
            f"{key} (house, shelf) REFERENCES room (house, shelf)",
        ),
        sql("DROP TABLE book", "DROP TABLE room"),
    )
    moves = Revision(
        "moves",
        sql(
            "ALTER TABLE book ADD shelf_no bigint",
            "ALTER TABLE book DROP shelf",
            f"{key} (house, shelf_no) REFERENCES room ({referred})",
        ),
        sql(
            "ALTER TABLE book ADD shelf bigint",
            "ALTER TABLE book DROP shelf_no",
            f"{key} (house, shelf) REFERENCES room (house, shelf)",
        ),
    )

    run = judge_chain(makes, moves, only=("upgrade", "data"))

    (finding,) = (one for one in run.report.findings if one.subject == "column public.book.shelf")
    assert ('new_column_name="shelf_no"' in finding.mend) == is_renamed


def test_a_column_that_may_be_null_in_place_of_one_that_may_not_is_so_once_it_is_renamed(
    judge_chain: Callable[..., Run],
) -> None:
    makes = Revision(
        "makes", sql("CREATE TABLE crop (id bigint PRIMARY KEY, name varchar(80) NOT NULL)"), sql("DROP TABLE crop")
    )
    adds = sql("ALTER TABLE crop ADD title varchar(80)", "ALTER TABLE crop DROP name")
    back = sql(
        "ALTER TABLE crop ADD name varchar(80) NOT NULL DEFAULT ''",
        "ALTER TABLE crop ALTER name DROP DEFAULT",
        "ALTER TABLE crop DROP title",
    )
    first = judge_chain(makes, Revision("moves", adds, back), only=("upgrade", "roundtrip", "data"))
    (finding,) = first.report.findings
    there, _, here = code_of(finding).partition("\n")

    second = judge_chain(makes, Revision("moves", there, here), only=("upgrade", "roundtrip", "data"))

    assert second.report.findings == ()
    for run in (first, second):
        snapshot = run.record.revisions[-1].upgrade.snapshot
        assert snapshot is not None
        assert snapshot.value("column", TITLE, "not null") is None


@pytest.mark.parametrize("default", ["", "'none'"], ids=["filled", "with a default"])
def test_a_column_that_may_not_be_null_in_place_of_one_that_may_forbids_it_in_the_next_revision(
    judge_chain: Callable[..., Run], default: str
) -> None:
    makes = Revision(
        "makes", sql("CREATE TABLE crop (id bigint PRIMARY KEY, name varchar(80))"), sql("DROP TABLE crop")
    )
    adds = sql(
        f"ALTER TABLE crop ADD title varchar(80) NOT NULL DEFAULT {default or repr('')}",
        *([] if default else ["ALTER TABLE crop ALTER title DROP DEFAULT"]),
        "ALTER TABLE crop DROP name",
    )
    back = sql("ALTER TABLE crop ADD name varchar(80)", "ALTER TABLE crop DROP title")
    checks = ("upgrade", "roundtrip", "data", "locks", "crash")
    env = ENV.replace("connection=connection", "connection=connection, transaction_per_migration=True")
    first = judge_chain(makes, Revision("moves", adds, back), only=checks, env=env)
    (finding,) = (one for one in first.report.findings if one.code == "PGH-V002")
    stages, is_back = [["", ""]], False
    for part in parts_of(finding.mend):
        if "next revision" in part.words:
            stages.append(["", ""])
        is_back = "downgrade()" in part.words if part.words else is_back
        stages[-1][is_back] += "\n".join((*part.code, ""))
    moves, proves = (Revision(slug, *both) for slug, both in zip(("moves", "proves"), stages, strict=True))

    second = judge_chain(makes, moves, proves, only=checks, env=env)

    assert told(second.report.findings) == []
    for run in (first, second):
        snapshot = run.record.revisions[-1].upgrade.snapshot
        assert snapshot is not None
        assert snapshot.value("column", TITLE, "not null") is not None
        assert (snapshot.value("column", TITLE, "default") is None) == (not default)
