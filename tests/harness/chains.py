"""Small chains, written from what their revisions do, and run on the session's server."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

INI = "[alembic]\nscript_location = %(here)s\nversion_locations = %(here)s/versions\npath_separator = newline\n"
ENV = """\
from alembic import context
from sqlalchemy import create_engine, text

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
WITH_A_TABLE = """\
from alembic import context
from sqlalchemy import {types}, MetaData, Table, create_engine

metadata = MetaData()
Table({name!r}, metadata, Column("id", Integer, primary_key=True), {columns})
engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
"""An env.py whose models are one table of a numbered key and `columns`, for which it imports `types`."""


@dataclass(frozen=True)
class Revision:
    """A revision: the code of its upgrade() and of its downgrade(), and what stands above both.

    The slug is its id and the name of its file, so that what is told of it is the same wherever it stands in a chain.
    """

    slug: str
    up: str = "pass"
    down: str = "pass"
    top: str = ""
    after: tuple[str, ...] | None = field(default=None, kw_only=True)
    """What it builds upon, where that is not the revision that is written before it."""
    depends_on: tuple[str, ...] = field(default=(), kw_only=True)

    def text(self, before: str | None) -> str:
        """Return the file's text for a revision that stands after another one."""
        up, down = (textwrap.indent(textwrap.dedent(code).strip("\n"), "    ") for code in (self.up, self.down))
        builds_upon = before if self.after is None else self.after
        return (
            f"import sqlalchemy as sa\nfrom alembic import context, op\n\nrevision = {self.slug!r}\ndown_revision = {builds_upon!r}\n"
            f"{f'depends_on = {self.depends_on!r}' if self.depends_on else ''}\n"
            f"{self.top}\n\n\ndef upgrade():\n{up}\n\n\ndef downgrade():\n{down}\n"
        )


def sql(*statements: str) -> str:
    """Return the code that executes statements one by one."""
    return "\n".join(f"op.execute({statement!r})" for statement in statements)


def table(name: str, columns: str = "id bigint PRIMARY KEY") -> Revision:
    """Return a sound revision that makes a table."""
    return Revision(name, sql(f"CREATE TABLE {name} ({columns})"), sql(f"DROP TABLE {name}"))


def write_chain(folder: Path, revisions: Iterable[Revision], env: str = ENV) -> Path:
    """Write a project whose revisions follow one upon the other; give the path of its ini."""
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(env, encoding="utf-8")
    (folder / "alembic.ini").write_text(INI, encoding="utf-8")
    shutil.copy(Path(__file__).parent / "examples" / "sound" / "script.py.mako", folder)
    before: str | None = None
    for revision in revisions:
        (folder / "versions" / f"{revision.slug}.py").write_text(revision.text(before), encoding="utf-8")
        before = revision.slug
    return folder / "alembic.ini"
