"""What is told of forgotten columns and of NOT NULL, typed into a revision and the model, mends, and every check passes: on tables that hold rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.chain.agent import Agent
from pgharness.findings import Finding
from pgharness.report.fix_parts import parts_of
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import Revision, sql, write_chain
from tests.harness.history.crash_pairs import LOCK
from tests.harness.runs import run_with, told
from tests.harness.typed import code_of, way_back_of

# What is done in steps is committed in pieces, which one process alone may do at a time.
ENV = f"""\
from alembic import context
from sqlalchemy import create_engine, text
from {{models}} import Base

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
{LOCK}    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
MODELS = """\
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None] = mapped_column(sa.Text)
"""
CHAIN = (
    Revision(
        "0001",
        sql("CREATE TABLE author (id serial PRIMARY KEY)", "CREATE TABLE book (id serial PRIMARY KEY, title text)"),
        sql("DROP TABLE book", "DROP TABLE author"),
    ),
)
# With what a model declares: a default in it, or no release that goes on writing.
WITH_DEFAULT = {
    "pages": "Mapped[int] = mapped_column()",
    "kind": "Mapped[str] = mapped_column(sa.String(9))",
    "at": "Mapped[object] = mapped_column(sa.DateTime(timezone=True))",
    "is_sold": "Mapped[bool] = mapped_column()",
    "mood": 'Mapped[str] = mapped_column(sa.Enum("sad", "glad", name="mood"))',
    "paper": 'Mapped[str] = mapped_column(sa.Text, server_default="thin")',
}
IN_STEPS = {
    "twice": 'Mapped[int] = mapped_column(sa.Computed("id * 2", persisted=False))',
    "token": "Mapped[uuid.UUID] = mapped_column()",
    "slug": "Mapped[str] = mapped_column(sa.Text, unique=True)",
    "author_id": 'Mapped[int] = mapped_column(sa.ForeignKey("author.id"), index=True)',
}
NEVER_NULL = MODELS.replace("title: Mapped[str | None]", "title: Mapped[str]")
WITHOUT_COMPAT = (
    "graph",
    "upgrade",
    "drift",
    "autogenerate",
    "roundtrip",
    "data",
    "locks",
    "crash",
    "notices",
    "enums",
    "leftovers",
)
Judge = Callable[..., list[Finding]]


@pytest.fixture
def judge(tmp_path: Path, pg_server: Server, agent: Agent) -> Judge:
    """Return what judges these models and this second revision."""
    folder, models = tmp_path / "chain", f"models_{re.sub(r'[^a-z0-9]', '_', tmp_path.name.lower())}"
    ini = write_chain(folder, CHAIN, ENV.format(models=models))
    ini.write_text(ini.read_text(encoding="utf-8") + "prepend_sys_path = %(here)s\n", encoding="utf-8")

    def judged(text: str, second: Revision | None = None, *checks: str) -> list[Finding]:
        (folder / f"{models}.py").write_text(text, encoding="utf-8")
        if second is not None:
            (folder / "versions" / "0002.py").write_text(second.text("0001"), encoding="utf-8")
        settings = load_settings(
            None, alembic=ini, **({"only": checks} if checks else {"skip": ("traffic", "structure")})
        )
        return list(run_with(settings, pg_server, agent).report.findings)

    return judged


@pytest.mark.parametrize("name", WITH_DEFAULT)
def test_a_forgotten_column_is_added_with_a_default_that_the_model_has_too(name: str, judge: Judge) -> None:
    models = f"{MODELS}    {name}: {WITH_DEFAULT[name]}\n"
    found = judge(models, None, "drift")

    up, declared = typed(found)
    if declared:
        models = re.sub(rf"({name}: .*)\)$", rf"\1, {declared})", models, flags=re.MULTILINE).replace("(, ", "(")
    assert told(judge(models, Revision("0002", up, undone(found)))) == []


@pytest.mark.parametrize("name", IN_STEPS)
def test_a_forgotten_column_that_no_default_serves_is_filled_row_by_row(
    name: str, judge: Judge, pg_server: Server
) -> None:
    if name == "twice" and pg_server.version_number < 180000:
        pytest.skip("PostgreSQL 18")
    models = f"{MODELS}    {name}: {IN_STEPS[name]}\n"
    found = judge(models, None, "drift")

    up, _ = typed(found)
    assert told(judge(models, Revision("0002", up, undone(found)), *WITHOUT_COMPAT)) == []


def test_null_is_forbidden_by_what_a_check_has_proven(judge: Judge) -> None:
    found = judge(NEVER_NULL, None, "drift")

    up, _ = typed(found)
    down = 'op.alter_column("book", "title", nullable=True)'
    again = judge(NEVER_NULL, Revision("0002", up, down, 'allow = {"data": "filled"}'), *WITHOUT_COMPAT)
    assert [one for one in told(again) if one[0] != "PGH-X003"] == []


def typed(found: list[Finding]) -> tuple[str, str]:
    """Return what is told to be typed into the revision, of the first way, and what the model is to declare."""
    words = (part.words for one in found for part in parts_of(one.mend))
    declared = [said[1] for one in words if (said := re.search(r"in the model: (server_default=.*?), in both", one))]
    return "\n".join(map(code_of, found)), declared[0] if declared else ""


def undone(found: list[Finding]) -> str:
    """Return the downgrade that is told with it, the last first."""
    return "\n".join(map(way_back_of, reversed(found)))
