"""The command `pgharness explain` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE",
            help="The code of a finding, PGH-D003, or a check, drift, whose codes are listed; without one, all are.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The pyproject.toml whose [tool.pgharness] names checks of your own."),
    ] = None,
) -> None:
    """Say what a kind of finding means, and what mends it.

    The reason, an example, the fix, and how it is allowed where it is meant.
    """
    from pgharness.cli.catalogue import tell_kinds

    tell_kinds(code, config)
