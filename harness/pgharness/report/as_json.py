"""The report for programs, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from pgharness.report.model import Report


def render_json(report: Report) -> str:
    """Return `{"server", "checks", "findings", "notes", "duration_s"}`; a finding's `revision` is its id or null."""
    document = {
        "server": asdict(report.server),
        "checks": [
            {
                "name": result.name,
                "status": result.status.value,
                "duration_s": round(result.duration_s, 4),
                "reason": result.reason,
            }
            for result in report.results
        ],
        "findings": [asdict(finding) for finding in report.findings],
        "notes": [asdict(note) for note in report.notes],
        "duration_s": round(report.duration_s, 4),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
