"""`drift`: each difference between the models and the migrated database is named, with its revision and its mend."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgharness.checks.drift import CHECK
from pgharness.findings import Finding
from pgharness.judging.judging import judge
from pgharness.judging.rules import Rules
from pgharness.report.model import Report
from pgharness.running import Run
from pgharness.settings import MINOR_DIFFERENCES

MODELS = "bookshop.py"
BOOK = "versions/0002_add_book.py"
COUNTRY = "versions/0003_add_country.py"


def executing(*statements: str) -> dict[str, tuple[str, str]]:
    """Let the last revision execute these statements first."""
    lines = "".join(f"\n    op.execute({statement!r})" for statement in statements)
    return {COUNTRY: ("def upgrade():", f"def upgrade():{lines}")}


SLIPS = [
    pytest.param(
        {
            BOOK: (
                'op.create_index("ix_book_unsold", "book", ["author_id"], postgresql_where=sa.text("sold_at IS NULL"))',
                "pass",
            )
        },
        None,
        "index public.ix_book_unsold",
        'op.create_index(op.f("ix_book_unsold"), "book", ["author_id"], postgresql_where=sa.text("(sold_at IS NULL)"), postgresql_concurrently=True)',
        id="an index that a revision forgets",
    ),
    pytest.param(
        {MODELS: ("pages BETWEEN 1 AND 5000", "pages BETWEEN 1 AND 9000")},
        "0002",
        "constraint public.book.ck_book_pages",
        'op.create_check_constraint(op.f("ck_book_pages"), "book", ',
        id="a CHECK that changes in the model alone",
    ),
    pytest.param(
        {BOOK: (', postgresql_include=["pages"]', "")},
        "0002",
        "index public.ix_book_title",
        'postgresql_include=["pages"]',
        id="an INCLUDE that a revision drops",
    ),
    pytest.param(
        {BOOK: (', postgresql_where=sa.text("sold_at IS NULL")', "")},
        "0002",
        "index public.ix_book_unsold",
        'postgresql_where=sa.text("(sold_at IS NULL)")',
        id="a partial index that loses its predicate",
    ),
    pytest.param(
        {MODELS: ('ondelete="CASCADE"', 'ondelete="RESTRICT"')},
        "0002",
        "constraint public.book.fk_book_author_id",
        'ondelete="RESTRICT"',
        id="a foreign key's action that differs",
    ),
    pytest.param(
        {MODELS: ("    sold_at:", "    isbn: Mapped[str | None] = mapped_column(sa.Text)\n    sold_at:")},
        None,
        "column public.book.isbn",
        'op.add_column("book", sa.Column("isbn", sa.Text()))',
        id="a column that only the models have",
    ),
    pytest.param(
        {
            COUNTRY: (
                "def upgrade():",
                'def upgrade():\n    op.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")\n    op.execute("CREATE TRIGGER t BEFORE UPDATE ON author FOR EACH ROW EXECUTE FUNCTION f()")',
            )
        },
        "0003",
        "trigger public.author.t",
        "DROP TRIGGER t ON public.author",
        id="a trigger that only the migrations make",
    ),
    pytest.param(
        {COUNTRY: ('server_default="unknown"', 'server_default="nowhere"')},
        "0003",
        "column public.author.country",
        "server_default=sa.text(\"'unknown'::text\")",
        id="another default",
    ),
    pytest.param(
        {COUNTRY: (", nullable=False, server", ", server")},
        "0003",
        "column public.author.country",
        "ALTER TABLE public.author ALTER COLUMN country SET NOT NULL",
        id="a column that may be null",
    ),
    pytest.param(
        {MODELS: ("name: Mapped[str] = mapped_column(sa.Text)", "name: Mapped[str] = mapped_column(sa.String(80))")},
        "0001",
        "column public.author.name",
        'op.alter_column("author", "name", type_=sa.String(80)',
        id="another type",
    ),
    pytest.param(
        {
            MODELS: (
                'sa.Index("ix_book_title", sa.text("lower(title)"), postgresql_include=["pages"])',
                'sa.Index("ix_book_title", "title", postgresql_using="gin")',
            )
        },
        None,
        "the models",
        'write a revision: op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")',
        id="models that the server refuses",
    ),
    pytest.param(
        executing("CREATE VIEW shelf AS SELECT 1 AS id"),
        "0003",
        "view public.shelf",
        "DROP VIEW public.shelf",
        id="a view that only the migrations make",
    ),
    pytest.param(
        executing("COMMENT ON TABLE author IS 'who writes'"),
        "0003",
        "table public.author",
        "or correct the models",
        id="a comment that only the migrations make",
    ),
    pytest.param(
        executing("GRANT SELECT ON author TO PUBLIC"),
        "0003",
        "table public.author",
        "write a revision",
        id="a grant that only the migrations make",
    ),
]


@pytest.mark.parametrize(("edits", "revision", "subject", "mend"), SLIPS)
def test_a_slip_is_reported_with_its_revision_its_object_and_its_mend(
    found: Callable[..., Any], edits: dict[str, Any], revision: str | None, subject: str, mend: str
) -> None:
    told = {finding.subject: finding for finding in found("drift", edits)}

    assert subject in told
    assert told[subject].revision == revision
    assert mend in told[subject].mend


def test_an_index_that_the_server_refuses_does_not_hide_the_other_differences(found: Callable[..., Any]) -> None:
    refused = 'sa.Index("ix_book_title", "title", postgresql_using="gin")'
    edits = {
        MODELS: ('sa.Index("ix_book_title", sa.text("lower(title)"), postgresql_include=["pages"])', refused),
        BOOK: (
            'op.create_index("ix_book_unsold", "book", ["author_id"], postgresql_where=sa.text("sold_at IS NULL"))',
            "pass",
        ),
    }

    subjects = {finding.subject for finding in found("drift", edits)}
    assert subjects == {"the models", "index public.ix_book_unsold"}


@pytest.mark.parametrize("altered", ["use_alter=True, ", ""])
def test_keys_that_are_added_once_all_tables_stand_are_made_too_where_something_else_is_refused(
    found: Callable[..., Any], altered: str
) -> None:
    sold_at = "    sold_at: Mapped[sa.DateTime | None] = mapped_column(sa.DateTime(timezone=True))\n"
    key = f'sa.ForeignKey("book.id", {altered}name="fk_favourite")'
    favourite = f"Author.favourite_id = sa.Column(sa.BigInteger, {key})\nsa.Index('ix_refused', Book.title, postgresql_using='gin')\n"
    edits = {
        **executing("ALTER TABLE author ADD favourite_id bigint CONSTRAINT fk_favourite REFERENCES book"),
        MODELS: (sold_at, f"{sold_at}\n\n{favourite}"),
    }

    subjects = {finding.subject for finding in found("drift", edits)}
    assert subjects == {"the models"}


def test_a_table_that_the_server_refuses_is_one_cause_with_all_that_hangs_on_it(found: Callable[..., Any]) -> None:
    nowhere = "name: Mapped[str] = mapped_column(sa.Text(collation='nowhere'))"

    (finding,) = found("drift", {MODELS: ("name: Mapped[str] = mapped_column(sa.Text)", nowhere)})

    assert finding.subject == "the models"
    assert 'collation "nowhere"' in finding.message


def test_an_extension_is_made_for_the_models_in_the_schema_and_of_the_version_that_the_chain_chose(
    found: Callable[..., Any],
) -> None:
    edits = executing("CREATE SCHEMA ext", "CREATE EXTENSION citext SCHEMA ext VERSION '1.5'")

    assert found("drift", edits) == []


ON_THE_DATABASE = (
    "ALTER DATABASE %I SET work_mem = ''8MB''",
    "ALTER DATABASE %I SET search_path = nowhere",
    "ALTER DATABASE %I SET default_transaction_read_only = on",
    "ALTER ROLE CURRENT_USER IN DATABASE %I SET work_mem = ''16MB''",
    "COMMENT ON DATABASE %I IS ''the bookshop''",
    "REVOKE CONNECT ON DATABASE %I FROM PUBLIC",
)


def test_what_the_database_itself_carries_is_no_matter_of_the_models(judge_example: Callable[..., Report]) -> None:
    edits = executing(*(f"DO $$ BEGIN EXECUTE format('{one}', current_database()); END $$" for one in ON_THE_DATABASE))

    report = judge_example("sound", edits, only=("drift",))

    assert report.findings == ()
    assert report.notes == ()


LISTENERS = {
    "of the metadata": 'sa.event.listen(Base.metadata, "before_create", refuse)',
    "of a table": 'sa.event.listen(Author.__table__, "after_create", refuse)',
}


@pytest.mark.parametrize("listener", LISTENERS.values(), ids=LISTENERS)
def test_a_listener_on_the_models_that_raises_is_found_and_hides_no_difference(
    found: Callable[..., Any], listener: str
) -> None:
    refusing = f"\n\ndef refuse(*_, **__):\n    raise ValueError('not on a Monday')\n\n\n{listener}\n"
    sold_at = "    sold_at: Mapped[sa.DateTime | None] = mapped_column(sa.DateTime(timezone=True))\n"
    edits = {MODELS: (sold_at, "    isbn: Mapped[str | None] = mapped_column(sa.Text)\n" + sold_at + refusing)}

    told = {finding.subject: finding for finding in found("drift", edits)}

    assert told.keys() >= {"the models", "column public.book.isbn"}
    assert told["the models"].message == "create_all() fails: ValueError: not on a Monday"


def test_what_is_called_otherwise_is_charged_to_the_revision_that_called_it_so(found: Callable[..., Any]) -> None:
    (finding,) = found("drift", {MODELS: ("ck_book_pages", "ck_pages_of_book")})

    assert (finding.code, finding.revision) == ("PGH-D009", "0002")


NUMBERED = """CREATE TABLE counted (id bigserial PRIMARY KEY, other bigint, name varchar, label varchar)"""
COUNTED = """

