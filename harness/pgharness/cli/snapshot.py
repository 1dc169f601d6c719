"""The command `pgharness snapshot` and its options."""

from __future__ import annotations

from typing import Annotated

import typer

from pgharness.cli.formats import SnapshotFormat


def snapshot(
    url: Annotated[str, typer.Argument(metavar="URL", help="The URL of the database: postgresql://…")],
    snapshot_format: Annotated[
        SnapshotFormat, typer.Option("--format", metavar="FORMAT", help="json: as facts, sql: as SQL that makes them.")
    ] = (SnapshotFormat.JSON),
) -> None:
    """Print a database's schema, as facts or as SQL.

    The SQL makes the same schema in an empty database.
    """
    from pgharness.cli.reading import read_and_print

    read_and_print(url, snapshot_format)
