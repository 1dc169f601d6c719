"""Compares the structure file with the chain's head by running it on an empty database."""

from __future__ import annotations

import psycopg

from pgharness.catalog.script import render_sql
from pgharness.catalog.snapshot import take_snapshot
from pgharness.experiments.experiment import Experiment, Site
from pgharness.findings import CannotRun
from pgharness.records.experiments import StructureRecord
from pgharness.records.steps import Failure


def try_structure(site: Site) -> StructureRecord | None:
    """Run the structure file, if there is one, and record the catalog that it gives, or why it does not run."""
    path = site.settings.structure
    if path is None:
        return None
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    try:
        expected = render_sql(site.head)
    except CannotRun as reason:
        return StructureRecord(str(path), text, "", None, unwritable=reason)
    if text is None:
        return StructureRecord(str(path), None, expected, None)
    try:
        script = path.read_text(encoding="utf-8").encode()
    except UnicodeDecodeError as error:
        return StructureRecord(str(path), text, expected, None, _failure_of(error))
    with site.databases.experiment("structure") as database:
        try:
            with database.connect() as connection:
                connection.execute(script)
            with database.connect() as connection:
                snapshot = take_snapshot(connection)
            return StructureRecord(str(path), text, expected, site.in_words_of_head(snapshot))
        except psycopg.Error as error:
            return StructureRecord(str(path), text, expected, None, _failure_of(error))


def _failure_of(error: psycopg.Error | UnicodeDecodeError) -> Failure:
    return Failure(type(error).__name__, str(error).strip(), sqlstate=getattr(error, "sqlstate", None))


EXPERIMENT = Experiment("structure", try_structure)