class Counted(Base):
    __tablename__ = "counted"
    id: Mapped[int] = mapped_column(primary_key=True)
    other: Mapped[int | None] = mapped_column(sa.BigInteger)
    name: Mapped[str | None] = mapped_column(sa.String(7))
    label: Mapped[str | None] = mapped_column(sa.String(9))
"""


def test_a_sequence_that_has_its_columns_type_is_told_with_the_column(found: Callable[..., Any]) -> None:
    sold_at = "    sold_at: Mapped[sa.DateTime | None] = mapped_column(sa.DateTime(timezone=True))\n"
    edits = {**executing(NUMBERED), MODELS: (sold_at, sold_at + COUNTED)}

    told = {finding.subject: finding for finding in found("drift", edits)}

    assert told.keys() == {f"column public.counted.{name}" for name in ("id", "name", "label")}
    assert "ALTER SEQUENCE public.counted_id_seq AS integer" in told["column public.counted.id"].mend
    causes = {told[f"column public.counted.{name}"].cause for name in ("name", "label")}
    assert causes == {"Its type is character varying in the migrated database and character varying(…) in the models."}


def test_a_sequence_of_another_type_than_its_column_is_told_by_itself(found: Callable[..., Any]) -> None:
    sold_at = "    sold_at: Mapped[sa.DateTime | None] = mapped_column(sa.DateTime(timezone=True))\n"
    narrow = (NUMBERED.replace("bigserial", "serial"), "ALTER SEQUENCE counted_id_seq AS bigint")
    edits = {**executing(*narrow), MODELS: (sold_at, sold_at + COUNTED)}

    subjects = {finding.subject for finding in found("drift", edits)}

    assert subjects == {"sequence public.counted_id_seq", "column public.counted.name", "column public.counted.label"}


def test_what_only_the_models_lack_is_charged_to_the_revision_that_made_the_object(found: Callable[..., Any]) -> None:
    (finding,) = found("drift", {COUNTRY: (', server_default="unknown"', "")}, rows_per_table=0)

    assert (finding.subject, finding.revision) == ("column public.author.country", "0003")


MINOR = {
    **executing("ALTER TABLE author RENAME CONSTRAINT author_name_not_null TO author_title_not_null"),
    MODELS: (
        "    title: Mapped[str] = mapped_column(sa.Text)\n    pages: Mapped[int]\n",
        "    pages: Mapped[int]\n    title: Mapped[str] = mapped_column(sa.Text)\n",
    ),
}


def test_the_order_of_columns_and_the_name_of_a_not_null_are_notes_unless_the_settings_are_strict(
    run_example: Callable[..., Run],
) -> None:
    run = run_example("sound", MINOR, only=("drift",))
    strict = judge(run.record, (CHECK,), Rules(strict=frozenset(MINOR_DIFFERENCES)))

    assert run.report.findings == ()
    assert [note.message.partition(":")[0] for note in run.report.notes] == [
        "column public.author.name",
        "column order of table public.book",
    ]
    assert 'strict = ["column order"] in [tool.pgharness]' in run.report.notes[1].message
    assert [(finding.revision, finding.subject, finding.mend[:18]) for finding in strict[0].findings] == [
        ("0003", "column public.author.name", "write a revision: "),
        ("0002", "column order of table public.book", "move the attribute"),
    ]


SHELVES = """\
import sqlalchemy as sa
from bookshop import Base


