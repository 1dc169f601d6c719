"""The command `pgharness trace` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pgharness.cli.formats import ListFormat


def trace(  # noqa: PLR0917 - typer calls it with names
    revisions: Annotated[
        list[str] | None, typer.Argument(help="The revisions to tell of, by id or file; by default all.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help=r"The pyproject.toml with \[tool.pgharness]; by default the one here.")
    ] = None,
    alembic: Annotated[Path | None, typer.Option(help=r"The Alembic configuration \[default: alembic.ini].")] = None,
    section: Annotated[
        str | None, typer.Option("--name", "-n", help="The section of the Alembic configuration, as `alembic -n`.")
    ] = None,
    x: Annotated[
        list[str] | None,
        typer.Option("-x", metavar="KEY=VALUE", help="What env.py gets by get_x_argument(), as `alembic -x`."),
    ] = None,
    python: Annotated[
        Path | None, typer.Option(help="The interpreter that runs the project; by default its virtual environment's.")
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(help=r"auto, container, embedded, or postgresql://… of a running server \[default: auto]."),
    ] = None,
    baseline: Annotated[Path | None, typer.Option(help="A file of SQL to run before the chain.")] = None,
    list_format: Annotated[ListFormat, typer.Option("--format", help="The output format.")] = ListFormat.TEXT,
) -> None:
    """Run the chain and tell what each statement locks, whom that keeps waiting, and what work is done meanwhile.

    Exit code 0: it was run, 2: it could not be.
    """
    from pgharness.cli.tracing import trace_and_tell

    options = {
        "alembic": alembic,
        "section": section,
        "x": tuple(x or ()),
        "python": python,
        "server": server,
        "baseline": baseline,
        "only": ("locks",),
    }
    trace_and_tell(config, options, tuple(revisions or ()), list_format)
