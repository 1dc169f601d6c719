"""Rows for any table, made from the catalog alone: values that the server itself finds fit for every constraint."""

from __future__ import annotations

from pgharness.rows.column_values import Words
from pgharness.rows.coming import Coming
from pgharness.rows.hints import hints_of
from pgharness.rows.inserting import Filling, fill_empty_tables
from pgharness.rows.learning import Raised, Suspect, learn, suspects
from pgharness.rows.literal_rows import add_literal_rows
from pgharness.rows.newer import add_rows, values_meeting
from pgharness.rows.population import Population

__all__ = [
    "Coming",
    "Filling",
    "Population",
    "Raised",
    "Suspect",
    "Words",
    "add_literal_rows",
    "add_rows",
    "fill_empty_tables",
    "hints_of",
    "learn",
    "suspects",
    "values_meeting",
]
