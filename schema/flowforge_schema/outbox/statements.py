"""The outbox's SQL, each statement in a file beside this one."""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import TextClause, text


def read_statement(name: str) -> TextClause:
    """Read `<name>.sql`."""
    return text(files(__package__).joinpath(f"{name}.sql").read_text("utf-8"))