class Shelf(Base):
    __tablename__ = "shelf"
    id = sa.Column(sa.Integer, primary_key=True)
    author_id = sa.Column(sa.ForeignKey("author.id"))


room = sa.Table("room", Base.metadata, sa.Column("kind", sa.Enum("dark", "light", name="room_kind")))
"""
MADE_WITHOUT = (
    "CREATE TABLE shelf (id serial PRIMARY KEY, author_id bigint REFERENCES author)",
    "CREATE TYPE room_kind AS ENUM ('dark', 'light')",
    "CREATE TABLE room (kind room_kind)",
    "CREATE TABLE ledger (id serial PRIMARY KEY)",
)


def test_tables_of_a_module_that_nobody_imports_are_one_finding_and_no_drop(
    judge_example: Callable[..., Report],
) -> None:
    report = judge_example("sound", {**executing(*MADE_WITHOUT), "shelves.py": SHELVES}, only=("drift", "autogenerate"))

    told = {(finding.check, finding.subject): finding for finding in report.findings}
    assert told.keys() == {
        ("drift", "the models"),
        ("drift", "table public.ledger"),
    }
    assert told["drift", "the models"].message.startswith(
        "Nobody imports shelves, which would define public.room, public.shelf: "
    )
    assert told["drift", "the models"].mend == "in env.py, before target_metadata: import shelves"


REFERS_TO_SHELF = "    sold_at:", "    shelf_id: Mapped[int] = mapped_column(sa.ForeignKey('shelf.id'))\n    sold_at:"


def test_a_table_that_a_foreign_key_of_the_models_does_not_find_is_told_with_the_module_that_defines_it(
    found: Callable[..., Any],
) -> None:
    (finding,) = found("drift", {MODELS: REFERS_TO_SHELF, "shelves.py": SHELVES})

    assert finding.message.startswith("create_all() fails: Foreign key associated with column 'book.shelf_id'")
    assert finding.mend == "in env.py, before target_metadata: import shelves"


def test_what_is_called_otherwise_is_one_finding_with_a_rename(found: Callable[..., Any]) -> None:
    edits = {
        MODELS: ('"fk_book_author_id"', '"fk_book_writer"'),
        BOOK: ('"ix_book_unsold"', '"ix_unsold"'),
        COUNTRY: ('"country"', '"home_country"'),
    }

    told = {one.subject: one for one in found("drift", edits, rows_per_table=0)}

    assert told.keys() == {
        "column public.author.country",
        "constraint public.book.fk_book_writer",
        "index public.ix_book_unsold",
    }
    assert "RENAME CONSTRAINT fk_book_author_id TO fk_book_writer" in told["constraint public.book.fk_book_writer"].mend
    assert "ALTER INDEX public.ix_unsold RENAME TO ix_book_unsold" in told["index public.ix_book_unsold"].mend
    assert told["column public.author.country"].mend.startswith(
        'write a revision: op.alter_column("author", "home_country", new_column_name="country")'
    )
    assert [one.revision for one in told.values()].count(None) == 0


def test_a_view_in_the_place_of_a_table_of_the_models_is_one_finding(found: Callable[..., Any]) -> None:
    model = 'class Shelf(Base):\n    __tablename__ = "shelf"\n\n    id: Mapped[int] = mapped_column(primary_key=True)\n\n\nclass Author'
    edits = {MODELS: ("class Author", model), **executing("CREATE VIEW shelf AS SELECT 1 AS id")}

    (finding,) = found("drift", edits, only=("drift", "autogenerate"), rows_per_table=0)

    assert finding.message == "It is a view in the migrated database and a table in the models."
    assert '[[tool.pgharness.ignore]]\nobject = "public.shelf"\nreason = "a view"\n' in finding.mend


def test_of_models_that_do_not_build_only_the_statement_at_fault_is_told(found: Callable[..., list[Finding]]) -> None:
    models = """
