"""`pgharness diff`: compares the schemas of two databases, fact by fact."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pgharness.catalog.diff import Difference, difference
from pgharness.catalog.ignore_rules import in_words
from pgharness.cli.exit_codes import FOUND, NOTHING_FOUND
from pgharness.cli.snapshot import snapshot_of
from pgharness.describing.differences import describe_differences
from pgharness.describing.proposals import Proposals, propose
from pgharness.describing.proposals import in_words as proposal_in_words
from pgharness.judging.rules import read_ignore_rules
from pgharness.settings import load_settings


class DiffFormat(StrEnum):
    """The formats of `diff`."""

    TEXT = "text"
    JSON = "json"


def diff(
    left_url: Annotated[str, typer.Argument(help="The URL of one database: postgresql://…")],
    right_url: Annotated[str, typer.Argument(help="The URL of the other.")],
    diff_format: Annotated[DiffFormat, typer.Option("--format", help="How to tell it.")] = DiffFormat.TEXT,
    config: Annotated[
        Path | None, typer.Option(help="The pyproject.toml whose ignore rules hold; by default the one here.")
    ] = None,
) -> None:
    """Compare the schemas of two databases, fact by fact. Exit code 0: equal, 1: a difference, 2: could not run."""
    rules = read_ignore_rules(load_settings(config).ignore, datetime.now(tz=UTC).date())
    with ThreadPoolExecutor() as readers:
        left, right = readers.map(snapshot_of, (left_url, right_url))
    differences = rules.kept(difference(left, right))
    if diff_format is DiffFormat.JSON:
        print(json.dumps(_diff_document(differences), indent=2, ensure_ascii=False))
    else:
        _tell_differences(differences, propose(left, right) if differences else {})
        for rule in rules.rules:
            if rules.is_expired(rule):
                print(f"ignore rule {in_words(rule)} expired on {rule.expires}: {rule.reason}", file=sys.stderr)
    sys.exit(FOUND if differences else NOTHING_FOUND)


def _diff_document(differences: tuple[Difference, ...]) -> dict[str, object]:
    fields = ("kind", "object", "property", "left", "right")
    return {
        "equal": not differences,
        "differences": [{name: getattr(item, name) for name in fields} for item in differences],
    }


def _tell_differences(differences: tuple[Difference, ...], proposals: Proposals) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for told in describe_differences(differences, left="left", right="right"):
        console.print(told.subject, style="bold", markup=False)
        console.print(f"  {told.message}", markup=False)
        for line in told.evidence.splitlines():
            console.print(f"    {line}", style="dim", markup=False)
        if told.kind != "column order of table":
            console.print(f"  to make left like right: {proposal_in_words(told.key, proposals)}", markup=False)
    console.print(f"{len(differences)} facts differ" if differences else "equal", style="bold")
