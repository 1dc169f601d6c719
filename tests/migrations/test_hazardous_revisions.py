"""Three revisions that would stop the service, on top of the chain: each is found at its line, told in every format, and drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pgharness.report import FORMATS
from pgharness.report.model import Report
from pgharness.running import check_chain
from pgharness.settings import load_settings
from tests.migrations.hazardous.stacking import stack

EXPECTED = [
    ("h1_index_runs_by_trigger", "PGH-W001", "CREATE INDEX"),
    ("h2_add_priority_to_runs", "PGH-W006", "UPDATE workflow_runs"),
    ("h3_require_priority_of_runs", "PGH-W004", "SET NOT NULL"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Judge the chain with the three revisions by `locks` alone."""
    ini = stack(tmp_path_factory.mktemp("hazardous"))
    return check_chain(load_settings(None, alembic=ini, only=("locks",)))


def test_each_is_found_and_nothing_else(report: Report) -> None:
    assert [(one.revision, one.code) for one in report.findings] == [(slug, code) for slug, code, _ in EXPECTED]


def test_each_is_told_at_the_line_of_its_statement_in_every_format(report: Report) -> None:
    document = json.loads(FORMATS["json"](report))
    told = {name: FORMATS[name](report) for name in ("github", "gitlab", "sarif", "markdown", "html", "junit")}

    for finding, (slug, code, statement) in zip(document["findings"], EXPECTED, strict=True):
        lines = Path("/", finding["file"]).read_text(encoding="utf-8").splitlines()
        assert statement in lines[finding["line"] - 1]
        assert f"{slug}.py,line={finding['line']}," in told["github"]
        assert f'"begin": {finding["line"]}' in told["gitlab"]
        assert f'"startLine": {finding["line"]}' in told["sarif"]
        assert f"{slug}.py:{finding['line']}</code>" in told["markdown"]
        assert f"{slug}.py:{finding['line']}</code>" in told["html"]
        assert f'"{code}"' in told["sarif"]
        assert f'<testcase classname="pgharness.locks" name="{slug}">' in told["junit"]


def test_each_is_marked_in_the_drawing_of_its_revision(report: Report) -> None:
    html = FORMATS["html"](report)

    for slug, _, _ in EXPECTED:
        drawn = html.partition(f'<div id="{slug}~upgrade">')[2].partition("</svg>")[0]
        assert "column dangerous" in drawn
        assert "workflow_runs" in drawn
    assert len(html) < 1_000_000
