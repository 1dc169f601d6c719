from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from pgharness.catalog.diff import Difference, difference
from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.proposing.python_words import text as python_text
from pgharness.catalog.snapshot import take_snapshot
from pgharness.cli.app import app
from pgharness.databases import Database
from pgharness.describing.differences import Told, describe_differences
from pgharness.describing.proposals import propose, written_out
from tests.harness.catalog.serving import Major
from tests.harness.catalog.trying import Bench, run_operations, taken_back

CHANGES = [
    (
        "ALTER TABLE shop.author ALTER COLUMN rating SET DEFAULT 1",
        "Its default is 1 in the chain and 0 in the models.",
        'op.alter_column("author", "rating", server_default=sa.text("0"), schema="shop")',
    ),
    (
        "ALTER TABLE shop.author SET (fillfactor = 70)",
        "Its option fillfactor is 70 in the chain and none in the models.",
        'op.execute("ALTER TABLE shop.author RESET (fillfactor)")',
    ),
    (
        "DROP INDEX shop.book_title_idx",
        "Exists in the models, missing in the chain.",
        'op.create_index(op.f("book_title_idx"), "book", ["title"], schema="shop")',
    ),
    (
        "CREATE TABLE shop.extra (id integer)",
        "Exists in the chain, missing in the models.",
        'op.drop_table("extra", schema="shop")',
    ),
    (
        "GRANT INSERT ON shop.author TO shop_writer",
        "Its grants to shop_writer is INSERT in the chain and none in the models.",
        'op.execute("REVOKE ALL ON TABLE shop.author FROM shop_writer")',
    ),
    (
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 8192', current_database()); END $$",
        "Its setting work_mem is 8192 in the chain and none in the models.",
        "op.execute(\"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET work_mem', current_database()); END $$\")",
    ),
    (
        "DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database()); END $$",
        "Its grants to PUBLIC is TEMPORARY in the chain and none in the models.",
        "op.execute(\"DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO PUBLIC', current_database()); END $$\")",
    ),
]


@pytest.mark.parametrize(("change", "message", "mend"), CHANGES)
def test_a_difference_is_told_with_both_sides_and_its_mend(bench: Bench, change: str, message: str, mend: str) -> None:
    changed = _changed(bench, change)

    [told] = describe_differences(difference(changed, bench.snapshot), left="the chain", right="the models")

    assert told.message == message
    assert propose(changed, bench.snapshot)[told.key].operations == (mend,)


def test_what_is_written_imports_the_types_that_it_names() -> None:
    column = 'op.add_column("t", sa.Column("a", postgresql.JSONB()))'

    assert written_out((column,)) == f"from sqlalchemy.dialects import postgresql; {column}"
    using = 'op.alter_column("t", "a", type_=sa.Integer(), postgresql_using="a::text::integer")'
    assert written_out((using,)) == using


def test_what_rows_get_that_have_none_is_said_to_be_open(bench: Bench) -> None:
    changed = _changed(bench, "ALTER TABLE shop.author ADD extra text")
    wanted = _changed(bench, "ALTER TABLE shop.author ADD extra text NOT NULL")

    first, _ = propose(changed, wanted)[ObjectKey("column", "shop.author.extra")].operations

    assert "SET extra = '' /* or what fits */ WHERE extra IS NULL" in first


def test_what_no_statement_mends_says_why(bench: Bench) -> None:
    changed = _changed(bench, "DROP TABLE shop.sale; CREATE TABLE shop.sale (at date NOT NULL, amount numeric)")

    proposal = propose(changed, bench.snapshot)[ObjectKey("table", "shop.sale")]

    assert proposal.reason == "a table cannot become partitioned: make a new one and move the rows"


def test_a_long_definition_is_told_in_the_evidence_alone(bench: Bench) -> None:
    [told] = _told(
        bench, "CREATE OR REPLACE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN old; END'"
    )

    assert told.message == "Differs between the chain and the models: its definition."
    assert "RETURN old" in told.evidence


@pytest.mark.parametrize(
    "text", ["a :b", "12:30:00", "'x'::text", 'say "so"', 'ends with "', "back\\slash", 'two\nlines "', "%s"]
)
def test_sql_written_as_python_is_read_back_by_sqlalchemy_as_it_was(text: str) -> None:
    literal = python_text(text)

    compiled = sa.text(ast.literal_eval(literal)).compile()
    assert (str(compiled), compiled.params) == (text, {})


