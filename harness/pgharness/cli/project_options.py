"""The options that say which project is run and where: the same for every command that runs a chain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The pyproject.toml with [tool.pgharness]; by default the one here.")
]
AlembicFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The Alembic configuration [default: alembic.ini].")
]
SectionName = Annotated[
    str | None,
    typer.Option("--name", "-n", metavar="SECTION", help="The section of the Alembic configuration, as `alembic -n`."),
]
XArguments = Annotated[
    list[str] | None,
    typer.Option("-x", metavar="KEY=VALUE", help="What env.py gets by get_x_argument(), as `alembic -x`."),
]
Interpreter = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help="The interpreter that runs the project; by default its virtual environment's."),
]
ServerName = Annotated[
    str | None,
    typer.Option(
        metavar="SERVER", help="auto, container, embedded, or postgresql://… of a running server [default: auto]."
    ),
]
BaselineFile = Annotated[Path | None, typer.Option(metavar="FILE", help="A file of SQL to run before the chain.")]
