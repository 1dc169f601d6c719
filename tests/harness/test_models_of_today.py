"""A revision that goes by the models of today is told so: by what fails, and in a note where nothing does yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

MODELS = """
from sqlalchemy import Column, Integer, Text
from sqlalchemy.orm import declarative_base

Base = declarative_base()

class Shelf(Base):
    __tablename__ = "shelf"
    id = Column(Integer, primary_key=True)
    name = Column(Text)
    label = Column(Text)
"""
SHELF = table("shelf", "id serial PRIMARY KEY, name text")
LABEL = Revision("label", sql("ALTER TABLE shelf ADD COLUMN label text"), sql("ALTER TABLE shelf DROP COLUMN label"))
WRITES = """
from sqlalchemy.orm import Session
{imports}
with Session(bind=op.get_bind()) as session:
    session.add({shelf}(name="top"))
    session.flush()
"""
WRITES_A_TABLE = """
shelf = sa.table("shelf", sa.column("name"))
op.bulk_insert(shelf, [{"name": "top"}])
"""
EMPTIES = sql("DELETE FROM shelf WHERE name = 'top'")


@pytest.fixture
def judged(judge_chain: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Report]:
    """Judge a chain beside models, under a name of their own in each test."""
    name = f"models_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(MODELS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    def judge(*revisions: Revision, **options: Any) -> Report:
        named = [
            Revision(one.slug, one.up.replace("MODELS", name), one.down.replace("MODELS", name)) for one in revisions
        ]
        return judge_chain(*named, only=("graph", "upgrade"), **options).report

    return judge


@pytest.mark.parametrize(
    ("imports", "shelf"),
    [("import MODELS", "MODELS.Shelf"), ("from MODELS import Shelf", "Shelf")],
    ids=["the module", "the class"],
)
def test_a_live_model_whose_later_column_is_not_there_yet_is_named(
    imports: str, shelf: str, judged: Callable[..., Report]
) -> None:
    report = judged(SHELF, Revision("fill", WRITES.format(imports=imports, shelf=shelf), EMPTIES), LABEL)

    (finding,) = report.findings
    assert finding.message.startswith("It fails: UndefinedColumn (SQLSTATE 42703)")
    assert ".Shelf, which is that of today" in finding.message
    assert finding.mend.startswith("declare in ")
    assert "sa.table(" in finding.mend


def test_a_table_that_the_revision_declares_is_the_fix(judged: Callable[..., Report]) -> None:
    assert judged(SHELF, Revision("fill", WRITES_A_TABLE, EMPTIES), LABEL).findings == ()


def test_a_column_that_is_missing_without_a_model_is_not_laid_to_one(judged: Callable[..., Report]) -> None:
    report = judged(SHELF, Revision("fill", sql("UPDATE shelf SET label = name")))

    (finding,) = report.findings
    assert "of today" not in finding.message
    assert finding.mend.startswith("name the column as the revisions before this one leave it")


CREATES_ALL = Revision(
    "all_tables",
    "import MODELS\nMODELS.Base.metadata.create_all(op.get_bind())",
    "import MODELS\nMODELS.Base.metadata.drop_all(op.get_bind())",
)


def test_what_fails_behind_create_all_is_mended_where_that_is_called(judged: Callable[..., Report]) -> None:
    report = judged(CREATES_ALL, LABEL)

    (finding,) = report.findings
    assert "SQLSTATE 42701" in finding.message
    assert finding.mend.startswith("all_tables calls create_all(), which makes what the models are today")
    assert "all_tables.py, line " in finding.mend


def test_create_all_in_a_revision_is_a_note_where_nothing_fails(judged: Callable[..., Report]) -> None:
    report = judged(CREATES_ALL)

    assert report.findings == ()
    assert [one.message for one in report.notes if "create_all()" in one.message] != []
    assert not [one for one in judged(SHELF).notes if "create_all()" in one.message]
