"""The command `pgharness record` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pgharness.cli.project_options import AlembicFile


def record(
    command: Annotated[
        list[str], typer.Argument(help="The command that sends statements, such as your tests, after `--`.")
    ],
    output: Annotated[Path, typer.Option("--output", help="The file to write.")] = Path("statements.sql"),
    alembic: AlembicFile = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Give it an empty database, not one at the chain's head.")
    ] = False,
) -> None:
    """Run a command against a server of our own, and write one of each kind of statement that it sends, for `compat` and `indices`.

    Exit code: that of the command, 2: could not record.
    """
    from pgharness.cli.recorder import record_and_write

    record_and_write(command, output, alembic, empty=empty)
