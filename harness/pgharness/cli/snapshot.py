"""The command `pgharness snapshot` and its options."""

from __future__ import annotations

from typing import Annotated

import typer

from pgharness.cli.formats import SnapshotFormat


def snapshot(
    url: Annotated[str, typer.Argument(help="The URL of the database: postgresql://…")],
    snapshot_format: Annotated[SnapshotFormat, typer.Option("--format", help="Facts, or SQL that makes them.")] = (
        SnapshotFormat.JSON
    ),
) -> None:
    """Print a database's schema: as facts, or as SQL that makes the same schema in an empty database."""
    from pgharness.cli.reading import read_and_print

    read_and_print(url, snapshot_format)
