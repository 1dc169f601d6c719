"""`roundtrip`: each downgrade restores the exact catalog, each re-upgrade too, and the base leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgharness.findings import Status
from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

BOOK = "versions/0002_add_book.py"
COUNTRY = "versions/0003_add_country.py"
HAS_COME_DOWN = "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'author'::regclass AND attisdropped)"


def from_the_heads(statement: str) -> dict[str, tuple[str, str]]:
    """Let the first downgrade execute the statement, but only on the way down from the heads."""
    code = f"if op.get_bind().scalar(sa.text({HAS_COME_DOWN!r})):\n        op.execute({statement!r})"
    return {"versions/0001_add_author.py": ("def downgrade():", f"def downgrade():\n    {code}")}


def on_the_database(statement: str) -> str:
    """Write the line of a revision that executes a statement in which %I stands for the database's name."""
    return f"""op.execute("DO $$ BEGIN EXECUTE format('{statement}', current_database()); END $$")"""


SLIPS = [
    pytest.param(
        {COUNTRY: ('op.drop_column("author", "country")', "pass")},
        "0003",
        "downgrade of 0003_add_country",
        "undo in downgrade() of",
        id="an empty downgrade",
    ),
    pytest.param(
        {BOOK: ('    op.execute("DROP TYPE cover")\n', "")},
        "0002",
        "type public.cover",
        "DROP TYPE public.cover",
        id="a downgrade that forgets the enum type",
    ),
    pytest.param(
        {COUNTRY: ('op.drop_column("author", "country")', 'op.drop_column("author", "land")')},
        "0003",
        "downgrade of 0003_add_country",
        "name it as the revisions before this one leave it",
        id="a downgrade that raises",
    ),
    pytest.param(
        {
            COUNTRY: (
                'server_default="unknown"))\n\n\ndef downgrade():\n',
                (
                    'server_default="unknown"))\n    op.create_check_constraint(None, "author", "country <> \'\'")\n\n\n'
                    'def downgrade():\n    op.drop_constraint(None, "author")\n'
                ),
            )
        },
        "0003",
        "downgrade of 0003_add_country",
        'name it, as PostgreSQL does: op.drop_constraint(op.f("author_country_check"), "author")',
        id="a downgrade that names no constraint",
    ),
    pytest.param(
        {COUNTRY: ('op.drop_column("author", "country")', 'raise NotImplementedError("no way back")')},
        "0003",
        "downgrade of 0003_add_country",
        'declare irreversible = "<reason>"',
        id="a downgrade that refuses, undeclared",
    ),
    pytest.param(
        {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nirreversible = "the column is precious"')},
        "0003",
        "downgrade of 0003_add_country",
        "remove the declaration",
        id="a declared irreversible revision that can be reversed",
    ),
    pytest.param(
        {
            COUNTRY: (
                'op.drop_column("author", "country")',
                'op.drop_column("author", "country")\n    op.execute("ALTER TABLE author ADD COLUMN x text NOT NULL")\n    op.execute("ALTER TABLE author DROP COLUMN x")',
            )
        },
        "0003",
        "downgrade of 0003_add_country",
        "ADD COLUMN x text NOT NULL DEFAULT",
        id="a downgrade that fails on rows alone",
    ),
    pytest.param(
        {
            COUNTRY: (
                "def upgrade():",
                "ran = []\n\n\ndef upgrade():\n    ran.append(1)\n    if len(ran) == 2:\n        op.execute('SELECT 1/0')",
            )
        },
        "0003",
        "downgrade of 0003_add_country",
        "everything that upgrade() does",
        id="an upgrade that does not run again",
    ),
    pytest.param(
        {
            COUNTRY: (
                "def upgrade():",
                "ran = []\n\n\ndef upgrade():\n    ran.append(1)\n    if len(ran) == 2:\n        op.execute(\"ALTER TABLE author ALTER name SET DEFAULT 'x'\")",
            ),
        },
        "0003",
        "column public.author.name",
        "independent of what downgrade() does not restore",
        id="an upgrade that gives another catalog the second time",
    ),
    pytest.param(
        from_the_heads("SELECT 1/0"),
        "0001",
        "downgrade of 0001_add_author",
        "or of the revision after it",
        id="a downgrade that fails from the heads alone",
    ),
    pytest.param(
        from_the_heads("CREATE TABLE odd ()"),
        None,
        "table public.odd",
        "drop it in the downgrade() of the revision that creates it",
        id="a base that is not empty",
    ),
    pytest.param(
        {
            COUNTRY: (
                "def upgrade():",
                'def upgrade():\n    op.execute("ALTER TABLE book DROP CONSTRAINT ck_book_pages")',
            )
        },
        "0003",
        "constraint public.book.ck_book_pages",
        'op.create_check_constraint(op.f("ck_book_pages")',
        id="a downgrade that forgets a constraint",
    ),
    pytest.param(
        {COUNTRY: ("def upgrade():", 'def upgrade():\n    op.execute("ALTER TABLE book ALTER pages TYPE bigint")')},
        "0003",
        "column public.book.pages",
        'op.alter_column("book", "pages", type_=sa.Integer()',
        id="a downgrade that leaves another type",
    ),
    pytest.param(
        {
            COUNTRY: (
                "def upgrade():",
                f"def upgrade():\n    {on_the_database('ALTER DATABASE %I SET work_mem = 8192')}",
            )
        },
        "0003",
        "database current",
        "ALTER DATABASE %I RESET work_mem",
        id="a downgrade that forgets a setting of the database",
    ),
]


@pytest.mark.parametrize(("edits", "revision", "subject", "mend"), SLIPS)
def test_a_slip_is_reported_with_its_revision_its_object_and_its_mend(
    found: Callable[..., Any], edits: dict[str, Any], revision: str | None, subject: str, mend: str
) -> None:
    told = {finding.subject: finding for finding in found("roundtrip", edits)}

    assert subject in told
    assert told[subject].revision == revision
    assert mend in told[subject].mend


@pytest.mark.parametrize(
    ("looks", "mend"),
    [
        ("op.get_bind().execute(sa.text('SELECT FROM author'))", "let it take along the rows that it refuses"),
        ("pass", "write the way back"),
    ],
)
def test_a_downgrade_that_looks_before_it_refuses_is_told_to_take_the_rows_along(
    found: Callable[..., Any], looks: str, mend: str
) -> None:
    refuses = f"{looks}\n    raise RuntimeError('not with these rows')"

    (finding,) = found("roundtrip", {COUNTRY: ('op.drop_column("author", "country")', refuses)})

    assert finding.code == "PGH-R001"
    assert finding.mend.startswith(mend)


def test_a_downgrade_that_refuses_and_says_why_passes(found: Callable[..., Any]) -> None:
    refuses = (
        'irreversible = "the column is precious"\n\n\ndef downgrade():\n    raise NotImplementedError(irreversible)'
    )
    edits = {COUNTRY: ('def downgrade():\n    op.drop_column("author", "country")', refuses)}

    assert found("roundtrip", edits, only=("graph", "roundtrip")) == []


def test_a_downgrade_that_resets_what_was_set_for_the_database_passes(found: Callable[..., Any]) -> None:
    sets, resets = (on_the_database(f"ALTER DATABASE %I {act} work_mem") for act in ("SET", "RESET"))
    reset = f"    {sets.replace('work_mem', 'work_mem = 8192')}\n\n\ndef downgrade():\n    {resets}"

    assert found("roundtrip", {COUNTRY: ("\n\ndef downgrade():", reset)}) == []


def test_a_finding_that_its_revision_allows_is_not_told(judge_example: Callable[..., Report]) -> None:
    allows = 'allow = {"roundtrip": "the column stays for the old release"}\n\n\ndef downgrade():\n    pass'
    edits = {COUNTRY: ('def downgrade():\n    op.drop_column("author", "country")', allows)}

    assert judge_example(edits=edits, only=("graph", "roundtrip")).findings == ()


def test_a_slip_is_charged_to_its_own_revision_alone(found: Callable[..., Any]) -> None:
    edits = {BOOK: ('    op.execute("DROP TYPE cover")\n', "")}

    assert [finding.revision for finding in found("roundtrip", edits)] == ["0002"]


def test_only_what_comes_after_since_is_judged(found: Callable[..., Any]) -> None:
    edits = {BOOK: ('    op.execute("DROP TYPE cover")\n', "")}

    assert found("roundtrip", edits, since="0002") == []


DROPS_NAME = '''"""Drop a column."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.drop_column("author", "name")


def downgrade():
    op.add_column("author", sa.Column("name", sa.Text, nullable=False, server_default=""))
    op.alter_column("author", "name", server_default=None)
'''


def test_another_order_of_columns_is_a_note_and_no_finding(judge_example: Callable[..., Report]) -> None:
    name = 'sa.Column("name", sa.Text, nullable=False),'
    edits = {
        "versions/0001_add_author.py": (name, f'{name}\n        sa.Column("born", sa.Integer),'),
        COUNTRY: None,
        "versions/0003_drop_name.py": DROPS_NAME,
    }

    report = judge_example(edits=edits, only=("roundtrip",))

    assert report.findings == ()
    assert [note.message for note in report.notes] == ["its downgrade changes the order of columns in public.author"]


def test_another_name_of_a_not_null_after_a_downgrade_is_a_note_unless_that_is_asked_for(
    judge_chain: Callable[..., Run],
) -> None:
    """PostgreSQL 18 keeps the name that a column had when it was made; those before it have none."""
    made_anew = Revision(
        "made_anew",
        sql("ALTER TABLE a DROP x"),
        sql(
            "ALTER TABLE a ADD old_x int NOT NULL DEFAULT 0",
            "ALTER TABLE a ALTER old_x DROP DEFAULT",
            "ALTER TABLE a RENAME old_x TO x",
        ),
    )
    chain = (table("a", "id bigint PRIMARY KEY, x int NOT NULL"), made_anew)

    report, strict = (
        judge_chain(*chain, only=("roundtrip",), strict=names).report for names in ((), ("not null names",))
    )

    assert report.findings == ()
    names = [one.message for one in report.notes if "a_old_x_not_null" in one.message]
    assert len(names) == len(strict.findings)


def test_a_downgrade_need_not_make_a_validated_constraint_not_valid_again(judge_chain: Callable[..., Run]) -> None:
    chain = (
        table("a", "id bigint PRIMARY KEY, x int"),
        Revision(
            "checks",
            sql("ALTER TABLE a ADD CONSTRAINT x_is_there CHECK (id > 0) NOT VALID"),
            sql("ALTER TABLE a DROP CONSTRAINT x_is_there"),
        ),
        Revision("validates", sql("ALTER TABLE a VALIDATE CONSTRAINT x_is_there")),
    )

    report = judge_chain(*chain, only=("roundtrip",)).report

    assert report.findings == ()
    assert [one.message for one in report.notes] == [
        "its downgrade leaves validated what is NOT VALID before it: constraint public.a.x_is_there"
    ]


def test_an_autocommit_revision_is_brought_down_and_up_again(judge_example: Callable[..., Report]) -> None:
    report = judge_example("an_autocommit_block", only=("roundtrip",))

    assert {result.status for result in report.results} == {Status.PASSED}


def test_an_autocommit_revision_that_leaves_its_index_is_found(found: Callable[..., Any]) -> None:
    slip = ("def downgrade():\n", "def downgrade():\n    return\n")

    (finding,) = found("roundtrip", {"versions/0002_index_paper_by_name.py": slip}, name="an_autocommit_block")

    assert "changes nothing" in finding.message


def test_an_empty_downgrade_that_no_statement_can_fill_is_told_to_say_so(judge_chain: Callable[..., Run]) -> None:
    """PostgreSQL removes no label, and a type that had none cannot be put in the place of one that rows have values of."""
    makes = Revision(
        "makes", sql("CREATE TYPE mood AS ENUM ()", "CREATE TABLE a (mood mood)"), sql("DROP TABLE a", "DROP TYPE mood")
    )
    labels = Revision("labels", sql("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'sad'"))

    (finding,) = judge_chain(makes, labels, only=("roundtrip",)).report.findings

    words, _, told = finding.mend.partition(": ")
    assert (
        words == "no statement leads back, for labels cannot be removed, and of a type without any no row has a value"
    )
    assert told.startswith("raise NotImplementedError in downgrade() of ")
    assert told.endswith(', and declare irreversible = "<reason>" beside its code; or do it by hand there')


WROTE_ANEW = sql(
    "CREATE TABLE new (id bigint PRIMARY KEY, name text NOT NULL)",
    "INSERT INTO new SELECT id, name FROM a",
    "DROP TABLE a",
    "ALTER TABLE new RENAME TO a",
    "ALTER INDEX new_pkey RENAME TO a_pkey",
)


@pytest.mark.parametrize(
    "down",
    ["pass", sql("ALTER TABLE a RENAME CONSTRAINT new_name_not_null TO given_by_hand")],
    ids=["that does nothing", "that gives another name"],
)
def test_a_downgrade_that_leaves_but_another_name_of_a_not_null_is_a_note(
    down: str, judge_chain: Callable[..., Run]
) -> None:
    """PostgreSQL 18 names them; a table that is written anew takes along those of its first name."""
    there = table("a", "id bigint PRIMARY KEY, name text NOT NULL")

    report = judge_chain(there, Revision("anew", WROTE_ANEW, down), only=("roundtrip",)).report
    strict = judge_chain(
        there, Revision("anew", WROTE_ANEW, down), only=("roundtrip",), strict=("not null names",)
    ).report

    assert [finding.message for finding in report.findings] == []
    assert [note.revision for note in report.notes if "NOT NULL" in note.message or "not null" in note.message] != []
    assert {finding.revision for finding in strict.findings} == {"anew"}


def test_a_downgrade_that_does_nothing_is_told_with_all_that_it_leaves(judge_chain: Callable[..., Run]) -> None:
    there = table("a", "id bigint PRIMARY KEY, name text NOT NULL")
    also = Revision("anew", f"{WROTE_ANEW}\n{sql('ALTER TABLE a ADD note text')}")

    (finding,) = judge_chain(there, also, only=("roundtrip",)).report.findings

    assert (finding.code, finding.revision) == ("PGH-R005", "anew")


def version(number: int) -> str:
    """Return the code that makes a function, or puts it in the place of another."""
    return sql(f"CREATE OR REPLACE FUNCTION answer(a int) RETURNS int LANGUAGE sql AS 'SELECT {number}'")


REPLACES = Revision("replaces", version(2), version(1))


def test_a_function_that_is_put_back_though_nobody_made_it_is_led_to_a_baseline(
    judge_chain: Callable[..., Run], tmp_path: Path
) -> None:
    stood = tmp_path / "stood.sql"
    stood.write_text("CREATE FUNCTION answer(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';", encoding="utf-8")

    (finding,) = judge_chain(table("a"), REPLACES, only=("roundtrip",)).report.findings
    handed_over = judge_chain(table("a"), REPLACES, only=("roundtrip",), baseline=stood).report

    assert (finding.code, finding.revision) == ("PGH-R004", "replaces")
    assert finding.mend.startswith("where it stood there before the first revision, hand that over")
    assert "DROP FUNCTION" in finding.mend
    assert handed_over.findings == ()


def test_a_function_that_the_revision_makes_itself_is_not(judge_chain: Callable[..., Run]) -> None:
    forgets = Revision("forgets", f"{version(1)}\n{sql('ALTER TABLE a ADD b int')}", sql("ALTER TABLE a DROP b"))

    (finding,) = judge_chain(table("a"), forgets, only=("roundtrip",)).report.findings

    assert (finding.code, finding.revision) == ("PGH-R004", "forgets")
    assert "--baseline" not in finding.mend
