"""The report as a GitLab Code Quality report, an array of issues that a merge request shows beside the code."""

from __future__ import annotations

import json
from pathlib import Path

from pgharness.findings import Finding
from pgharness.report.model import Report
from pgharness.report.places import fingerprint, place_of, repository_root


def render_gitlab(report: Report) -> str:
    """Return the findings; a fingerprint stays the same as long as check, revision, subject and message do."""
    root = repository_root(Path.cwd())
    return (
        json.dumps([_issue(report, finding, root) for finding in report.findings], indent=2, ensure_ascii=False) + "\n"
    )


def _issue(report: Report, finding: Finding, root: Path) -> dict[str, object]:
    place = place_of(report, finding, root)
    return {
        "description": f"{finding.subject}: {finding.message} Fix: {finding.mend} {finding.code}".rstrip(),
        "check_name": f"pgharness/{finding.check}",
        "fingerprint": fingerprint(finding),
        "severity": "major",
        "location": {"path": place.file, "lines": {"begin": place.line}},
    }