import enum
import sqlalchemy as sa

class Base:
    metadata = sa.MetaData()

class Mood(enum.Enum):
    sad = 1

def mood():
    return sa.Enum(Mood, name="mood")

author = sa.Table("author", Base.metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("mood", mood()), sa.Column("name", sa.Text))
sa.Index("ix_author_words", author.c.name, postgresql_using="gin")
sa.Index("ix_author_name", author.c.name).ddl_if(dialect="sqlite")
sa.Index("ix_author_name", author.c.name).ddl_if(dialect="postgresql")
sa.Table("book", Base.metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("mood", mood()))
"""

    refused = [one for one in found("drift", edits={"bookshop.py": models}) if one.code == "PGH-D013"]

    assert [one.evidence.partition(" ON")[0] for one in refused] == ["CREATE INDEX ix_author_words"]


OF_GHOSTS = """
import sqlalchemy as sa

class Base:
    metadata = sa.MetaData()

class Ghost(sa.types.UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **_):
        return "ghost"

for name in ("author", "book", "shelf"):
    sa.Table(name, Base.metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("soul", Ghost))
"""


def test_what_the_server_refuses_for_one_reason_is_told_once(found: Callable[..., Any]) -> None:
    (refused,) = [one for one in found("drift", edits={"bookshop.py": OF_GHOSTS}) if one.code == "PGH-D013"]

    assert 'type "ghost" does not exist' in refused.message
    assert refused.evidence.splitlines()[-1] == "and so, for the same reason: book, shelf"


LEFT_TO_THE_CHAIN: dict[str, Any] = {
    "bookshop.py": """
