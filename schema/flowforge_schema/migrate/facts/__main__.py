"""Writes this release's facts anew, from the database of FLOWFORGE_DB_URL, which has to be at the head of the chain."""

from __future__ import annotations

from pathlib import Path

from flowforge_schema.migrate.connecting import major_version, reading
from flowforge_schema.migrate.facts import file_of, read_facts, render_facts
from flowforge_schema.settings import DatabaseSettings

with reading(DatabaseSettings.load()) as connection:
    target = Path(str(file_of(major_version(connection))))
    target.write_text(render_facts(read_facts(connection)), "utf-8")
