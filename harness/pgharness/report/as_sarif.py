"""The report as SARIF 2.1.0, the format of code scanning."""

from __future__ import annotations

import json
from pathlib import Path

from pgharness.findings import Finding, Note, Status
from pgharness.report.model import Report
from pgharness.report.places import fingerprint, place_of, repository_root


def render_sarif(report: Report) -> str:
    """Return one run: the checks as rules, findings as errors, notes as notes."""
    root = repository_root(Path.cwd())
    document = {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "pgharness", "rules": _rules(report)}},
                "columnKind": "unicodeCodePoints",
                "results": [
                    *(_result(report, finding, root) for finding in report.findings),
                    *(_result(report, note, root) for note in report.notes),
                ],
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rules(report: Report) -> list[dict[str, object]]:
    return [
        {
            "id": result.name,
            "shortDescription": {"text": result.claim or result.name},
            "help": {"text": result.why or result.claim or result.name},
        }
        for result in report.results
        if result.status is not Status.SKIPPED
    ]


def _result(report: Report, said: Finding | Note, root: Path) -> dict[str, object]:
    place = place_of(report, said, root)
    result: dict[str, object] = {
        "ruleId": said.check,
        "level": "error" if isinstance(said, Finding) else "note",
        "message": {"text": _text(said)},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": place.file}, "region": {"startLine": place.line}}}
        ],
    }
    if isinstance(said, Finding):
        result["partialFingerprints"] = {"finding/v1": fingerprint(said)}
    return result


def _text(said: Finding | Note) -> str:
    if isinstance(said, Note):
        return said.message
    return "\n".join(part for part in (f"{said.subject}: {said.message}", f"Fix: {said.mend}", said.evidence) if part)
