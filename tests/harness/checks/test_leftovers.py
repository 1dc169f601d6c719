"""`leftovers`: at the heads nothing is invalid, unvalidated, unenforced, disabled or unused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgharness.report.fix_parts import parts_of
from pgharness.report.model import Report
from pgharness.running import Run
from pgharness.servers import Server
from tests.harness.chains import Revision, sql
from tests.harness.runs import told

COUNTRY = "versions/0003_add_country.py"

SLIPS = [
    pytest.param(
        {
            COUNTRY: (
                "def upgrade():",
                "def upgrade():\n    op.execute(\"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_book_title'::regclass\")",
            )
        },
        "0003",
        "index public.ix_book_title",
        "DROP INDEX CONCURRENTLY IF EXISTS public.ix_book_title",
        id="an index that is left invalid",
    ),
    pytest.param(
        {
            COUNTRY: (
                "def upgrade():",
                "def upgrade():\n    op.execute(\"ALTER TABLE book ADD CHECK (title <> '') NOT VALID\")",
            )
        },
        "0003",
        "constraint public.book.book_title_check",
        "VALIDATE CONSTRAINT",
        id="a constraint that is never validated",
    ),
    pytest.param(
        {
            COUNTRY: (
                "def upgrade():",
                'def upgrade():\n    op.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")\n    op.execute("CREATE TRIGGER t BEFORE UPDATE ON author FOR EACH ROW EXECUTE FUNCTION f()")\n    op.execute("ALTER TABLE author DISABLE TRIGGER t")',
            )
        },
        "0003",
        "trigger public.author.t",
        "ENABLE TRIGGER",
        id="a trigger that is disabled",
    ),
    pytest.param(
        {COUNTRY: ("def upgrade():", "def upgrade():\n    op.execute(\"CREATE TYPE mood AS ENUM ('good')\")")},
        "0003",
        "type public.mood",
        "DROP TYPE public.mood",
        id="an enum type that nothing uses",
    ),
    pytest.param(
        {
            COUNTRY: (
                "def upgrade():",
                "def upgrade():\n    op.execute(\"CREATE TYPE mood AS ENUM ('good'); CREATE TYPE mood2 AS ENUM ('bad')\")\n    op.execute('ALTER TABLE book ADD mood mood2')",
            )
        },
        "0003",
        "type public.mood",
        "DROP TYPE public.mood",
        id="an unused enum type whose name begins another's",
    ),
    pytest.param(
        {
            COUNTRY: (
                "def upgrade():",
                "def upgrade():\n    op.execute(\"ALTER TABLE book ADD CONSTRAINT long CHECK (title <> 'x') NOT ENFORCED\")",
            )
        },
        "0003",
        "constraint public.book.long",
        "VALIDATE CONSTRAINT long",
        id="a constraint that is not enforced",
    ),
]


@pytest.mark.parametrize(("edits", "revision", "subject", "mend"), SLIPS)
def test_a_slip_is_reported_with_its_revision_its_object_and_its_mend(
    found: Callable[..., Any], edits: dict[str, Any], revision: str | None, subject: str, mend: str
) -> None:
    told = {finding.subject: finding for finding in found("leftovers", edits)}

    assert subject in told
    assert told[subject].revision == revision
    assert mend in told[subject].mend


def test_an_enum_type_that_only_a_function_uses_is_used(found: Callable[..., Any]) -> None:
    statements = (
        "CREATE TYPE mood AS ENUM ('good')",
        "CREATE FUNCTION cheer(mood) RETURNS int LANGUAGE sql RETURN 1",
    )
    lines = "".join(f"\n    op.execute({statement!r})" for statement in statements)

    assert found("leftovers", {COUNTRY: ("def upgrade():", f"def upgrade():{lines}")}) == []


HALF_DONE = (
    "CREATE INDEX t_x ON t (x)",
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_x'::regclass",
    "ALTER TABLE t ADD CONSTRAINT t_y CHECK (y <> 1) NOT VALID",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "CREATE TRIGGER t_f BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
    "ALTER TABLE t DISABLE TRIGGER t_f",
)
NOT_ENFORCED = "ALTER TABLE t ADD CONSTRAINT t_z CHECK (y < 2000000000) NOT ENFORCED"


def test_what_is_told_to_finish_it_can_be_typed_in(
    judge_chain: Callable[..., Run], judge_again: Callable[..., Report], pg_server: Server
) -> None:
    is_new = pg_server.version_number >= 180000
    leaves = Revision("leaves", sql(*HALF_DONE, *([NOT_ENFORCED] if is_new else [])))
    makes = Revision(
        "makes",
        sql("CREATE TABLE t (x int, y int)", "INSERT INTO t VALUES (3, 4)"),
        sql("DROP TABLE t", "DROP FUNCTION IF EXISTS f"),
    )
    report = judge_chain(makes, leaves, only=("leftovers",)).report
    found = {one.code: one for one in report.findings}
    folder = Path(report.chain.revisions[0].path).parent

    code = [next(part.code for part in parts_of(one.mend) if part.code) for one in found.values()]
    before = "leaves"
    for number, lines in enumerate(code):
        (folder / f"fix_{number}.py").write_text(
            Revision(f"fix_{number}", "\n".join(lines)).text(before), encoding="utf-8"
        )
        before = f"fix_{number}"
    again = judge_again(report, only=("upgrade", "leftovers", "locks", "crash")).findings

    assert found.keys() == {"PGH-L001", "PGH-L002", "PGH-L004", *(["PGH-L003"] if is_new else [])}
    assert told(one for one in again if one.revision != "leaves") == []
