"""`structure`: the structure file is what the head gives, and running it gives the same catalog."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pgharness.findings import Status
from pgharness.report.model import Report
from pgharness.running import Run, plan_run, run_on
from pgharness.servers import Server
from pgharness.settings import load_settings

STRUCTURE = ("structure",)


def test_a_file_that_was_written_from_the_head_passes(
    example: Callable[..., Path], pg_server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "structure.sql"
    settings = load_settings(None, alembic=example() / "alembic.ini", structure=file, only=STRUCTURE)
    written = run_on(pg_server, plan_run(settings), started=0.0).record.structure
    assert written is not None
    file.write_text(written.expected_text)

    report = run_on(pg_server, plan_run(settings), started=0.0).report

    assert {result.status for result in report.results} == {Status.PASSED}


def test_what_the_database_itself_carries_is_in_the_file_without_its_name(
    example: Callable[..., Path], pg_server: Server, tmp_path: Path
) -> None:
    sets = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path TO ''nowhere''', current_database()); END $$"
    edits = {"versions/0003_add_country.py": ("def upgrade():", f"def upgrade():\n    op.execute({sets!r})")}
    file = tmp_path / "structure.sql"
    settings = load_settings(None, alembic=example(edits=edits) / "alembic.ini", structure=file, only=STRUCTURE)
    written = run_on(pg_server, plan_run(settings), started=0.0).record.structure
    assert written is not None
    file.write_text(written.expected_text)

    report = run_on(pg_server, plan_run(settings), started=0.0).report

    assert f"\n{sets};\n" in written.expected_text
    assert report.findings == ()


def test_a_file_that_is_missing_is_found(found: Callable[..., Any], tmp_path: Path) -> None:
    (finding,) = found("structure", structure=tmp_path / "structure.sql")

    assert finding.subject == "structure file structure.sql"
    assert finding.message == "File not found."
    assert finding.mend.startswith("pgharness check --only structure --write-structure")


def test_a_stale_file_is_found_with_the_difference(found: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "structure.sql").write_text("CREATE TABLE public.shelf ();\n")

    (finding,) = found("structure", structure=tmp_path / "structure.sql")

    assert finding.message == "Out of date: it differs from the schema at the head."
    assert "-CREATE TABLE public.shelf ();" in finding.evidence
    assert "+CREATE TABLE public.author (" in finding.evidence


def test_a_file_that_does_not_run_is_found_with_its_sqlstate(found: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "structure.sql").write_text("CREATE TABEL public.shelf ();\n")

    stale, broken = found("structure", structure=tmp_path / "structure.sql")

    assert stale.message == "Out of date: it differs from the schema at the head."
    assert broken.message.startswith("It fails on an empty database: SyntaxError (SQLSTATE 42601)")


def test_a_file_that_is_not_in_utf_8_is_found(found: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "structure.sql").write_bytes("CREATE TABLE public.café ();\n".encode("latin-1"))

    stale, broken = found("structure", structure=tmp_path / "structure.sql")

    assert stale.message == "Out of date: it differs from the schema at the head."
    assert broken.message.startswith("It fails on an empty database: UnicodeDecodeError: 'utf-8' codec")


LEAVES_AN_INDEX_INVALID = {
    "versions/0003_add_country.py": (
        "def upgrade():",
        """def upgrade():
    op.execute("CREATE INDEX ix_author_name ON author (name)")
    op.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_author_name'::regclass")
""",
    )
}


def test_a_head_that_cannot_be_written_is_told_beside_all_other_findings(
    judge_example: Callable[..., Report], tmp_path: Path
) -> None:
    report = judge_example(edits=LEAVES_AN_INDEX_INVALID, structure=tmp_path / "structure.sql")

    told = {finding.check: finding for finding in report.findings}
    assert told.keys() >= {"structure", "leftovers", "drift"}
    assert told["structure"].message.endswith("index public.ix_author_name: an index left invalid by a failed build")
    assert told["structure"].mend == "mend these objects, or leave their tables out"


def test_a_head_that_cannot_be_written_is_not_written(check_example: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pgharness]\nstructure = "structure.sql"\n')

    ended = check_example("--write-structure", edits=LEAVES_AN_INDEX_INVALID)

    assert ended.code == 2
    assert "objects cannot be written as SQL." in ended.err
    assert not (tmp_path / "structure.sql").exists()


def test_without_a_file_in_the_settings_it_is_skipped_and_says_so(run_example: Callable[..., Run]) -> None:
    report = run_example(only=STRUCTURE).report

    assert [result.reason for result in report.results if result.name == "structure"] == [
        'no file: set structure = "schema/structure.sql" in [tool.pgharness]'
    ]
