"""The report for programs, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from pgharness.findings import CheckResult, Finding, Note
from pgharness.records.revisions import Revision
from pgharness.report.model import Report
from pgharness.report.places import place_of, relative_to, repository_root
from pgharness.report.timeline import timeline_of
from pgharness.report.traffic_for_programs import traffic_in_values

VERSION = 1
"""Grows when a program that reads the present shape could not read the next; new keys may come without."""


def render_json(report: Report) -> str:
    """Return `{"version", "server", "passed", "since", "revisions", "checks", "findings", "accepted", "notes", "duration_s"}`, as docs/report.schema.json says."""
    root = repository_root(Path.cwd())
    document = {
        "version": VERSION,
        "server": asdict(report.server),
        "passed": report.passed,
        "since": report.since,
        "revisions": [_revision(report, item, root) for item in report.chain.revisions],
        "checks": [_check(result) for result in report.results],
        "findings": [_said(report, finding, root) for finding in report.findings],
        "accepted": [_said(report, finding, root) for finding in report.accepted],
        "notes": [_said(report, note, root) for note in report.notes],
        "duration_s": round(report.duration_s, 4),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _revision(report: Report, revision: Revision, root: Path) -> dict[str, object]:
    """Return a revision with its file, what was seen of each step over its statements, and what traffic met; null where nothing was."""
    seen = report.seen(revision)
    steps = {"upgrade": seen and seen.upgrade, "downgrade": seen and seen.downgrade}
    besides = {"upgrade": report.met_between(revision), "downgrade": ()}
    lines = {
        name: timeline_of(step.trace, besides[name]) if step and step.trace else None for name, step in steps.items()
    }
    traffic, upgrade = report.traffic_at(revision), lines["upgrade"]
    return {
        "revision": revision.revision,
        "label": revision.label,
        "file": relative_to(root, revision.path),
        **{name: asdict(line) if line is not None else None for name, line in lines.items()},
        "traffic": traffic_in_values(traffic, upgrade) if traffic is not None and upgrade is not None else None,
    }


def _check(result: CheckResult) -> dict[str, object]:
    return {
        "name": result.name,
        "status": result.status.value,
        "duration_s": round(result.duration_s, 4),
        "reason": result.reason,
    }


def _said(report: Report, said: Finding | Note, root: Path) -> dict[str, object]:
    told = {name: value for name, value in asdict(said).items() if name not in {"instead_of", "is_told_elsewhere"}}
    return {**told, **asdict(place_of(report, said, root))}
