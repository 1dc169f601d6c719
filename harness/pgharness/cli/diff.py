"""The command `pgharness diff` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pgharness.cli.formats import ListFormat, choices


def diff(
    left_url: Annotated[str, typer.Argument(metavar="LEFT_URL", help="The URL of one database: postgresql://…")],
    right_url: Annotated[str, typer.Argument(metavar="RIGHT_URL", help="The URL of the other.")],
    list_format: Annotated[
        ListFormat, typer.Option("--format", metavar="FORMAT", help=choices(ListFormat))
    ] = ListFormat.TEXT,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The pyproject.toml whose ignore rules hold; by default the one here."),
    ] = None,
) -> None:
    """Compare the schemas of two databases, fact by fact. Exit code 0: equal, 1: a difference, 2: could not run."""
    from pgharness.cli.comparing import compare_and_tell

    compare_and_tell(left_url, right_url, list_format, config)
