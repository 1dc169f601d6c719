"""The fixes of a run, typed into the project as they are told, end its findings; on tables that hold rows."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.chain.agent import Agent
from pgharness.findings import Finding
from pgharness.running import Run
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import Revision, sql
from tests.harness.runs import run_with
from tests.harness.typed import code_of, way_back_of

Found = Callable[..., list[Finding]]
REVISION = '''"""Type in what was told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
{beside}


def upgrade():
{up}


def downgrade():
{down}
'''
# Renames of each kind that models have, another type below a key, what is more and what is less.
SLIPS = {
    '__tablename__ = "author"': '__tablename__ = "writer"',
    'sa.ForeignKey("author.id", name="fk_book_author_id"': 'sa.ForeignKey("writer.id", name="fk_book_writer_id"',
    'name="ck_book_pages"': 'name="ck_book_has_pages"',
    '"ix_book_unsold"': '"ix_book_on_the_shelf"',
    "    title: Mapped[str]": "    name: Mapped[str]",
    '"author_id", "title", name': '"author_id", "name", name',
    "lower(title)": "lower(name)",
    "    pages: Mapped[int]\n": "    pages: Mapped[int] = mapped_column(sa.BigInteger)\n",
    "    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)\n    author_id": (
        "    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)\n    author_id"
    ),
    "mapped_column(sa.DateTime(timezone=True))\n": (
        "mapped_column(sa.DateTime(timezone=True))\n    isbn: Mapped[str] = mapped_column(sa.Text, unique=True)\n"
        "    shelf_id: Mapped[int | None] = mapped_column(sa.ForeignKey('shelf.id'), index=True)\n"
        "    editor_id: Mapped[int] = mapped_column(sa.ForeignKey('writer.id'), index=True)\n"
    ),
    "class Book(Base):": 'class Shelf(Base):\n    __tablename__ = "shelf"\n\n    id: Mapped[int] = mapped_column(primary_key=True)\n    mood: '
    'Mapped[str] = mapped_column(sa.Enum("low", "high", name="height"), server_default="low")\n\n\nclass Book(Base):',
}
LABEL = {
    '    LEATHER = "leather"': '    LEATHER = "leather"\n    CLOTH = "cloth"',
    "values_callable=lambda cover: [one.value for one in cover])\n": "values_callable=lambda cover: [one.value for one in cover]), "
    'server_default="cloth"\n',
}


@pytest.fixture
def project(example: Callable[..., Path]) -> Path:
    """Return the sound example, of which a test changes the models."""
    return example("sound")


@pytest.fixture
def judged(project: Path, pg_server: Server, agent: Agent) -> Found:
    """Judge the project as it is by now, and give the findings."""

    def judge(*checks: str) -> list[Finding]:
        settings = load_settings(None, alembic=project / "alembic.ini", only=checks)
        return list(run_with(settings, pg_server, agent).report.findings)

    return judge


def test_what_drift_and_roundtrip_tell_can_be_typed_in(project: Path, judged: Found) -> None:
    edit(project, SLIPS)
    differing = judged("drift")
    write(project, up=code(differing))

    found = judged("drift", "upgrade", "roundtrip")
    assert (
        "\n".join(
            f"{one.check} {one.subject} {one.message} {one.mend}"
            for one in found
            if "changes nothing" not in one.message
        )
        == ""
    )
    (empty,) = found
    assert "changes nothing" in empty.message

    for down in (told_to_undo(empty), way_back(differing)):
        write(project, up=written_in(project), down=down)
        assert [
            (one.check, one.subject, one.message) for one in judged("drift", "upgrade", "roundtrip", "autogenerate")
        ] == []


def test_a_label_more_that_a_default_names_can_be_typed_in(project: Path, judged: Found) -> None:
    edit(project, LABEL)
    write(
        project,
        up=code(judged("drift")),
        down="raise NotImplementedError(irreversible)",
        beside='irreversible = "it stays"',
    )

    assert judged("drift", "upgrade", "roundtrip", "enums") == []


STANDS_ON_ROWS = {
    "    pages: Mapped[int]\n": "    pages: Mapped[int] = mapped_column(index=True)\n",
    '"author_id", "title", name': '"author_id", "title", "pages", name',
    "    __table_args__ = (": '    __table_args__ = (\n        sa.CheckConstraint("pages > -5", name="ck_book_some"),',
}


def test_what_is_made_on_a_table_that_stands_keeps_nobody_waiting_and_can_be_run_again(
    project: Path, judged: Found
) -> None:
    """An index, a constraint that makes one, a CHECK and a foreign key."""
    edit(project, STANDS_ON_ROWS)
    revision = project / "versions" / "0002_add_book.py"
    made = revision.read_text(encoding="utf-8")
    without_key = re.sub(r'sa\.ForeignKey\("author\.id"[^)]*\), ?', "", made)
    assert without_key != made
    revision.write_text(without_key, encoding="utf-8")

    found = judged("drift", "locks")
    write(project, up=code([one for one in found if one.check == "drift"]))

    assert {one.subject.partition(" ")[0] for one in found if one.check == "drift"} == {"index", "constraint"}
    told = judged("drift", "locks", "crash", "notices")
    assert [(one.check, one.subject, one.message) for one in told] == []


MAKES = Revision(
    "0001",
    sql(
        "CREATE TABLE thing (id int PRIMARY KEY, name text)",
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$",
        "CREATE TRIGGER t_touch BEFORE INSERT ON thing FOR EACH ROW EXECUTE FUNCTION touch()",
        "CREATE VIEW v AS SELECT id, name FROM thing",
        "CREATE MATERIALIZED VIEW mv AS SELECT count(*) AS n FROM thing",
        "CREATE UNIQUE INDEX ix_mv ON mv (n)",
    ),
    sql("DROP MATERIALIZED VIEW mv", "DROP VIEW v", "DROP TABLE thing", "DROP FUNCTION touch()"),
)
CHANGES = sql(
    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := lower(NEW.name); RETURN NEW; END $$",
    "CREATE OR REPLACE VIEW v AS SELECT id, name, 1 AS one FROM thing",
    "DROP MATERIALIZED VIEW mv",
    "CREATE MATERIALIZED VIEW mv AS SELECT count(*) AS n, 2 AS two FROM thing",
    "COMMENT ON VIEW v IS 'it''s 5% x'",
    "ALTER TABLE thing RENAME name TO title",
)


def test_what_an_empty_downgrade_is_told_to_do_restores_views_and_functions(judge_chain: Callable[..., Run]) -> None:
    (empty,) = judge_chain(MAKES, Revision("0002", CHANGES), only=("roundtrip",)).report.findings

    assert 'new_column_name="name"' in empty.mend
    assert judge_chain(MAKES, Revision("0002", CHANGES, told_to_undo(empty)), only=("roundtrip",)).report.findings == ()


def told_to_undo(finding: Finding) -> str:
    """Return the code that the fix of an empty downgrade holds."""
    written = re.search(r"everything that upgrade\(\) does: (.*); or raise", finding.mend, re.DOTALL)
    assert written is not None, finding.mend
    return written[1]


def edit(project: Path, edits: dict[str, str]) -> None:
    """Change the models."""
    (models,) = project.glob("bookshop*.py")
    text = models.read_text(encoding="utf-8")
    for old, new in edits.items():
        assert old in text, old
        text = text.replace(old, new)
    models.write_text(text, encoding="utf-8")


def code(findings: list[Finding]) -> str:
    """Return the code that the fixes of drift hold, in the order in which they are told."""
    return "\n".join(code_of(one, "write a revision") for one in findings)


def way_back(findings: list[Finding]) -> str:
    """Return the code that they hold for the way back, of the last one first."""
    return "\n".join(way_back_of(one, "write a revision") for one in reversed(findings))


def written_in(project: Path) -> str:
    """Return the body of upgrade() as it was typed in."""
    text = (project / "versions" / "0004_typed_in.py").read_text(encoding="utf-8")
    return textwrap.dedent(text.partition("def upgrade():\n")[2].partition("\n\n\ndef downgrade")[0])


def write(project: Path, *, up: str, down: str = "pass", beside: str = "") -> None:
    """Write the revision, with code as it was told."""
    body = REVISION.format(
        up=textwrap.indent(up, "    "), down=textwrap.indent(down.strip("\n"), "    "), beside=beside
    )
    (project / "versions" / "0004_typed_in.py").write_text(body, encoding="utf-8")
