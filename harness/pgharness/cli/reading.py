"""Reads a database's schema and prints it as facts, or as SQL that makes it."""

from __future__ import annotations

import json

import psycopg

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.script import render_sql
from pgharness.catalog.snapshot import take_snapshot
from pgharness.cli.formats import SnapshotFormat
from pgharness.findings import CannotRun
from pgharness.servers import connect_given


def read_and_print(url: str, snapshot_format: SnapshotFormat) -> None:
    """Print the schema of the database at a URL. Raises CannotRun."""
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
                "Could not read the catalog.",
                seen=str(error).splitlines()[0],
                mend="use a role that may connect and read pg_catalog",
            ) from error
