"""Rows for any table, made from the catalog alone: values that the server itself finds fit for every constraint."""

from __future__ import annotations

from pgharness.rows.inserting import Filling, fill_empty_tables

__all__ = ["Filling", "fill_empty_tables"]
