"""What `traffic`, `locks`, `modes`, `data` and `indices` say to type for a service that goes on, typed in, ends the finding, and nothing else is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgharness.findings import Finding
from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import ENV, Revision, sql, table
from tests.harness.checks.test_copied_numbers import LAGGING
from tests.harness.checks.test_zones import BY_ZONE
from tests.harness.history.typing_in import first_code, last_code, type_in
from tests.harness.runs import told
from tests.harness.typed import add_mends, add_revisions, code_of, type_into_downgrades

TABLES = Revision(
    "tables",
    sql(
        "CREATE TABLE parent (id bigint PRIMARY KEY, x int)",
        "CREATE TABLE child (id bigint PRIMARY KEY, parent_id bigint NOT NULL REFERENCES parent, x int)",
        "CREATE FUNCTION slow(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_sleep(0.003); RETURN x; END $$",
    ),
    sql("DROP FUNCTION slow", "DROP TABLE child, parent"),
)
LIMITED_ENV = ENV.replace('.url"))', '.url"), connect_args={"options": "-c lock_timeout=1s"})')
UNDER_TRAFFIC = {"only": ("traffic",), "traffic": True, "traffic_rows": 500}
WITHOUT_COPIES = ("upgrade", "data", "roundtrip", "locks")
Judge = Callable[..., Run]
Again = Callable[..., Report]


def mend(report: Report, found: Finding, choose: Callable[[Finding], list[Any]] = first_code) -> None:
    """Type a fix into the revision at fault."""
    edits = choose(found)
    assert edits, found.mend
    type_in([(found, edits)], {one.revision: Path(one.path) for one in report.chain.revisions})


def test_who_waits_for_work_that_grows_waits_no_more(judge_chain: Judge, judge_again: Again) -> None:
    asked = {**UNDER_TRAFFIC, "traffic_wait_ms": 500}
    builds = Revision("newest", sql("CREATE INDEX slowly ON child (slow(x))"), sql("DROP INDEX slowly"))
    report = judge_chain(TABLES, builds, env=LIMITED_ENV, **asked).report
    (found,) = report.findings

    text = Revision("newest", code_of(found), builds.down).text("tables")
    Path(report.chain.revisions[-1].path).write_text(text, encoding="utf-8")

    assert found.code == "PGH-T001"
    assert told(judge_again(report, **asked).findings) == []


def test_who_waits_for_what_follows_a_lock_waits_no_more(judge_chain: Judge, judge_again: Again) -> None:
    asked = {**UNDER_TRAFFIC, "traffic_wait_ms": 1_000}
    lock, work = sql("ALTER TABLE child ADD y int"), sql("SELECT pg_sleep(1.5)")
    report = judge_chain(TABLES, Revision("newest", f"{lock}\n{work}"), env=LIMITED_ENV, **asked).report
    (found,) = report.findings

    Path(report.chain.revisions[-1].path).write_text(Revision("newest", lock).text("tables"), encoding="utf-8")
    add_revisions(report, Revision("later", work))

    assert found.code == "PGH-T001"
    assert "do what follows it there in later ones" in found.mend
    assert told(judge_again(report, since="tables", **asked).findings) == []


def test_a_migration_that_gives_up_lets_all_go_on(judge_chain: Judge, judge_again: Again) -> None:
    asked = {**UNDER_TRAFFIC, "traffic_wait_ms": 60_000}
    report = judge_chain(TABLES, Revision("newest", sql("ALTER TABLE parent ADD y int")), **asked).report
    (found,) = report.findings

    mend(report, found)

    assert found.code == "PGH-T004"
    assert told(judge_again(report, **asked).findings) == []


def test_rows_that_give_no_value_get_the_default(judge_chain: Judge, judge_again: Again) -> None:
    asked = {**UNDER_TRAFFIC, "traffic_wait_ms": 60_000}
    up = sql("ALTER TABLE child ADD y int", "UPDATE child SET y = 1", "ALTER TABLE child ALTER y SET NOT NULL")
    report = judge_chain(TABLES, Revision("newest", up), env=LIMITED_ENV, **asked).report
    (found,) = report.findings

    text = Revision("newest", f"{up}\n{code_of(found)}").text("tables")
    Path(report.chain.revisions[-1].path).write_text(text, encoding="utf-8")

    assert found.code == "PGH-T006"
    assert told(judge_again(report, **asked).findings) == []


def test_a_limit_stands_before_the_first_lock(judge_chain: Judge, judge_again: Again) -> None:
    limited = ("ALTER TABLE parcel ADD b1 int", "SET LOCAL lock_timeout = '1s'", "ALTER TABLE depot ADD b1 int")
    drops = sql("ALTER TABLE depot DROP b1", "ALTER TABLE parcel DROP b1")
    report = judge_chain(
        table("parcel"), table("depot"), Revision("adds", sql(*limited), drops), only=("locks",)
    ).report
    (found,) = report.findings

    mend(report, found)

    assert found.code == "PGH-W008"
    assert told(judge_again(report, only=("upgrade", "roundtrip", "locks", "crash")).findings) == []


@pytest.mark.parametrize("choose", [first_code, last_code], ids=["the statement", "the revision"])
@pytest.mark.parametrize("name", BY_ZONE)
def test_what_is_made_of_rows_depends_on_no_session(
    name: str, choose: Callable[[Finding], list[Any]], judge_chain: Judge, judge_again: Again
) -> None:
    before, up, _ = BY_ZONE[name]
    report = judge_chain(before, Revision("changes", up), only=("modes",)).report
    (found,) = report.findings

    mend(report, found, choose)

    assert found.code == "PGH-M012"
    assert told(judge_again(report, only=("upgrade", "modes")).findings) == []


@pytest.mark.parametrize("name", LAGGING)
def test_sequences_go_on_behind_the_rows(name: str, judge_chain: Judge, judge_again: Again) -> None:
    before, numbers, _ = LAGGING[name]
    report = judge_chain(before, numbers, only=WITHOUT_COPIES).report
    (found,) = [one for one in report.findings if one.code == "PGH-V014"]
    others = told(one for one in report.findings if one is not found)

    mend(report, found)

    again = told(judge_again(report, only=WITHOUT_COPIES).findings)
    assert [one[:2] for one in again] == [one[:2] for one in others]


def test_an_index_that_nothing_uses_goes(judge_chain: Judge, judge_again: Again, tmp_path: Path) -> None:
    file = tmp_path / "statements.sql"
    file.write_text("-- name: finds\n-- samples: SELECT 1\nSELECT b FROM t WHERE id = $1;\n", encoding="utf-8")
    builds = Revision("builds", sql("CREATE INDEX t_a ON t (a)"), sql("DROP INDEX t_a"))
    made = table("t", "id int PRIMARY KEY, a int, b int")
    report = judge_chain(made, builds, only=("indices",), statements=file).report
    (found,) = report.findings

    add_mends(report, [found])
    type_into_downgrades(report, judge_again(report, only=("roundtrip",)).findings)

    checks = ("upgrade", "roundtrip", "indices", "locks", "crash")
    again = judge_again(report, only=checks, statements=file).findings
    assert found.code == "PGH-I007"
    assert told(one for one in again if one.revision != "builds") == []
