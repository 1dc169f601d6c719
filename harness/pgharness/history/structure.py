"""Compares the structure file with the chain's head by running it on an empty database."""

from __future__ import annotations

from pathlib import Path

import psycopg

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.script import render_sql
from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Databases
from pgharness.findings import CannotRun
from pgharness.history.steps import describe
from pgharness.records.experiments import StructureRecord


def try_structure(databases: Databases, path: Path, head: Snapshot) -> StructureRecord:
    """Run the structure file, if there is one, and record the catalog that it gives, or why it does not run."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    try:
        expected = render_sql(head)
    except CannotRun as reason:
        return StructureRecord(str(path), text, "", None, unwritable=reason)
    if text is None:
        return StructureRecord(str(path), None, expected, None)
    try:
        script = path.read_text(encoding="utf-8").encode()
    except UnicodeDecodeError as error:
        return StructureRecord(str(path), text, expected, None, describe(error))
    with databases.experiment("structure") as database:
        try:
            with database.connect() as connection:
                connection.execute(script)
            with database.connect() as connection:
                return StructureRecord(str(path), text, expected, take_snapshot(connection))
        except psycopg.Error as error:
            return StructureRecord(str(path), text, expected, None, describe(error))
