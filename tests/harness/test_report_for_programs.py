"""The formats of a report that programs read: each is what its reader takes, and names the file and line of what it tells."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest

from pgharness.chain.agent import Agent
from pgharness.chain.project import open_project
from pgharness.findings import CheckResult, Finding, Note, Status
from pgharness.kinds import kinds_of
from pgharness.records.revisions import Chain, Revision
from pgharness.report.as_github import render_github
from pgharness.report.as_gitlab import render_gitlab
from pgharness.report.as_json import render_json
from pgharness.report.as_junit import render_junit
from pgharness.report.as_sarif import render_sarif
from pgharness.report.model import Report, ServerFacts
from pgharness.settings import load_settings

SCHEMA = Path(__file__).parents[2] / "docs/report.schema.json"
SERVER = ServerFacts("embedded", "18.6", "embedded PostgreSQL 18.6 from a test", "asked for")
FILE = "backend/versions/0001_add_book.py"


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Return a report on a project in the folder `backend` of a repository, which is where the run was."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "backend").mkdir()
    monkeypatch.chdir(tmp_path / "backend")
    revision = Revision("0001", "0001_add_book", str(tmp_path / FILE), (), upgrade_line=11, downgrade_line=20)
    found = (
        Finding("roundtrip", "0001", "type public.cover", "100 % of it stays.\nAll.", "drop, it: now", "- a\n\x00 b"),
        Finding("roundtrip", "0001", "downgrade of 0001_add_book", "It fails.", "correct it", line=23, code="PGH-R002"),
    )
    return Report(
        SERVER,
        Chain((revision,), ("0001",), ("0001",)),
        frozenset({"0001"}),
        (
            CheckResult("graph", Status.PASSED, 0.5, notes=(Note("graph", "0001", "it is [odd]"),), claim="one head"),
            CheckResult("drift", Status.SKIPPED, 0.0, reason="no models are named"),
            CheckResult("structure", Status.FAILED, 0.1, (Finding("structure", None, "file", "Old.", "write it"),)),
            CheckResult("roundtrip", Status.FAILED, 1.0, found, kinds=kinds_of("roundtrip")[:2]),
        ),
        0.25,
        2.0,
        "alembic.ini",
    )


def test_the_json_is_what_its_schema_says(report: Report) -> None:
    document = json.loads(render_json(report))

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema_rs.validate(schema, document)
    assert set(document) == set(schema["properties"])
    assert set(document["findings"][0]) == set(schema["$defs"]["finding"]["properties"])


def test_the_json_tells_a_finding_with_its_file_and_line(report: Report) -> None:
    finding = json.loads(render_json(report))["findings"][2]

    assert finding == {
        "check": "roundtrip",
        "cause": "",
        "code": "PGH-R002",
        "revision": "0001",
        "subject": "downgrade of 0001_add_book",
        "message": "It fails.",
        "mend": "correct it",
        "evidence": "",
        "file": FILE,
        "line": 23,
    }


def test_what_is_not_known_by_line_is_shown_at_the_function_that_it_is_about(report: Report) -> None:
    document = json.loads(render_json(report))

    assert [(item["file"], item["line"]) for item in document["findings"]] == [
        ("backend/alembic.ini", 1),  # the whole chain
        (FILE, 20),
        (FILE, 23),
    ]
    assert (document["notes"][0]["file"], document["notes"][0]["line"]) == (FILE, 11)


def test_github_reads_each_finding_and_note_as_one_line(report: Report) -> None:
    lines = render_github(report).splitlines()

    assert lines == [
        "::error file=backend/alembic.ini,line=1,title=structure%3A file::Old.%0Afix: write it",
        (
            f"::error file={FILE},line=20,title=roundtrip%3A type public.cover"
            "::100 %25 of it stays.%0AAll.%0Afix: drop, it: now%0A- a%0A\x00 b"
        ),
        f"::error file={FILE},line=23,title=roundtrip%3A downgrade of 0001_add_book PGH-R002::It fails.%0Afix: correct it",
        f"::notice file={FILE},line=11,title=graph::it is [odd]",
        "FAILED: 3 findings in 1 revision, 3 checks, 2.0 s (server ready after 0.2 s)",
    ]


def test_gitlab_gets_issues_that_can_be_told_apart(report: Report) -> None:
    issues = json.loads(render_gitlab(report))

    assert issues[1]["location"] == {"path": FILE, "lines": {"begin": 20}}
    assert issues[1]["check_name"] == "pgharness/roundtrip"
    assert issues[1]["severity"] in {"info", "minor", "major", "critical", "blocker"}
    assert len({issue["fingerprint"] for issue in issues}) == 3
    assert issues == json.loads(render_gitlab(report))


def test_sarif_has_what_code_scanning_requires_of_it(report: Report) -> None:
    document: dict[str, Any] = json.loads(render_sarif(report))

    assert document.keys() >= {"$schema", "version", "runs"}
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        assert rule["id"]
        assert all(rule[name]["text"] for name in ("shortDescription", "fullDescription", "help"))
    assert {result["ruleId"] for result in run["results"]} <= {rule["id"] for rule in rules}
    assert all(result["message"]["text"] and result["locations"] for result in run["results"])


def test_sarif_names_the_rule_the_level_and_the_line_of_each_result(report: Report) -> None:
    document: dict[str, Any] = json.loads(render_sarif(report))
    run = document["runs"][0]

    assert document["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [
        "graph",
        "structure",
        "roundtrip",
        "PGH-R001",
        "PGH-R002",
    ]
    told = [
        (
            result["ruleId"],
            result["level"],
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            result["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for result in run["results"]
    ]
    assert told == [
        ("structure", "error", "backend/alembic.ini", 1),
        ("roundtrip", "error", FILE, 20),
        ("PGH-R002", "error", FILE, 23),
        ("graph", "note", FILE, 11),
    ]


def test_junit_has_a_case_for_each_cell_of_the_grid(report: Report) -> None:
    suites = ET.fromstring(render_junit(report))  # noqa: S314 - it is our own

    assert {name: suites.get(name) for name in ("tests", "failures", "skipped")} == {
        "tests": "8",
        "failures": "2",
        "skipped": "2",
    }
    failure = suites.find("testsuite[@name='roundtrip']/testcase[@name='0001_add_book']/failure")
    assert failure is not None
    assert failure.get("message") == "type public.cover: 100 % of it stays.\nAll."
    assert "fix: drop, it: now" in (failure.text or "")
    assert "downgrade of 0001_add_book" in (failure.text or "")


def test_the_lines_of_a_revisions_functions_are_read_from_its_file(example: Callable[..., Path], agent: Agent) -> None:
    project = open_project(load_settings(None, alembic=example() / "alembic.ini"), agent=agent)
    with contextlib.closing(project.runs):
        revision = project.chain.revisions[0]

    lines = Path(revision.path).read_text(encoding="utf-8").splitlines()
    assert lines[revision.upgrade_line - 1].startswith("def upgrade(")
    assert lines[revision.downgrade_line - 1].startswith("def downgrade(")


def test_a_failure_is_shown_at_the_line_that_raised_it(judge_example: Callable[..., Report]) -> None:
    file = "versions/0003_add_country.py"
    report = judge_example(
        edits={file: ("def upgrade():", "def upgrade():\n    op.execute('SELECT 1/0')")}, only=("upgrade",)
    )

    (finding,) = json.loads(render_json(report))["findings"]
    lines = Path(finding["file"]).read_text(encoding="utf-8").splitlines()
    assert lines[finding["line"] - 1] == "    op.execute('SELECT 1/0')"


def test_github_warns_of_what_was_not_checked(report: Report) -> None:
    drift = replace(report.results[1], is_missed=True)
    lines = render_github(replace(report, results=(drift,))).splitlines()

    assert lines[0] == (
        "::warning file=backend/alembic.ini,line=1,title=NOT CHECKED::drift: no models are named; or leave it out: --skip drift"
    )
