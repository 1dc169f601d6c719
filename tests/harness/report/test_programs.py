"""What programs read of a walked chain: its timelines in the JSON, and the statement's line of what no line is known of."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest

from pgharness.findings import CheckResult, Finding, Status
from pgharness.report import FORMATS
from pgharness.report.places import place_of
from pgharness.running import Run

SCHEMA = Path(__file__).parents[3] / "docs" / "report.schema.json"


def test_the_json_has_the_timelines_as_its_schema_says(walked: Run) -> None:
    document = json.loads(FORMATS["json"](walked.report))

    jsonschema_rs.validate(json.loads(SCHEMA.read_text(encoding="utf-8")), document)
    first, second, third = document["revisions"]
    assert first["file"].endswith("versions/r1.py")
    assert ("ACCESS EXCLUSIVE", "reads and writes", 1, 3) in [
        (lock["mode"], lock["blocks"], lock["first"], lock["last"]) for lock in second["upgrade"]["locks"]
    ]
    assert "held-over-work" in [one["id"] for one in second["upgrade"]["hazards"]]
    assert third["upgrade"]["statements"] == []


@pytest.mark.parametrize(
    ("check", "subject", "statement"),
    [
        ("drift", 'column public."<script>"."x<y"', None),  # three statements name it
        ("compat", 'index public."i<script>"', 'CREATE INDEX "i<script>"'),
        ("drift", "type public.mood", "CREATE TYPE mood"),
        ("roundtrip", 'index public."i<script>"', 'DROP INDEX "i<script>"'),
        ("roundtrip", "table public.nowhere", None),
    ],
)
def test_a_finding_without_a_line_is_at_the_one_statement_that_names_its_object(
    walked: Run, check: str, subject: str, statement: str | None
) -> None:
    finding = Finding(check, "r2<script>", subject, "Odd.", "mend it")

    place = place_of(walked.report, finding, Path("/"))

    lines = ["", *Path("/", place.file).read_text(encoding="utf-8").splitlines()]
    direction = "downgrade" if check == "roundtrip" else "upgrade"
    assert (statement or f"def {direction}") in lines[place.line]


def test_every_format_tells_the_line_of_a_lock_that_keeps_a_service_waiting(walked: Run) -> None:
    found = {one.line for one in walked.report.findings if one.check == "locks"}

    assert found
    for name in ("json", "github", "gitlab", "sarif", "html", "markdown"):
        told = FORMATS[name](walked.report)
        for line in found:
            assert any(form in told for form in (f'": {line}', f"line={line},", f".py:{line}")), name


def test_a_path_with_spaces_is_an_address_in_sarif(walked: Run) -> None:
    revision = replace(walked.report.chain.revisions[0], path="/a b/ü.py")
    results = (CheckResult("x", Status.FAILED, 0.0, (Finding("x", revision.revision, "table a", "Odd.", "mend"),)),)
    report = replace(
        walked.report, chain=replace(walked.report.chain, revisions=(revision,)), results=results, walked=()
    )

    document = json.loads(FORMATS["sarif"](report))

    (place,) = document["runs"][0]["results"][0]["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "/a%20b/%C3%BC.py"
