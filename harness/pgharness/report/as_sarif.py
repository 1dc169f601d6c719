"""The report as SARIF 2.1.0, the format of code scanning."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from pgharness.findings import CheckResult, Finding, Note, Status
from pgharness.kinds import Kind
from pgharness.report.fix_parts import told
from pgharness.report.model import Report
from pgharness.report.places import fingerprint, place_of, repository_root


def render_sarif(report: Report) -> str:
    """Return one run: the checks and the kinds of their findings as rules, findings as errors, notes as notes."""
    root = repository_root(Path.cwd())
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
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
        rule
        for result in report.results
        if result.status is not Status.SKIPPED
        for rule in (_rule_of_check(result), *map(_rule_of_kind, result.kinds))
    ]


def _rule_of_check(result: CheckResult) -> dict[str, object]:
    claim = result.claim or result.name
    return {
        "id": result.name,
        "shortDescription": {"text": claim},
        "fullDescription": {"text": claim},
        "help": {"text": result.why or claim},
    }


def _rule_of_kind(kind: Kind) -> dict[str, object]:
    parts = (kind.why, f"For example:\n{kind.example}", f"Fix:\n{kind.fix}", f"Where it is meant: {kind.how_to_allow}")
    return {
        "id": kind.code,
        "name": kind.check,
        "shortDescription": {"text": kind.what},
        "fullDescription": {"text": kind.why},
        "help": {"text": "\n\n".join(parts)},
    }


def _result(report: Report, said: Finding | Note, root: Path) -> dict[str, object]:
    place = place_of(report, said, root)
    result: dict[str, object] = {
        "ruleId": (said.code if isinstance(said, Finding) else "") or said.check,
        "level": "error" if isinstance(said, Finding) else "note",
        "message": {"text": _text(said)},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": quote(place.file)}, "region": {"startLine": place.line}}}
        ],
    }
    if isinstance(said, Finding):
        result["partialFingerprints"] = {"finding/v1": fingerprint(said)}
    return result


def _text(said: Finding | Note) -> str:
    if isinstance(said, Note):
        return said.message
    return "\n".join(
        part for part in (f"{said.subject}: {said.message}", told("Fix:", said.mend), said.evidence) if part
    )
