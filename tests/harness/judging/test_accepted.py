"""Findings that people accept for now fail no run; new ones do, and entries whose finding is gone are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pgharness.cli.accepting import accept
from pgharness.findings import CannotRun, CheckResult, Finding, Status
from pgharness.judging.accepted import Accepted, judge_accepted, read_accepted, without_accepted, write_accepted
from pgharness.judging.declarations import Made
from tests.harness.chains import Revision, sql, table, write_chain
from tests.harness.report.making import report_of

Check = Callable[..., Any]
HENCE = "pgharness check now ends with 0, until it finds anything else: commit the file"
DAY = date(2026, 11, 29)
ODD = Finding("drift", "0001", 'index public."a\\b"', "It's\nmissing: ✓ \x7f.", "add it")
WHOLE = Finding("structure", None, "structure file", "It is old.", "write it")
FORGETS_A_TYPE = {"versions/0002_add_book.py": ('    op.execute("DROP TYPE cover")\n', "")}
FORGETS_NOTHING = {"pyproject.toml": "[tool.pgharness]\n"}


def made(*findings: Finding) -> Made:
    """Return that drift was made of revision 0001, and found this."""
    return Made(frozenset({"drift"}), frozenset({"drift"}), frozenset({"0001"}), findings)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"

    write_accepted(file, (WHOLE, ODD, ODD), 'we "know"', DAY)

    assert read_accepted(file) == Accepted.of(ODD) | Accepted.of(WHOLE)
    text = file.read_text(encoding="utf-8")
    assert 'reason = "we \\"know\\""\naccepted_on = 2026-11-29\n' in text
    write_accepted(file, (ODD, WHOLE), 'we "know"', DAY)
    assert file.read_text(encoding="utf-8") == text


def test_nothing_is_accepted_where_there_is_no_file(tmp_path: Path) -> None:
    assert read_accepted(tmp_path / "missing.toml") == frozenset()


@pytest.mark.parametrize("text", ["[[finding]]\ncheck = 1", "no toml", "finding = 3", "[[finding]]\nsubject = 'x'"])
def test_a_file_that_is_none_of_ours_is_told(text: str, tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(text)

    with pytest.raises(CannotRun, match="pgharness check --accept"):
        read_accepted(file)


def test_another_finding_about_the_same_object_is_not_accepted() -> None:
    other = Finding(ODD.check, ODD.revision, ODD.subject, "Its method is hash.", "make it")

    assert without_accepted((ODD, other), Accepted.of(ODD)) == (other,)


def test_an_entry_is_told_when_its_finding_is_gone() -> None:
    entries = Accepted.of(ODD)

    assert list(judge_accepted(entries, made(ODD), "accepted.toml")) == []
    (told,) = judge_accepted(entries, made(), "accepted.toml")
    assert told.subject.startswith("accepted finding drift [0001] index")
    assert "take it out of accepted.toml" in told.mend


def test_nothing_is_said_of_an_entry_whose_check_or_revision_was_not_judged() -> None:
    elsewhere = Accepted("drift", "0002", "index x", "It is missing.")

    assert list(judge_accepted(Accepted.of(WHOLE) | {elsewhere}, made(), "accepted.toml")) == []


def test_nothing_is_said_of_an_entry_whose_check_tells_only_a_part() -> None:
    assert list(judge_accepted(Accepted.of(ODD), replace(made(), partly=frozenset({ODD.check})), "a.toml")) == []


def test_what_stands_instead_of_others_is_accepted_with_them_and_they_by_themselves() -> None:
    part = Finding("enums", "0001", "type mood", "It lacks a label.", "add it")
    other = Finding("enums", "0001", "type size", "It lacks a label.", "add it")
    both = Finding("enums", "0001", "what `drift` finds", "Too.", "correct it", instead_of=(part, other))

    assert without_accepted((both,), Accepted.of(part) | Accepted.of(other)) == ()
    assert without_accepted((part, other), Accepted.of(both)) == ()
    assert without_accepted((both,), Accepted.of(part)) == (both,)


def test_what_was_accepted_fails_no_run_and_what_is_new_does(
    example: Callable[..., Path], command_line: Check, quiet_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = example(edits=FORGETS_A_TYPE)
    monkeypatch.chdir(project)
    check = ("check", "--server", quiet_url)

    accepted = command_line(*check, "--accept", "--reason", "for now", "--format", "json")
    again = command_line(*check)
    (project / "pgharness-accepted.toml").write_text(
        (project / "pgharness-accepted.toml").read_text().replace("type public.cover", "type public.lid")
    )
    edited = command_line(*check)

    assert (accepted.code, accepted.err) == (0, f"accepted 1 finding in pgharness-accepted.toml\n{HENCE}\n")
    assert [one["subject"] for one in json.loads(accepted.out)["findings"]] == ["type public.cover"]
    assert again.code == 0
    assert again.out.splitlines()[-1].startswith("OK: no findings, 1 accepted, in 3 revisions")
    assert edited.code == 1
    assert "roundtrip [0002_add_book] type public.cover" in edited.out
    assert "declarations [whole chain] accepted finding roundtrip [0002] type public.lid" in edited.out


def test_as_many_are_told_to_be_accepted_as_the_next_run_leaves_out(tmp_path: Path) -> None:
    """One that stands instead of several is one finding, there as here."""
    both = Finding("enums", "0001", "what `drift` finds", "Too.", "correct it", instead_of=(ODD, WHOLE))
    file = tmp_path / "accepted.toml"

    told = accept(report_of(CheckResult("enums", Status.FAILED, 0.0, (both,))), file, "for now")

    assert told == [f"accepted 1 finding in {file}", HENCE]
    assert without_accepted((both,), read_accepted(file)) == ()


def test_what_could_not_be_checked_is_told_where_findings_are_accepted_with_what_it_means(tmp_path: Path) -> None:
    missed = CheckResult("drift", Status.SKIPPED, 0.0, reason="no models", is_missed=True)

    told = accept(report_of(missed), tmp_path / "accepted.toml", "for now")

    assert told[:2] == [
        f"accepted 0 findings in {tmp_path / 'accepted.toml'}",
        "NOT CHECKED: drift: no models; or leave it out: --skip drift",
    ]
    assert told[2].startswith("pgharness check now ends with 0, but says INCOMPLETE, and ends with 1 with --strict")


def test_what_is_declared_is_not_accepted_and_told_to_fail_the_next_run(tmp_path: Path) -> None:
    unknown = Finding("declarations", "0001", "allow of lock", "There is no such check.", "name one", code="PGH-X001")
    gone = Finding("declarations", None, "accepted finding x", "It is gone.", "take it out", code="PGH-X008")
    report = report_of(CheckResult("declarations", Status.FAILED, 0.0, (unknown, gone)))

    told = accept(report, tmp_path / "accepted.toml", "for now")

    assert told[0].startswith("accepted 0 findings")
    assert told[1].startswith("declarations [0001_add_book] allow of lock PGH-X001")
    assert told[2] == (
        "pgharness check still ends with 1: what revisions and settings declare is not accepted but corrected (1)"
    )


def test_what_stood_when_it_was_accepted_is_judged_alike_where_since_tries_more(
    tmp_path: Path, command_line: Check, quiet_url: str
) -> None:
    """A run without `since` tries the release before on the newest revision alone."""
    made = table("visit", "id int PRIMARY KEY, count int, name text")
    retyped = Revision(
        "retyped",
        sql("ALTER TABLE visit ALTER count TYPE text"),
        sql("ALTER TABLE visit ALTER count TYPE int USING count::int"),
    )
    later = Revision("later", sql("ALTER TABLE visit ADD more int"), sql("ALTER TABLE visit DROP more"))
    drops = Revision(
        "drops", sql("ALTER TABLE visit RENAME name TO named"), sql("ALTER TABLE visit RENAME named TO name")
    )
    ini = write_chain(tmp_path / "before", (made, retyped, later))
    newer = write_chain(tmp_path / "after", (made, retyped, later, drops))
    file = tmp_path / "accepted.toml"
    for one in (ini, newer):
        (one.parent / "pyproject.toml").write_text(
            f'[tool.pgharness]\naccepted = "{file}"\nskip = ["crash", "modes", "autogenerate"]'
        )

    def check(one: Path, *options: str) -> Any:
        return command_line(
            "check", "--config", one.parent / "pyproject.toml", "--server", quiet_url, "--format", "json", *options
        )

    check(ini, "--accept")
    since, new = (json.loads(check(one, "--since", "visit").out) for one in (ini, newer))

    assert [(one["check"], one["revision"]) for one in since["findings"]] == []
    assert [(one["check"], one["revision"]) for one in new["findings"]] == [("compat", "drops")]


def test_only_a_whole_run_can_be_accepted(check_example: Check) -> None:
    ended = check_example("--accept", "--only", "drift")

    assert ended.code == 2
    assert ended.err.startswith("Only a whole run can be accepted.\n  seen: --only leaves findings out")
