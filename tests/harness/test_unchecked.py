"""What a run did not look at is told: checks that could not be made, heads that were left out, a second chain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.chain.agent import Agent
from pgharness.chain.project import open_project
from pgharness.checks import compat, sizes, structure
from pgharness.checks.graph import judge as judge_graph
from pgharness.checks.upgrade import judge as judge_upgrade
from pgharness.cli.checking import _is_strict
from pgharness.describing.nobody_made import mend_missing
from pgharness.findings import OUT_OF_REACH, CannotRun, CheckResult, Note, Status
from pgharness.judging.judging import judge
from pgharness.judging.rules import Rules
from pgharness.records.chain_record import ChainRecord
from pgharness.records.old_release import OldReleaseRecord
from pgharness.records.revisions import Chain, Revision
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure, RevisionRecord, Step
from pgharness.report import FORMATS
from pgharness.report.model import Report
from pgharness.report.text import remarks, render_text, summary, unchecked
from pgharness.settings import load_settings
from tests.harness.chains import table as table_revision
from tests.harness.chains import write_chain
from tests.harness.conftest import Ended
from tests.harness.report.making import report_of

SECOND_HEAD = {
    "versions/0003_add_price.py": 'revision = "0003b"\ndown_revision = "0002"\nbranch_labels = ("prices",)\n\nfrom alembic import op\n\n\n'
    'def upgrade():\n    op.execute("ALTER TABLE book ADD price int")\n\n\ndef downgrade():\n    op.execute("ALTER TABLE book DROP price")\n'
}


def test_a_check_that_could_not_be_made_is_told_above_the_verdict_and_fails_a_strict_run(
    tmp_path: Path, quiet_url: str, command_line: Callable[..., Ended]
) -> None:
    ini = write_chain(tmp_path / "chain", [table_revision("author")])

    ended = command_line("check", "--alembic", ini, "--server", quiet_url, "--strict", "--skip", "enums")

    told = [line for line in ended.out.splitlines() if line.startswith(("NOT CHECKED", "INCOMPLETE"))]
    assert ended.code == 1
    assert [line.split(":")[1].strip() for line in told[:-1]] == ["drift", "autogenerate"]
    assert 'metadata = "package.module:Base"' in told[0]
    assert told[-1].startswith("INCOMPLETE: no findings, 2 NOT CHECKED, in 1 revision, ")


def test_a_check_that_was_asked_for_by_name_and_could_not_be_made_is_not_checked() -> None:
    """Without a structure file or a profile, that is another matter than one of many that nobody asked for."""
    record = ChainRecord(Chain((), (), ()), "public.alembic_version", (), Snapshot({}, 180000))
    checks = (structure.CHECK, sizes.CHECK)
    unasked = judge(record, checks, Rules())
    asked = judge(record, checks, Rules(asked=frozenset({"structure", "sizes"})))

    assert [one.name for one in unasked if one.is_missed] == []
    assert [one.name for one in asked if one.is_missed] == ["structure", "sizes"]
    assert [one.is_made for one in asked] == [False, False, True]


def test_a_release_before_that_could_not_be_tried_is_not_checked_and_not_counted() -> None:
    unmade = OldReleaseRecord((), unmade="no rows could be made")
    record = ChainRecord(Chain((), (), ()), "public.alembic_version", (), Snapshot({}, 180000), old_release=unmade)
    (result, declared) = judge(record, [compat.CHECK], Rules())
    report = report_of(result, declared)

    assert (result.is_missed, report.passed) == (True, True)
    assert unchecked(report) == [
        "NOT CHECKED: compat: the release before was not tried: no rows could be made; or leave it out: --skip compat"
    ]
    assert summary(report).startswith("INCOMPLETE: no findings, 1 NOT CHECKED, in 2 revisions, 1 check, ")


def test_checks_that_one_cause_has_kept_from_being_made_are_one_line() -> None:
    def skipped(name: str, reason: str, *, is_missed: bool = True) -> CheckResult:
        return CheckResult(name, Status.SKIPPED, 0.0, reason=reason, is_missed=is_missed)

    report = report_of(
        skipped("drift", OUT_OF_REACH),
        skipped("enums", "no models: set metadata"),
        skipped("sizes", OUT_OF_REACH, is_missed=False),
        skipped("modes", OUT_OF_REACH),
        skipped("autogenerate", "no models: set metadata"),
        skipped("structure", OUT_OF_REACH, is_missed=False),
    )

    assert unchecked(report) == [
        "NOT CHECKED: drift, modes: the chain fails to upgrade to its heads; mend what `upgrade` finds",
        "NOT CHECKED: enums, autogenerate: no models: set metadata; or leave them out: --skip enums --skip autogenerate",
    ]
    assert remarks(report)[1:] == [
        "sizes, structure were skipped: the chain fails to upgrade to its heads; mend what `upgrade` finds"
    ]
    assert summary(report).startswith("INCOMPLETE: no findings, 4 NOT CHECKED, ")


def test_no_form_for_people_is_headed_ok_where_something_was_not_checked() -> None:
    report = report_of(
        CheckResult("graph", Status.PASSED, 0.0),
        CheckResult("drift", Status.SKIPPED, 0.0, reason="no models", is_missed=True),
    )

    for render in (render_text, FORMATS["html"], FORMATS["markdown"], FORMATS["github"]):
        assert "INCOMPLETE: no findings" in render(report)
        assert "OK: no findings" not in render(report)


def test_which_revisions_alone_were_judged_is_told_in_one_line() -> None:
    def lines(*tried: str) -> list[str]:
        report = report_of(CheckResult("compat", Status.PASSED, 0.0, tried=frozenset(tried)))
        return [line for line in remarks(report) if "judged" in line]

    assert lines("0002") == ["compat judged: 0002_add_price; others with --since REVISION or --previous GITREF"]
    assert lines("0001", "0002") == []


def test_a_run_is_strict_as_asked_and_else_in_continuous_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert _is_strict(None)
    assert not _is_strict(False)
    monkeypatch.delenv("CI")
    assert not _is_strict(None)
    assert _is_strict(True)


def test_several_chains_are_refused_with_a_run_for_each(command_line: Callable[..., Ended]) -> None:
    ended = command_line("check", "--alembic", "a.ini", "--alembic", "b/alembic.ini")

    assert ended.code == 2
    assert "pgharness check --alembic a.ini; pgharness check --alembic b/alembic.ini" in ended.err


def test_of_several_heads_those_are_judged_that_are_named(judge_example: Callable[..., Report]) -> None:
    report = judge_example(edits=SECOND_HEAD, heads=("prices@head",), only=("graph", "upgrade", "roundtrip"))

    assert report.findings == ()
    assert report.reached == {"0001", "0002", "0003b"}
    assert report.notes == (Note("graph", None, "not judged, for `heads` does not name them: 0003_add_country"),)


@pytest.mark.parametrize("name", ["0003_add_country", "0003_add_c", "0003_add_c…", "versions/0003_add_country.py"])
def test_a_head_is_known_by_its_file_too(example: Callable[..., Path], agent: Agent, name: str) -> None:
    ini = example(edits=SECOND_HEAD) / "alembic.ini"

    assert open_project(load_settings(None, alembic=ini, heads=(name,)), agent=agent).chain.heads == ("0003",)


def test_several_heads_that_are_named_are_meant(example: Callable[..., Path], agent: Agent) -> None:
    ini = example(edits=SECOND_HEAD) / "alembic.ini"
    chain = open_project(load_settings(None, alembic=ini, heads=("0003", "0003b")), agent=agent).chain

    assert list(judge_graph(ChainRecord(chain, "alembic_version", (), Snapshot({}, 180000)), lambda *_: ())) == []
    assert (chain.heads, chain.targets) == (("0003", "0003b"), ())
    with pytest.raises(CannotRun, match="--head 0003 --head 0003b"):
        open_project(load_settings(None, alembic=ini, heads=("0004",)), agent=agent)
    with pytest.raises(CannotRun, match="0002 has revisions after it"):
        open_project(load_settings(None, alembic=ini, heads=("0002",)), agent=agent)


def test_what_nobody_made_is_to_be_handed_over_and_what_a_revision_made_is_not() -> None:
    empty = Snapshot({}, 180000)
    first, second = (Revision(name, name, f"{name}.py", ()) for name in ("0001", "0002"))
    sent = (
        "CREATE TABLE author ()",
        "ALTER TABLE draft RENAME TO written",
        "ALTER TABLE reader ADD COLUMN name text",  # what its code catches and passes over
        "CREATE INDEX shelves ON shelf (id)",
    )
    makes = RevisionRecord(first, empty, Step(tuple(map(Statement, sent)), 0.0, empty))

    def failing(message: str) -> RevisionRecord:
        return RevisionRecord(second, empty, Step((), 0.0, empty, Failure("UndefinedTable", message, None, "42P01")))

    def mend(message: str) -> str:
        item = failing(message)
        record = ChainRecord(Chain((first, second), ("0002",), ("0001",)), "alembic_version", (makes, item), empty)
        return mend_missing(record, item, "correct it")

    assert mend('relation "author" does not exist') == "correct it"
    assert mend('relation "written" does not exist') == "correct it"
    assert "--baseline baseline.sql" in mend('relation "reader" does not exist')
    assert "--baseline baseline.sql" in mend('relation "shelf" does not exist')
    assert "pgharness snapshot --format sql" in mend('relation "patients" does not exist')
    assert "--baseline baseline.sql" in mend('relation "patients" does not exist')


def test_a_table_for_which_no_row_is_found_is_told_once() -> None:
    empty = Snapshot({}, 180000)
    revisions = tuple(Revision(name, name, f"{name}.py", ()) for name in ("0001", "0002", "0003"))
    lacks, others = (("public.grant", "no values were found that fulfil a"),), (("public.other", "none"),)
    records = tuple(
        RevisionRecord(one, empty, Step((), 0.0, empty), unfilled=unfilled)
        for one, unfilled in zip(revisions, ((), lacks, (*lacks, *others)), strict=True)
    )
    record = ChainRecord(Chain(revisions, ("0003",), ("0001",)), "alembic_version", records, empty)

    assert [one for one in judge_upgrade(record, lambda *_: ()) if isinstance(one, Note)] == [
        Note(
            "upgrade",
            "0002",
            "public.grant had no rows: no values were found that fulfil a; so it is in 1 more revision",
        ),
        Note("upgrade", "0003", "public.other had no rows: none"),
    ]
