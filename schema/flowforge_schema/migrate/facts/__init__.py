"""The facts of a schema: what this release's is made of, read from the package, and what a database's is, from its catalog."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from sqlalchemy import Connection

FOLDER = files(__package__)


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a fact is of; `table` is empty where it is of no table."""

    kind: str
    table: str
    name: str

    def __str__(self) -> str:
        """Return it as a person names it."""
        if self.kind in ("column", "default", "not null", "setting"):
            return (
                f"the {self.kind} of {self.table}.{self.name}" if self.kind != "column" else f"{self.table}.{self.name}"
            )
        return f"the {self.kind} {self.name}" + (f" of {self.table}" if self.table not in ("", self.name) else "")


Facts = Mapping[Subject, str]
"""The definition of each part of a schema, in PostgreSQL's words."""


def read_facts(connection: Connection) -> Facts:
    """Return the facts of the schema that comes first on the connection's search path."""
    query = (FOLDER / "read_facts.sql").read_text("utf-8")
    return {
        Subject(kind, table, name): definition for kind, table, name, definition in connection.exec_driver_sql(query)
    }


def release_facts(major: int) -> Facts:
    """Return the facts of this release, as that major version of PostgreSQL prints them, or the nearest one that was asked."""
    known = sorted(int(file.name.removesuffix(".json")) for file in FOLDER.iterdir() if file.name.endswith(".json"))
    nearest = max((version for version in known if version <= major), default=known[0])
    rows = json.loads(file_of(nearest).read_text("utf-8"))
    return {Subject(kind, table, name): definition for kind, table, name, definition in rows}


def file_of(major: int) -> Traversable:
    """Return the file of this release's facts on a major version of PostgreSQL."""
    return FOLDER / f"{major}.json"


def render_facts(facts: Facts) -> str:
    """Return the text of such a file: a line for each fact."""
    lines = [json.dumps([subject.kind, subject.table, subject.name, facts[subject]]) for subject in sorted(facts)]
    return "[\n" + ",\n".join(lines) + "\n]\n"