MADE = [
    (
        "CREATE UNIQUE INDEX ix ON shop.book (lower(title) DESC, id) INCLUDE (price, pages) WITH (fillfactor = 70) WHERE id > 1",
        (
            'op.create_index(op.f("ix"), "book", [sa.text("lower(title) DESC"), "id"], unique=True, postgresql_include=["price", "pages"], '
            'postgresql_with={"fillfactor": "70"}, postgresql_where=sa.text("(id > 1)"), schema="shop")'
        ),
    ),
    (
        "CREATE INDEX ix ON shop.book (title text_pattern_ops)",
        'op.execute("CREATE INDEX ix ON shop.book USING btree (title text_pattern_ops)")',
    ),
    (
        "ALTER TABLE shop.book ADD COLUMN cost numeric(10,2) DEFAULT 0 NOT NULL",
        'op.add_column("book", sa.Column("cost", sa.Numeric(10, 2), server_default=sa.text("0"), nullable=False), schema="shop")',
    ),
    (
        "ALTER TABLE shop.book ADD COLUMN cost text COMPRESSION pglz",
        'op.execute("ALTER TABLE shop.book ADD COLUMN cost text COMPRESSION pglz")',
    ),
    (
        "ALTER TABLE shop.book ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES shop.author (id) ON DELETE SET NULL DEFERRABLE",
        (
            'op.create_foreign_key(op.f("fk"), "book", "author", ["id"], ["id"], ondelete="SET NULL", deferrable=True, source_schema="shop", '
            'referent_schema="shop")'
        ),
    ),
    (
        "ALTER TABLE shop.book ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES shop.author (id) ON DELETE SET NULL (id)",
        'op.execute("ALTER TABLE ONLY shop.book ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES shop.author(id) ON DELETE SET NULL (id)")',
    ),
    (
        "ALTER TABLE shop.book ADD CONSTRAINT uq UNIQUE NULLS NOT DISTINCT (title, id) DEFERRABLE INITIALLY DEFERRED",
        (
            'op.create_unique_constraint(op.f("uq"), "book", ["title", "id"], postgresql_nulls_not_distinct=True, deferrable=True, '
            'initially="DEFERRED", schema="shop")'
        ),
    ),
    (
        "ALTER TABLE shop.book ADD CONSTRAINT ck CHECK (id > 0) NOT VALID",
        'op.create_check_constraint(op.f("ck"), "book", "(id > 0)", postgresql_not_valid=True, schema="shop")',
    ),
    (
        "ALTER TABLE shop.book ADD CONSTRAINT ck CHECK (id > 0) NO INHERIT",
        'op.execute("ALTER TABLE ONLY shop.book ADD CONSTRAINT ck CHECK ((id > 0)) NO INHERIT")',
    ),
    (
        "COMMENT ON TABLE shop.book IS 'one''s \"own\"'",
        'op.create_table_comment("book", "one\'s \\"own\\"", schema="shop")',
    ),
]


@pytest.mark.parametrize(("change", "written"), MADE)
def test_a_call_of_alembics_is_written_where_it_says_what_the_statement_says(
    bench: Bench, change: str, written: str
) -> None:
    changed = _changed(bench, change)

    [proposal] = propose(bench.snapshot, changed).values()

    assert proposal.operations == (written,)


@pytest.mark.parametrize("change", [change for change, _ in MADE])
def test_what_is_written_makes_what_was_missing(bench: Bench, change: str) -> None:
    changed = _changed(bench, change)

    with taken_back(bench.base) as (alembic, connection):
        for proposal in propose(bench.snapshot, changed).values():
            run_operations(alembic, proposal.operations)
        assert difference(take_snapshot(connection), changed) == ()


def test_the_command_line_tells_how_to_make_left_like_right(
    major: Major, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    other = major.databases.clone(bench.base)
    with other.connect() as connection:
        connection.execute("DROP INDEX shop.book_title_idx")
    try:
        code = _run(["diff", _url(other), _url(bench.base)])
    finally:
        major.databases.drop(other)

    told = capsys.readouterr().out
    assert code == 1
    assert 'to make left like right: op.create_index(op.f("book_title_idx"), "book", ["title"], schema="shop")' in told


def test_the_command_line_leaves_out_what_a_rule_names(
    major: Major, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "pyproject.toml"
    config.write_text('[[tool.pgharness.ignore]]\nkind = "index"\nreason = "made by hand"\n')
    other = major.databases.clone(bench.base)
    with other.connect() as connection:
        connection.execute("DROP INDEX shop.book_title_idx")
    try:
        code = _run(["diff", _url(other), _url(bench.base), "--format", "json", "--config", str(config)])
    finally:
        major.databases.drop(other)

    assert (code, json.loads(capsys.readouterr().out)) == (0, {"equal": True, "renames": [], "differences": []})


def test_the_command_line_tells_renames_as_such(major: Major, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    other = major.databases.clone(bench.base)
    with other.connect() as connection:
        connection.execute("ALTER INDEX shop.book_title_idx RENAME TO by_title")
    try:
        code = _run(["diff", _url(other), _url(bench.base), "--format", "json"])
        document = json.loads(capsys.readouterr().out)
        _run(["diff", _url(other), _url(bench.base)])
    finally:
        major.databases.drop(other)

    renamed = {"kind": "index", "left": "shop.by_title", "right": "shop.book_title_idx"}
    assert (code, document) == (1, {"equal": False, "renames": [renamed], "differences": []})
    told = capsys.readouterr().out
    assert "It is called by_title in left and book_title_idx in right." in told
    assert 'op.execute("ALTER INDEX shop.by_title RENAME TO book_title_idx")' in told


def _run(arguments: list[str]) -> object:
    """Run the command line and give its exit code."""
    with pytest.raises(SystemExit) as end:
        app(arguments, standalone_mode=False)
    return end.value.code


def _changed(bench: Bench, change: str) -> Snapshot:
    with taken_back(bench.base) as (_, connection):
        connection.execute(change.encode())
        return take_snapshot(connection)


def _told(bench: Bench, change: str) -> list[Told]:
    differences = difference(_changed(bench, change), bench.snapshot)
    return list(describe_differences(differences, left="the chain", right="the models"))


def _url(database: Database) -> str:
    url = database.url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def test_several_are_told_as_several() -> None:
    labels = Difference("type", "public.cover", "labels", "'hard'", "'hard', 'soft'")

    (told,) = describe_differences([labels], left="one", right="the other")

    assert told.message == "Its labels are 'hard' in one and 'hard', 'soft' in the other."
