"""Finds the labels of a table's enums, and of conditions that list what a column may be, which no row has yet."""

from __future__ import annotations

import psycopg
from psycopg import sql

from pgharness.rows.column_values import NothingFits
from pgharness.rows.reading import printed
from pgharness.rows.row_values import Chooser


def missing_labels(chooser: Chooser) -> dict[str, tuple[str, ...]]:
    """Return them by column, in order; columns of which all occur, or that can be anything, are left out."""
    labels = {column.name: _labels(chooser, column.name) for column in chooser.table.columns}
    labelled = {name: found for name, found in labels.items() if found}
    if not labelled:
        return {}
    occurring = _occurring(chooser, tuple(labelled))
    missing = {
        name: tuple(label for label in labelled[name] if label not in occurring.get(name, labelled[name]))
        for name in labelled
    }
    return {name: found for name, found in missing.items() if found}


def _labels(chooser: Chooser, name: str) -> tuple[str, ...]:
    try:
        return chooser.column_values.labels(chooser.table.column[name])
    except NothingFits:
        return ()


def _occurring(chooser: Chooser, names: tuple[str, ...]) -> dict[str, frozenset[str]]:
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(sql.SQL("array_agg(DISTINCT {}::text)").format(printed(name)) for name in names),
        printed(chooser.table.name),
    )
    try:
        row = chooser.column_values.connection.execute(query, ()).fetchone()
    except psycopg.Error:  # what may not be read is told where the table is filled
        return {}
    assert row is not None
    return {name: frozenset(found or ()) for name, found in zip(names, row, strict=True)}
