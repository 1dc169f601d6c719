"""Engines: what the settings say, on every connection, and no error of SQLAlchemy's own."""

from __future__ import annotations

from flowforge_schema.engine.arguments import PREPARE_THRESHOLD, dump_json
from flowforge_schema.engine.making import create_database_engine, create_script_engine
from flowforge_schema.engine.pool import TranslatingPool

__all__ = ["PREPARE_THRESHOLD", "TranslatingPool", "create_database_engine", "create_script_engine", "dump_json"]
