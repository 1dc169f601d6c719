"""For every check examples that must fail, each one slip in a sound chain, and the sound chain that must pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pgharness.findings import Status
from pgharness.report.model import Report

MODELS = "bookshop.py"
AUTHOR = "versions/0001_add_author.py"
BOOK = "versions/0002_add_book.py"
COUNTRY = "versions/0003_add_country.py"


@dataclass(frozen=True)
class Slip:
    """One slip: the edit that makes it, and what the harness must say of it."""

    name: str
    file: str
    old: str
    new: str
    check: str
    revision: str | None
    subject: str
    mend: str


SLIPS = [
    Slip(
        "an index that a revision forgets",
        BOOK,
        'op.create_index("ix_book_unsold", "book", ["author_id"], postgresql_where=sa.text("sold_at IS NULL"))',
        "pass",
        "drift",
        None,
        "index public.ix_book_unsold",
        "CREATE INDEX ix_book_unsold ON public.book USING btree (author_id) WHERE (sold_at IS NULL)",
    ),
    Slip(
        "a CHECK that changes in the model alone",
        MODELS,
        "pages BETWEEN 1 AND 5000",
        "pages BETWEEN 1 AND 9000",
        "drift",
        "0002",
        "constraint public.book.ck_book_pages",
        "ADD CONSTRAINT ck_book_pages CHECK",
    ),
    Slip(
        "an INCLUDE that a revision drops",
        BOOK,
        ', postgresql_include=["pages"]',
        "",
        "drift",
        "0002",
        "index public.ix_book_title",
        "INCLUDE (pages)",
    ),
    Slip(
        "a partial index that loses its predicate",
        BOOK,
        ', postgresql_where=sa.text("sold_at IS NULL")',
        "",
        "drift",
        "0002",
        "index public.ix_book_unsold",
        "WHERE (sold_at IS NULL)",
    ),
    Slip(
        "a foreign key's action that differs",
        MODELS,
        'ondelete="CASCADE"',
        'ondelete="RESTRICT"',
        "drift",
        "0002",
        "constraint public.book.fk_book_author_id",
        "ON DELETE RESTRICT",
    ),
    Slip(
        "a column that only the models have",
        MODELS,
        "    sold_at:",
        "    isbn: Mapped[str | None] = mapped_column(sa.Text)\n    sold_at:",
        "drift",
        None,
        "column public.book.isbn",
        "ALTER TABLE public.book ADD COLUMN isbn text",
    ),
    Slip(
        "columns in another order",
        MODELS,
        "    title: Mapped[str] = mapped_column(sa.Text)\n    pages: Mapped[int]\n",
        "    pages: Mapped[int]\n    title: Mapped[str] = mapped_column(sa.Text)\n",
        "drift",
        "0002",
        "column order of table public.book",
        "move the attribute in the model",
    ),
    Slip(
        "a trigger that only the migrations make",
        COUNTRY,
        "def upgrade():",
        "def upgrade():\n"
        '    op.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")\n'
        '    op.execute("CREATE TRIGGER t BEFORE UPDATE ON author FOR EACH ROW EXECUTE FUNCTION f()")',
        "drift",
        "0003",
        "trigger public.author.t",
        "DROP TRIGGER t ON public.author",
    ),
    Slip(
        "an enum whose labels stand in another order",
        BOOK,
        "AS ENUM ('hard', 'soft', 'leather')",
        "AS ENUM ('soft', 'hard', 'leather')",
        "enums",
        "0002",
        "type public.cover",
        "labels can be neither removed nor moved",
    ),
    Slip(
        "an enum label that the database lacks",
        BOOK,
        "AS ENUM ('hard', 'soft', 'leather')",
        "AS ENUM ('hard', 'leather')",
        "enums",
        "0002",
        "type public.cover",
        "ALTER TYPE public.cover ADD VALUE 'soft' AFTER 'hard'",
    ),
    Slip(
        "a type whose labels are the names of the Python enum, not its values",
        MODELS,
        ", values_callable=lambda cover: [one.value for one in cover]",
        "",
        "enums",
        "0002",
        "type public.cover",
        "labels can be neither removed nor moved",
    ),
    Slip(
        "a second head",
        "versions/0003_add_price.py",
        "",
        'revision = "0003b"\ndown_revision = "0002"\n\nfrom alembic import op\n\n\ndef upgrade():\n'
        '    op.execute("SELECT 1")\n\n\ndef downgrade():\n    op.execute("SELECT 1")\n',
        "graph",
        "0003b",
        "heads of the chain",
        "alembic merge -m 'merge heads' 0003 0003b",
    ),
    Slip(
        "a revision that does nothing",
        COUNTRY,
        'op.add_column("author", sa.Column("country", sa.Text, nullable=False, server_default="unknown"))',
        "pass",
        "graph",
        "0003",
        "revision 0003_add_country",
        "write what it should do",
    ),
    Slip(
        "a revision without a downgrade",
        COUNTRY,
        'def downgrade():\n    op.drop_column("author", "country")\n',
        "",
        "graph",
        "0003",
        "revision 0003_add_country",
        'declare irreversible = "<reason>"',
    ),
    Slip(
        "an empty downgrade",
        COUNTRY,
        'op.drop_column("author", "country")',
        "pass",
        "roundtrip",
        "0003",
        "downgrade of 0003_add_country",
        "let downgrade() in",
    ),
    Slip(
        "a downgrade that forgets the enum type",
        BOOK,
        '    op.execute("DROP TYPE cover")\n',
        "",
        "roundtrip",
        "0002",
        "type public.cover",
        "DROP TYPE public.cover",
    ),
    Slip(
        "a downgrade that raises",
        COUNTRY,
        'op.drop_column("author", "country")',
        'op.drop_column("author", "land")',
        "roundtrip",
        "0003",
        "downgrade of 0003_add_country",
        "correct downgrade() in",
    ),
    Slip(
        "a downgrade that refuses, undeclared",
        COUNTRY,
        'op.drop_column("author", "country")',
        'raise NotImplementedError("no way back")',
        "roundtrip",
        "0003",
        "downgrade of 0003_add_country",
        'declare irreversible = "<reason>"',
    ),
    Slip(
        "a declared irreversible revision that can be reversed",
        COUNTRY,
        'down_revision = "0002"',
        'down_revision = "0002"\nirreversible = "the column is precious"',
        "roundtrip",
        "0003",
        "downgrade of 0003_add_country",
        "remove the declaration",
    ),
    Slip(
        "a downgrade that fails on rows alone",
        COUNTRY,
        'op.drop_column("author", "country")',
        'op.drop_column("author", "country")\n    op.execute("ALTER TABLE author ADD COLUMN x text NOT NULL")\n'
        '    op.execute("ALTER TABLE author DROP COLUMN x")',
        "roundtrip",
        "0003",
        "downgrade of 0003_add_country",
        "server_default",
    ),
    Slip(
        "NOT NULL without a default on a table with rows",
        COUNTRY,
        ', server_default="unknown"',
        "",
        "upgrade",
        "0003",
        "upgrade of 0003_add_country",
        "server_default",
    ),
    Slip(
        "a revision that raises",
        COUNTRY,
        'op.add_column("author"',
        'op.add_column("writer"',
        "upgrade",
        "0003",
        "upgrade of 0003_add_country",
        "correct upgrade() in",
    ),
    Slip(
        "an index that is left invalid",
        COUNTRY,
        "def upgrade():",
        "def upgrade():\n    op.execute(\"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_book_title'::regclass\")",
        "leftovers",
        "0003",
        "index public.ix_book_title",
        "DROP INDEX CONCURRENTLY IF EXISTS public.ix_book_title",
    ),
    Slip(
        "a constraint that is never validated",
        COUNTRY,
        "def upgrade():",
        "def upgrade():\n    op.execute(\"ALTER TABLE book ADD CHECK (title <> '') NOT VALID\")",
        "leftovers",
        "0003",
        "constraint public.book.book_title_check",
        "VALIDATE CONSTRAINT",
    ),
    Slip(
        "a trigger that is disabled",
        COUNTRY,
        "def upgrade():",
        "def upgrade():\n"
        '    op.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")\n'
        '    op.execute("CREATE TRIGGER t BEFORE UPDATE ON author FOR EACH ROW EXECUTE FUNCTION f()")\n'
        '    op.execute("ALTER TABLE author DISABLE TRIGGER t")',
        "leftovers",
        "0003",
        "trigger public.author.t",
        "ENABLE TRIGGER",
    ),
    Slip(
        "an enum type that nothing uses",
        COUNTRY,
        "def upgrade():",
        "def upgrade():\n    op.execute(\"CREATE TYPE mood AS ENUM ('good')\")",
        "leftovers",
        "0003",
        "type public.mood",
        "DROP TYPE public.mood",
    ),
    Slip(
        "a column that autogenerate would still add",
        MODELS,
        "    sold_at:",
        "    isbn: Mapped[str | None] = mapped_column(sa.Text)\n    sold_at:",
        "autogenerate",
        None,
        "op.add_column('book', sa.Column('isbn', sa.Text(), nullable=True))",
        "write a revision that does this",
    ),
    Slip(
        "a misspelt declaration",
        COUNTRY,
        'down_revision = "0002"',
        'down_revision = "0002"\nirreversable = "gone"',
        "graph",
        "0003",
        "declaration irreversable of 0003_add_country",
        "write irreversible",
    ),
    Slip(
        "a declaration for a check that does not exist",
        COUNTRY,
        'down_revision = "0002"',
        'down_revision = "0002"\nallow = {"roundtrips": "it is fine"}',
        "graph",
        "0003",
        "declaration allow['roundtrips'] of 0003_add_country",
        "did you mean 'roundtrip'?",
    ),
    Slip(
        "a declaration that allows what is not done",
        COUNTRY,
        'down_revision = "0002"',
        'down_revision = "0002"\nallow = {"roundtrip": "it is fine"}',
        "graph",
        "0003",
        "declaration allow['roundtrip'] of 0003_add_country",
        "remove it",
    ),
]


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name)
def test_a_slip_is_reported_with_its_revision_its_object_and_its_mend(
    slip: Slip, judge_example: Callable[..., Report]
) -> None:
    report = judge_example(edits={slip.file: (slip.old, slip.new)})

    told = [finding for finding in report.findings if finding.check == slip.check and finding.subject == slip.subject]
    assert told, report.findings
    assert told[0].revision == slip.revision
    assert slip.mend in told[0].mend


def test_a_sound_chain_passes_every_check(judge_example: Callable[..., Report]) -> None:
    report = judge_example()

    assert report.findings == ()
    assert {result.name for result in report.results if result.status is Status.PASSED} == {
        "graph",
        "upgrade",
        "drift",
        "autogenerate",
        "roundtrip",
        "leftovers",
        "enums",
        "indices",
    }


def test_a_downgrade_that_refuses_and_says_why_passes(judge_example: Callable[..., Report]) -> None:
    edits = {
        COUNTRY: (
            'def downgrade():\n    op.drop_column("author", "country")',
            'irreversible = "the column is precious"\n\n\ndef downgrade():\n    raise NotImplementedError(irreversible)',
        )
    }

    report = judge_example(edits=edits)

    assert report.findings == ()


def test_a_finding_that_its_revision_allows_is_not_told(judge_example: Callable[..., Report]) -> None:
    edits = {
        COUNTRY: (
            'def downgrade():\n    op.drop_column("author", "country")',
            'allow = {"roundtrip": "the column stays for the old release"}\n\n\ndef downgrade():\n    pass',
        )
    }

    report = judge_example(edits=edits)

    assert report.findings == ()


def test_a_slip_is_charged_to_its_own_revision_alone(judge_example: Callable[..., Report]) -> None:
    report = judge_example(edits={BOOK: ('    op.execute("DROP TYPE cover")\n', "")}, only=("roundtrip",))

    assert [finding.revision for finding in report.findings] == ["0002"]


def test_only_what_comes_after_since_is_judged(judge_example: Callable[..., Report]) -> None:
    edits = {BOOK: ('    op.execute("DROP TYPE cover")\n', "")}

    assert judge_example(edits=edits, since="0002").findings == ()
