"""`pgharness snapshot`: prints a database's schema as facts, or as SQL that makes it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import psycopg
import typer

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.script import render_sql
from pgharness.catalog.snapshot import take_snapshot
from pgharness.findings import CannotRun
from pgharness.servers import connect_given


class SnapshotFormat(StrEnum):
    """The formats of `snapshot`."""

    JSON = "json"
    SQL = "sql"


def snapshot(
    url: Annotated[str, typer.Argument(help="The URL of the database: postgresql://…")],
    snapshot_format: Annotated[SnapshotFormat, typer.Option("--format", help="Facts, or SQL that makes them.")] = (
        SnapshotFormat.JSON
    ),
) -> None:
    """Print a database's schema: as facts, or as SQL that makes the same schema in an empty database."""
    taken = snapshot_of(url)
    if snapshot_format is SnapshotFormat.SQL:
        print(render_sql(taken), end="")
    else:
        facts = [
            {"kind": k.kind, "object": k.object, "property": k.property, "value": v} for k, v in taken.facts.items()
        ]
        print(json.dumps({"server_version": taken.server_version_number, "facts": facts}, indent=1, ensure_ascii=False))


def snapshot_of(url: str) -> Snapshot:
    """Read the schema of the database at a URL. Raises CannotRun."""
    with connect_given(url) as connection:
        try:
            return take_snapshot(connection)
        except psycopg.Error as error:
            raise CannotRun(
                "The catalog cannot be read.",
                seen=str(error).splitlines()[0],
                mend="use a role that may connect and read pg_catalog",
            ) from error
