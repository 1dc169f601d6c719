"""The command `pgharness profile` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def profile(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="The URL of production's database, or of a standby: postgresql://…")
    ],
    statements: Annotated[
        bool, typer.Option("--statements", help="Also what pg_stat_statements has, without any values.")
    ] = False,
    earlier: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A profile of some days ago, from which keys get a rate.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file instead of standard output.")
    ] = None,
) -> None:
    """Print production's sizes and settings, and no rows.

    For `pgharness check --profile FILE`. A role that may only read is enough. Exit code 0: it was read, 2: it could not be.
    """
    from pgharness.cli.profiling import read_and_write_profile

    read_and_write_profile(url, earlier, output, statements=statements)
