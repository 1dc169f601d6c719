"""The command `pgharness trace` and its options."""

from __future__ import annotations

from typing import Annotated

import typer

from pgharness.cli.formats import TraceFormat, choices
from pgharness.cli.project_options import (
    AlembicFile,
    BaselineFile,
    ConfigFile,
    Interpreter,
    SectionName,
    ServerName,
    XArguments,
)


def trace(  # noqa: PLR0917 - typer calls it with names
    revisions: Annotated[
        list[str] | None,
        typer.Argument(metavar="REV", help="The revisions to tell of, by id or file; by default all."),
    ] = None,
    config: ConfigFile = None,
    alembic: AlembicFile = None,
    section: SectionName = None,
    x: XArguments = None,
    python: Interpreter = None,
    server: ServerName = None,
    baseline: BaselineFile = None,
    trace_format: Annotated[
        TraceFormat, typer.Option("--format", metavar="FORMAT", help=choices(TraceFormat))
    ] = TraceFormat.TEXT,
) -> None:
    """Run the chain and tell what each statement locks.

    With whom that keeps waiting, and what work is done meanwhile.

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
    trace_and_tell(config, options, tuple(revisions or ()), trace_format)
