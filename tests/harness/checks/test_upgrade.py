"""`upgrade`: every revision runs, on tables that hold rows; a failure is a finding with its statement and SQLSTATE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.checks import upgrade
from pgharness.findings import OUT_OF_REACH, Status
from pgharness.judging.judging import judge
from pgharness.judging.rules import Rules
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Chain, Revision
from pgharness.records.steps import Failure, RevisionRecord, Step
from pgharness.report.model import Report

COUNTRY = "versions/0003_add_country.py"
BOOK = "versions/0002_add_book.py"

SLIPS = [
    pytest.param(
        {COUNTRY: (', server_default="unknown"', "")},
        "0003",
        "upgrade of 0003_add_country",
        "server_default",
        id="NOT NULL without a default on a table with rows",
    ),
    pytest.param(
        {COUNTRY: ('op.add_column("author"', 'op.add_column("writer"')},
        "0003",
        "upgrade of 0003_add_country",
        "correct upgrade() in",
        id="a revision that raises",
    ),
    pytest.param(
        {COUNTRY: ("def upgrade():", "def upgrade():\n    raise NotImplementedError('later')")},
        "0003",
        "upgrade of 0003_add_country",
        "correct upgrade() in",
        id="a revision that refuses to upgrade",
    ),
    pytest.param(
        {COUNTRY: ("def upgrade():", 'def upgrade():\n    op.execute("CREATE UNIQUE INDEX ON book ((1))")')},
        "0003",
        "upgrade of 0003_add_country",
        "make sure that production has none",
        id="a unique index on rows that are alike",
    ),
]


@pytest.mark.parametrize(("edits", "revision", "subject", "mend"), SLIPS)
def test_a_slip_is_reported_with_its_revision_its_object_and_its_mend(
    found: Callable[..., Any], edits: dict[str, Any], revision: str | None, subject: str, mend: str
) -> None:
    told = {finding.subject: finding for finding in found("upgrade", edits)}

    assert subject in told
    assert told[subject].revision == revision
    assert mend in told[subject].mend


def test_a_failure_is_told_with_its_statement_and_its_sqlstate(found: Callable[..., Any]) -> None:
    (finding,) = found("upgrade", {COUNTRY: ('op.add_column("author"', 'op.add_column("writer"')})

    assert finding.message.startswith('It fails: UndefinedTable (SQLSTATE 42P01): relation "writer" does not exist')
    assert "statement: ALTER TABLE writer ADD COLUMN country" in finding.evidence


def test_a_claim_that_a_failure_kept_from_being_judged_is_not_shown_to_hold(
    judge_example: Callable[..., Report],
) -> None:
    report = judge_example(edits={BOOK: ("def upgrade():", "def upgrade():\n    op.execute('SELECT 1/0')")})

    rows = (*report.chain.revisions, None)
    cells = {result.name: [report.cell(result, row)[0].value for row in rows] for result in report.results}
    assert cells["graph"] == ["holds"] * 4
    assert cells["upgrade"] == ["holds", "broken", "holds", "untried"]
    assert cells["roundtrip"] == ["holds", "untried", "holds", "untried"]
    assert cells["indices"] == cells["leftovers"] == cells["drift"] == ["untried"] * 4
    assert report.reached == {"0001", "0003"}


def test_what_needs_the_heads_is_skipped_where_the_chain_does_not_reach_them(
    judge_example: Callable[..., Report],
) -> None:
    report = judge_example(edits={COUNTRY: ("def upgrade():", "def upgrade():\n    op.execute('SELECT 1/0')")})

    reasons = {result.name: result.reason for result in report.results if result.status is Status.SKIPPED}
    assert reasons["drift"] == reasons["indices"] == reasons["enums"] == OUT_OF_REACH


def test_on_empty_tables_a_slip_about_rows_is_not_seen(found: Callable[..., Any]) -> None:
    edits = {COUNTRY: (', server_default="unknown"', "")}

    assert found("upgrade", edits, rows_per_table=0) == []


def test_a_revision_may_end_its_transaction_itself(found: Callable[..., Any]) -> None:
    assert found("upgrade", {COUNTRY: ("def upgrade():", "def upgrade():\n    op.execute('COMMIT')")}) == []


@pytest.mark.parametrize(
    ("code", "times"),
    [
        pytest.param("import options\n    options.option()", 1, id="a package of the project's raises"),
        pytest.param("raise ValueError('no such option')", 0, id="the revision raises"),
        pytest.param("op.get_bind().execute(5)", 0, id="SQLAlchemy raises"),
        pytest.param("import json\n    json.loads('{')", 0, id="Python's own library raises"),
        pytest.param("import options\n    options.select()", 0, id="the server refuses"),
    ],
)
def test_what_the_program_sets_up_before_is_led_to_make_config(
    code: str, times: int, found: Callable[..., Any]
) -> None:
    options = (
        "from alembic import op\n\n\ndef option():\n    raise LookupError('no such option')\n\n\n"
        "def select():\n    op.execute('SELECT 1/0')\n"
    )
    edits = {COUNTRY: ("def upgrade():", f"def upgrade():\n    {code}"), "options.py": options}

    (one,) = [one for one in found("upgrade", edits) if one.code == "PGH-U001"]

    assert ("\nstatement: SELECT 1/0\n" in one.evidence) is (
        "select" in code
    )  # what passed before is no statement that fails
    assert one.mend.count("what options asks for, let a function of yours do so: make_config") == times


EMPTY = Snapshot({}, 180000)
FIRST, SECOND = Revision("0001", "a", "a.py", ()), Revision("0002", "b", "b.py", ("0001",))


@pytest.mark.parametrize(
    ("failure", "codes"),
    [
        pytest.param(Failure("E", "no schema", sqlstate="3F000"), ["PGH-U001"], id="the revision before fails"),
        pytest.param(None, ["PGH-U004"], id="all before it passed once"),
    ],
)
def test_what_could_not_be_reached_was_passed_once_only_where_nothing_before_it_fails(
    failure: Failure | None, codes: list[str]
) -> None:
    walked = RevisionRecord(FIRST, EMPTY, Step((), 0.0, None if failure else EMPTY, failure))
    record = ChainRecord(Chain((FIRST, SECOND), ("0002",), ("0001",)), "public.alembic_version", (walked,), EMPTY)

    result, _ = judge(record, [upgrade.CHECK], Rules())

    assert [one.code for one in result.findings] == codes
    assert [one.message for one in result.notes] == (
        ["nothing is known of what stands behind it, and could not be reached: b"] if failure else []
    )
