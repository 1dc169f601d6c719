"""A default of the moment at which a revision runs is told once, as what it is, and its fix, typed in, mends; one that the server evaluates is none."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from pgharness.running import Run
from tests.harness.chains import WITH_A_TABLE, Revision, table

BOOK = table("book", "id bigint PRIMARY KEY")
ADDS = "import datetime, uuid\nop.add_column('book', sa.Column('given', {type}, server_default={default}))"
DROPS = "op.drop_column('book', 'given')"
TOGETHER = ("upgrade", "roundtrip", "crash")
NOW = "sa.text('now()')"


def _adds(data_type: str, default: str) -> Revision:
    return Revision("adds", ADDS.format(type=data_type, default=default), DROPS)


@pytest.mark.parametrize(
    ("data_type", "default", "call"),
    [
        ("sa.DateTime()", "str(datetime.datetime.now())", 'server_default=sa.text("now()")'),
        ("sa.DateTime(timezone=True)", "datetime.datetime.now().isoformat()", 'server_default=sa.text("now()")'),
        ("sa.Uuid()", "str(uuid.uuid4())", 'server_default=sa.text("gen_random_uuid()")'),
        ("sa.Text()", "uuid.uuid4().hex", "server_default=None"),
    ],
)
def test_a_default_of_the_moment_is_told_once_and_its_fix_mends(
    judge_chain: Callable[..., Run], data_type: str, default: str, call: str
) -> None:
    run = judge_chain(BOOK, _adds(data_type, default), only=TOGETHER)

    (finding,) = run.report.findings
    assert (finding.code, finding.revision, finding.subject) == ("PGH-U011", "adds", "column public.book.given")
    assert call in finding.mend
    assert not [note for note in run.report.notes if "depends on rows" in note.message]
    (alters,) = re.findall(r"op\.alter_column\(.*?\)(?=; |, where)", finding.mend)

    before = f"op.alter_column('book', 'given', server_default={default})"
    mended = judge_chain(
        BOOK,
        _adds(data_type, default),
        Revision("mends", alters, f"import datetime, uuid\n{before}"),
        only=TOGETHER,
    )
    assert mended.report.findings == ()


@pytest.mark.parametrize(("data_type", "default"), [("sa.DateTime()", NOW), ("sa.Text()", "'2026-01-01 10:00'")])
def test_a_default_that_each_run_writes_alike_is_none_of_the_moment(
    judge_chain: Callable[..., Run], data_type: str, default: str
) -> None:
    assert judge_chain(BOOK, _adds(data_type, default), only=TOGETHER).report.findings == ()


TODAY = "datetime.date.today()"


@pytest.mark.parametrize(
    ("data_type", "default", "call"),
    [
        ("sa.Date()", f"str({TODAY})", 'server_default=sa.text("CURRENT_DATE")'),
        ("sa.DateTime()", f"{TODAY}.isoformat()", 'server_default=sa.text("now()")'),
        ("sa.Text()", f"{TODAY}.strftime('%d.%m.%Y')", "server_default=None"),
        ("sa.Date()", "'today'", 'server_default=sa.text("CURRENT_DATE")'),
    ],
)
def test_a_default_of_the_day_is_told_though_two_runs_of_a_day_write_it_alike(
    judge_chain: Callable[..., Run], data_type: str, default: str, call: str
) -> None:
    docstring = f'"""Create Date: {dt.datetime.now(tz=dt.UTC).date()}"""'
    adds = replace(_adds(data_type, default), top=docstring)
    run = judge_chain(BOOK, adds, only=TOGETHER)

    (finding,) = run.report.findings
    assert (finding.code, finding.revision, finding.subject) == ("PGH-U011", "adds", "column public.book.given")
    assert call in finding.mend
    (alters,) = re.findall(r"op\.alter_column\(.*?\)(?=; |, where)", finding.mend)
    before = f"import datetime, uuid\nop.alter_column('book', 'given', server_default={default})"
    mends = Revision("mends", alters, before)
    assert judge_chain(BOOK, adds, mends, only=TOGETHER).report.findings == ()


@pytest.mark.parametrize(
    "default", ["repr_of_today", "str(datetime.date({y}, {m}, {d}))", "'{d:02}.{m:02}.{y}'", "'{y}{m:02}{d:02}'"]
)
def test_a_day_that_the_revision_writes_out_is_no_moment_also_where_it_is_today(
    judge_chain: Callable[..., Run], default: str
) -> None:
    now = dt.datetime.now(tz=dt.UTC)
    written = f"'{now.date()}'" if default == "repr_of_today" else default.format(y=now.year, m=now.month, d=now.day)

    assert judge_chain(BOOK, _adds("sa.Text()", written), only=TOGETHER).report.findings == ()


def test_it_is_the_models_default_that_the_fix_writes(judge_chain: Callable[..., Run]) -> None:
    env = WITH_A_TABLE.format(types="DateTime, Integer, Column", name="book", columns='Column("given", DateTime)')
    book = table("book", "id serial PRIMARY KEY")
    run = judge_chain(book, _adds("sa.DateTime()", "str(datetime.datetime.now())"), env=env, only=("upgrade", "drift"))

    (finding,) = run.report.findings
    assert finding.code == "PGH-U011"
    assert 'op.alter_column("book", "given", server_default=None), where the program gives the value' in finding.mend


@pytest.mark.parametrize(
    ("moment", "codes"), [("str(datetime.datetime.now())", ["PGH-U011"]), ("'2026-01-01 10:00:00'", [])]
)
def test_an_index_whose_condition_has_the_moment_is_told_once(
    judge_chain: Callable[..., Run], moment: str, codes: list[str]
) -> None:
    book = table("book", "id bigint PRIMARY KEY, given timestamp")
    up = f'import datetime\nop.execute("CREATE INDEX book_given ON book (given) WHERE given > \'" + {moment} + "\'")'

    run = judge_chain(book, Revision("adds", up, "op.execute('DROP INDEX book_given')"), only=TOGETHER)

    assert [one.code for one in run.report.findings] == codes
    assert all("Its definition has a value of the moment" in one.message for one in run.report.findings)
