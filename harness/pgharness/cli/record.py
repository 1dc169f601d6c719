"""The command `pgharness record` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pgharness.cli.project_options import AlembicFile


def record(
    command: Annotated[
        list[str],
        typer.Argument(metavar="COMMAND", help="The command that sends statements, such as your tests, after `--`."),
    ],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The file to write.")] = Path(
        "statements.sql"
    ),
    alembic: AlembicFile = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Give it an empty database, not one at the chain's head.")
    ] = False,
) -> None:
    """Write down the statements that a command sends.

    It runs against a server of our own; one statement of each kind is kept, for `pgharness check --statements FILE`.

    Exit code: that of the command, 2: could not record.
    """
    from pgharness.cli.recorder import record_and_write

    record_and_write(command, output, alembic, empty=empty)