import enum
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

class Base:
    metadata = sa.MetaData()

def mood():
    return postgresql.ENUM("sad", "glad", name="mood", create_type=False)

sa.Table("author", Base.metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("mood", mood()))
sa.Table("book", Base.metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("moods", postgresql.ARRAY(mood())))
""",
    "versions/0001_add_author.py": """
revision = "0001"
down_revision = None
from alembic import op

def upgrade():
    op.execute("CREATE TYPE mood AS ENUM ('sad', 'glad')")
    op.execute("CREATE TABLE author (id serial PRIMARY KEY, mood mood)")
    op.execute("CREATE TABLE book (id serial PRIMARY KEY, moods mood[])")

def downgrade():
    op.execute("DROP TABLE author, book")
    op.execute("DROP TYPE mood")
""",
    "versions/0002_add_book.py": None,
    "versions/0003_add_country.py": None,
}


@pytest.mark.parametrize("label", ["glad", "merry"])
def test_types_that_models_leave_to_the_chain_are_compared_with_it(label: str, found: Callable[..., Any]) -> None:
    edits = {**LEFT_TO_THE_CHAIN, "bookshop.py": LEFT_TO_THE_CHAIN["bookshop.py"].replace('"glad"', f'"{label}"')}

    codes = [(one.code, one.subject) for one in found("drift", edits)]

    assert codes == ([] if label == "glad" else [("PGH-D007", "type public.mood")])


LEFT_TO_REVISIONS = (
    "CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER touches BEFORE UPDATE ON book FOR EACH ROW EXECUTE FUNCTION touched()",
    "ALTER TABLE book ENABLE ROW LEVEL SECURITY",
    "GRANT SELECT ON book TO PUBLIC",
)


def test_what_no_model_can_declare_is_left_to_the_chain_by_a_rule_that_ends_the_finding(
    example: Callable[..., Path], command_line: Callable[..., Any]
) -> None:
    project = example(edits=executing(*LEFT_TO_REVISIONS))
    checked = ("check", "--config", project / "pyproject.toml", "--only", "drift")
    (project / "pyproject.toml").write_text("[tool.pgharness]\n", encoding="utf-8")

    told = command_line(*checked)
    rules = re.findall(r"^ *(\[\[tool\.pgharness\.ignore\]\]\n(?:^ *\w+ = .*\n)+)", told.out, re.MULTILINE)
    (project / "pyproject.toml").write_text("".join(rules), encoding="utf-8")
    left = command_line(*checked)

    assert (told.code, len(rules), left.code) == (1, 4, 0), left.out
    assert told.out.count("or where it is not meant, write a revision:") == 3


def test_what_a_model_can_declare_is_told_to_be_declared(found: Callable[..., Any]) -> None:
    (finding,) = found("drift", executing("ALTER TABLE book ADD CONSTRAINT ck_title CHECK (title <> '')"))

    assert finding.mend.startswith("declare it in the models, or write a revision: ")
