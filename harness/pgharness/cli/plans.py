"""The command `pgharness plans` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pgharness.cli.formats import ListFormat, choices


def plans(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="The URL of a database that holds as much as production does.")
    ],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="SQL with `;` between statements, expectations in the comments.")
    ],
    list_format: Annotated[
        ListFormat, typer.Option("--format", metavar="FORMAT", help=choices(ListFormat))
    ] = ListFormat.TEXT,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Run ANALYZE several times, and find plans that depend on its sample.")
    ] = False,
) -> None:
    """Run each statement, roll it back, and judge its plans. Exit code 0: no findings, 1: findings, 2: could not run."""
    from pgharness.cli.explaining import explain_and_tell

    explain_and_tell(url, file, list_format, analyze=analyze)
