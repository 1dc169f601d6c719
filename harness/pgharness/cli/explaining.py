"""Judges the plans of statements on a database that holds as much as production does, and tells what was found."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from pgharness.cli.exit_codes import FINDINGS, NO_FINDINGS
from pgharness.cli.formats import ListFormat
from pgharness.findings import Finding
from pgharness.plans import judge_plans, read_statement_file, with_samples
from pgharness.plans.explaining import STATISTICS_TARGETS
from pgharness.report.text import counted, finding_in_text, verdict
from pgharness.servers import connect_given


def explain_and_tell(url: str, file: Path, list_format: ListFormat, *, analyze: bool) -> None:
    """Judge the plans of the statements in a file, then exit by what was found. Raises CannotRun."""
    texts = read_statement_file(file)
    with connect_given(url) as connection:
        statements = with_samples(connection, texts)
        findings = judge_plans(connection, statements, targets=STATISTICS_TARGETS if analyze else ())
    if list_format is ListFormat.JSON:
        document = {"statements": len(statements), "findings": [_in_json(finding) for finding in findings]}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _tell_plans(len(statements), findings)
    sys.exit(FINDINGS if findings else NO_FINDINGS)


def _in_json(finding: Finding) -> dict[str, object]:
    """Return a finding about a statement, which has no line of a revision."""
    return {name: value for name, value in asdict(finding).items() if name not in ("line", "instead_of")}


def _tell_plans(statements: int, findings: Sequence[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(finding_in_text(finding, whole=True), markup=False)
    console.print(f"{verdict(len(findings))} in {counted(statements, 'statement')}", style="bold")
