"""A baseline that was taken of a database of the chain has its first revisions: the run begins behind them, and says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pgharness.findings import CannotRun
from pgharness.running import Run
from tests.harness.chains import Revision, sql, table, write_chain
from tests.harness.conftest import Ended

CHAIN = (table("a"), table("b", "id bigint PRIMARY KEY, a_id bigint"), table("c"))
TABLES = "CREATE TABLE a (id bigint PRIMARY KEY);\nCREATE TABLE b (id bigint PRIMARY KEY, a_id bigint);\n"
VERSION = (
    "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);\n"
)
MOST = ("upgrade", "roundtrip", "data", "crash", "compat", "leftovers", "modes")


@pytest.fixture
def judge_from(judge_chain: Callable[..., Run], tmp_path: Path) -> Callable[..., Run]:
    """Judge a chain from a baseline."""

    def judge(baseline: str, *revisions: Revision) -> Run:
        (tmp_path / "before.sql").write_text(baseline, encoding="utf-8")
        return judge_chain(*revisions, baseline=tmp_path / "before.sql", only=MOST)

    return judge


def test_revisions_that_the_baseline_has_are_not_tried_and_those_behind_them_are(
    judge_from: Callable[..., Run],
) -> None:
    forgets = Revision("forgets", sql("CREATE TABLE d ()"))
    report = judge_from(f"{TABLES}{VERSION}INSERT INTO alembic_version VALUES ('b');", *CHAIN, forgets).report

    assert [(one.code, one.revision) for one in report.findings] == [("PGH-R005", "forgets")]
    assert report.reached == {"c", "forgets"}
    told = [one.message for one in report.notes if one.check == "upgrade"]
    assert told == ["the baseline has b and 1 before it already, so that nothing of these was tried"]


def test_a_baseline_at_the_head_leaves_nothing_to_try(judge_from: Callable[..., Run]) -> None:
    report = judge_from(f"{TABLES}{VERSION}INSERT INTO alembic_version VALUES ('b');", *CHAIN[:2]).report

    assert (report.findings, report.reached) == ((), frozenset())


def test_a_baseline_that_says_no_revision_stands_before_the_first(judge_from: Callable[..., Run]) -> None:
    report = judge_from(f"{TABLES}{VERSION}", *CHAIN).report

    assert ("PGH-U001", "a") in {(one.code, one.revision) for one in report.findings}


WITH_SCRIPTS = """\
from alembic import context
from sqlalchemy import create_engine

url = context.config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


def test_ways_to_run_the_chain_are_tried_behind_the_baseline(judge_chain: Callable[..., Run], tmp_path: Path) -> None:
    """A type that SQLAlchemy has made in the same process is not made once more, and in a new one it is."""
    (tmp_path / "before.sql").write_text(
        f"{TABLES}{VERSION}INSERT INTO alembic_version VALUES ('b');", encoding="utf-8"
    )
    makes = Revision(
        "makes", "import sys\nsys.made = True\nop.create_table('d', sa.Column('id', sa.Integer))", sql("DROP TABLE d")
    )
    leans = Revision(
        "leans", "import sys\nassert sys.made\nop.create_table('e', sa.Column('id', sa.Integer))", sql("DROP TABLE e")
    )

    sound, leaning = (
        judge_chain(*CHAIN, *more, baseline=tmp_path / "before.sql", only=("modes",)).report
        for more in ((makes,), (makes, leans))
    )

    assert ([one.name for one in sound.results if one.is_missed], sound.findings) == ([], ())
    assert {one.revision for one in leaning.findings if one.check == "modes"} == {"leans"}


def test_a_script_begins_behind_the_baseline(judge_chain: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "before.sql").write_text(
        f"{TABLES}{VERSION}INSERT INTO alembic_version VALUES ('b');", encoding="utf-8"
    )

    run = judge_chain(*CHAIN, env=WITH_SCRIPTS, baseline=tmp_path / "before.sql", only=("modes",))

    assert run.record.modes is not None
    assert run.record.modes.script.snapshot == run.record.head
    assert run.report.findings == ()


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (
            f"{VERSION}INSERT INTO alembic_version VALUES ('shelf_2');",
            ("alembic_version holds shelf_2; the chain has a, b, shelf", "did you mean 'shelf'?"),
        ),
        (
            "CREATE TABLE alembic_version (version text);",
            ("version_num", "CREATE TABLE public.alembic_version (version_num"),
        ),
    ],
    ids=["no revision of the chain", "no table of Alembic"],
)
def test_a_version_that_the_chain_lacks_is_told_with_what_to_type(
    tmp_path: Path, quiet_url: str, command_line: Callable[..., Ended], version: str, said: tuple[str, ...]
) -> None:
    ini = write_chain(tmp_path / "chain", (*CHAIN[:2], table("shelf")))
    (tmp_path / "before.sql").write_text(TABLES + version, encoding="utf-8")

    check, trace = (
        command_line(name, "--alembic", ini, "--server", quiet_url, "--baseline", tmp_path / "before.sql")
        for name in ("check", "trace")
    )

    for ended in (check, trace):
        assert (ended.code, ended.out) == (2, "")
        assert all(words in ended.err for words in said), ended.err


def test_a_baseline_that_lacks_what_comes_before_is_told(judge_from: Callable[..., Run]) -> None:
    with pytest.raises(CannotRun, match="lacks revisions that come before") as caught:
        judge_from(
            f"{TABLES}{VERSION}INSERT INTO alembic_version VALUES ('left');",
            *CHAIN[:1],
            replace(table("left"), after=("a",)),
            replace(table("right"), after=("a",)),
        )

    assert "right comes earlier" in caught.value.seen
