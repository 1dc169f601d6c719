"""`pgharness plans`: judges the plans of statements on a database that holds as much as production does."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pgharness.cli.exit_codes import FOUND, NOTHING_FOUND
from pgharness.findings import Finding
from pgharness.plans import judge_plans, read_statement_file, with_samples
from pgharness.plans.explaining import STATISTICS_TARGETS
from pgharness.report.text import finding_in_text
from pgharness.servers import connect_given


class PlansFormat(StrEnum):
    """The formats of `plans`."""

    TEXT = "text"
    JSON = "json"


def plans(
    url: Annotated[str, typer.Argument(help="The URL of a database that holds as much as production does.")],
    file: Annotated[Path, typer.Argument(help="SQL with `;` between statements, expectations in the comments.")],
    plans_format: Annotated[PlansFormat, typer.Option("--format", help="How to tell it.")] = PlansFormat.TEXT,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Run ANALYZE several times, and find plans that depend on its sample.")
    ] = False,
) -> None:
    """Carry out each statement, roll it back, and judge its plans. Exit code 0: nothing found, 1: findings, 2: could not run."""
    texts = read_statement_file(file)
    with connect_given(url) as connection:
        statements = with_samples(connection, texts)
        findings = judge_plans(connection, statements, targets=STATISTICS_TARGETS if analyze else ())
    if plans_format is PlansFormat.JSON:
        document = {"statements": len(statements), "findings": [asdict(finding) for finding in findings]}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _tell_plans(len(statements), findings)
    sys.exit(FOUND if findings else NOTHING_FOUND)


def _tell_plans(statements: int, findings: Sequence[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(finding_in_text(finding, whole=True), markup=False)
    verdict = f"{len(findings)} findings" if findings else "nothing found"
    console.print(f"{verdict}: {statements} statements", style="bold")
