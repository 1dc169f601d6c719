"""The claims about indexes: for each an example that must fail, and look-alikes that must pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from pgharness.catalog.diff import difference
from pgharness.catalog.facts import Snapshot
from pgharness.catalog.snapshot import take_snapshot
from pgharness.chain.project import Project
from pgharness.chain.runs import ProjectRuns
from pgharness.checks import indices
from pgharness.databases import Database, Databases
from pgharness.experiments.experiment import Site
from pgharness.experiments.query_plans import explain_queries
from pgharness.findings import CannotRun, Finding, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import QueriesRecord
from pgharness.records.revisions import Chain
from pgharness.report.model import Report
from pgharness.running import plan_run
from pgharness.settings import load_settings

TABLES = """
CREATE TABLE author (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE book (
    id bigint PRIMARY KEY,
    author_id bigint CONSTRAINT fk_author REFERENCES author ON DELETE CASCADE,
    title text, pages integer, sold_at date
);
"""

CHAIN = Chain((), (), ())

Judged = Callable[..., list[Finding]]


@pytest.fixture
def judge(empty_database: Database, pg_databases: Databases, tmp_path: Path) -> Judged:
    """Make the tables and what a test adds to them, and judge; `statements` is the text of a file of statements."""

    def judged(ddl: str, *, statements: str | None = None) -> list[Finding]:
        queries: QueriesRecord | None = None
        with empty_database.connect() as connection:
            connection.execute(TABLES + ddl)
            head = take_snapshot(connection)
        if statements is not None:
            (tmp_path / "statements.sql").write_text(statements, encoding="utf-8")
            settings = load_settings(None, statements=tmp_path / "statements.sql")
            project = Project(settings, cast("ProjectRuns", None), CHAIN, "", ())  # nothing of a project is run
            queries = explain_queries(Site(project, pg_databases, head, empty_database))
        return [item for item in indices.judge(record_of(head, queries), difference) if isinstance(item, Finding)]

    return judged


def record_of(head: Snapshot, queries: QueriesRecord | None = None) -> ChainRecord:
    """Return the record of a chain without revisions, whose head is this catalog."""
    return ChainRecord(CHAIN, "public.alembic_version", (), head, queries=queries)


def judged_on(database: Database, ddl: str) -> list[Finding | Note]:
    """Make the tables and what a test adds to them, and return findings and notes."""
    with database.connect() as connection:
        connection.execute((TABLES + ddl).encode())
        head = take_snapshot(connection)
    return [item for item in indices.judge(record_of(head), difference) if isinstance(item, Finding | Note)]


def test_redundant_indexes_have_one_cause_and_each_says_what_serves_instead(judge: Judged) -> None:
    redundant = judge(
        "CREATE INDEX ix_both ON book (author_id, title); CREATE INDEX ix_of_author ON book (author_id);"
        "CREATE INDEX ix_other ON book (title, pages); CREATE INDEX ix_of_title ON book (title)"
    )

    drops = (
        'with op.get_context().autocommit_block(): op.execute("DROP INDEX CONCURRENTLY IF EXISTS public.ix_of_author")'
    )
    assert {one.subject: one.mend for one in redundant}["index public.ix_of_author"].endswith(
        f"in a revision {drops}; index public.ix_both serves instead"
    )
    assert len(redundant) == 2
    assert len({one.cause or one.subject for one in redundant}) == 1


def test_foreign_keys_without_an_index_have_one_cause(judge: Judged) -> None:
    found = judge("ALTER TABLE author ADD book_id bigint REFERENCES book")

    assert len(found) == 2
    assert len({one.cause or one.subject for one in found}) == 1


COVERED = [
    ("CREATE INDEX ON book (author_id)", "an index on the column"),
    ("CREATE INDEX ON book (author_id DESC NULLS LAST)", "one that descends"),
    ("CREATE INDEX ON book (author_id, title)", "one that begins with the column"),
    ("CREATE INDEX ON book USING hash (author_id)", "a hash index"),
    ("CREATE INDEX ON book (author_id) WHERE author_id IS NOT NULL", "a partial one that leaves out nothing but nulls"),
    ("ALTER TABLE book ADD UNIQUE (author_id, title)", "the index of a unique constraint"),
    (
        "CREATE EXTENSION btree_gist; ALTER TABLE book ADD during tstzrange, ADD EXCLUDE USING gist (author_id WITH =, during WITH &&)",
        "the index of an exclusion constraint that begins with the column",
    ),
    ("CREATE EXTENSION btree_gist; CREATE INDEX ON book USING gist (author_id, pages)", "a GiST index"),
    (
        "CREATE EXTENSION btree_gist; ALTER TABLE book ADD EXCLUDE USING gist (author_id WITH <>, title WITH =)",
        "the index of an exclusion constraint that compares the column otherwise",
    ),
    ("CREATE INDEX ON book (author_id, title text_pattern_ops)", "one whose second column has another operator class"),
    (
        "ALTER TABLE book DROP COLUMN id; ALTER TABLE book ADD COLUMN id bigint; CREATE INDEX ON book (author_id, (id + 1))",
        "one of a table that has lost a column",
    ),
]
UNCOVERED = [
    ("", "no index at all"),
    ("CREATE INDEX ON book (title, author_id)", "the column in the second place"),
    ("CREATE INDEX ON book (title) INCLUDE (author_id)", "the column carried along"),
    ("CREATE INDEX ON book (author_id) WHERE sold_at IS NULL", "a partial index on something else"),
    ("CREATE INDEX ON book (author_id) WHERE author_id IS NOT NULL AND sold_at IS NULL", "a predicate that says more"),
    ("CREATE INDEX ON book ((author_id + 0))", "an expression"),
    ("CREATE INDEX ON book USING brin (author_id)", "another access method"),
]


@pytest.mark.parametrize("ddl", [ddl for ddl, _ in COVERED], ids=[name for _, name in COVERED])
def test_a_foreign_key_is_served_by(ddl: str, judge: Judged) -> None:
    assert judge(ddl) == []


@pytest.mark.parametrize("ddl", [ddl for ddl, _ in UNCOVERED], ids=[name for _, name in UNCOVERED])
def test_a_foreign_key_is_not_served_by(ddl: str, judge: Judged) -> None:
    (finding,) = judge(ddl)

    assert finding.subject == "constraint public.book.fk_author"
    # A build that was stopped leaves an invalid index behind, so that what is told begins with taking it away.
    assert (
        'with op.get_context().autocommit_block(): op.execute("DROP INDEX CONCURRENTLY IF EXISTS public.ix_book_author_id"); '
        'op.execute("CREATE INDEX CONCURRENTLY ix_book_author_id ON public.book (author_id)")'
    ) in finding.mend


def test_a_foreign_key_is_not_served_by_an_invalid_index(judge: Judged) -> None:
    (finding,) = judge(
        "CREATE INDEX ix_invalid ON book (author_id);"
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_invalid'::regclass"
    )

    assert "Index public.ix_invalid would support it, but is invalid" in finding.message


def test_a_foreign_key_that_nobody_enforces_looks_nothing_up(judge: Judged) -> None:
    ddl = "CREATE INDEX ON book (author_id); CREATE TABLE child (author_id int REFERENCES author NOT ENFORCED)"

    assert judge(ddl) == []


def test_a_foreign_key_of_two_columns_takes_them_in_any_order(judge: Judged) -> None:
    two = """
        CREATE INDEX ON book (author_id);
        CREATE TABLE shelf (room integer, place integer, PRIMARY KEY (room, place));
        CREATE TABLE stand (id integer, room integer, place integer, FOREIGN KEY (room, place) REFERENCES shelf);
    """

    assert judge(two + "CREATE INDEX ON stand (place, room, id)") == []


def test_a_foreign_key_of_two_columns_is_served_in_part_by_an_index_on_one_which_is_a_note(
    empty_database: Database,
) -> None:
    two = """
        CREATE INDEX ON book (author_id);
        CREATE TABLE shelf (room integer, place integer, PRIMARY KEY (room, place));
        CREATE TABLE stand (id integer, room integer, place integer, FOREIGN KEY (room, place) REFERENCES shelf);
        CREATE INDEX ON stand (room);
    """

    first, *_ = judged_on(empty_database, two)

    assert isinstance(first, Note)
    assert first.message.startswith(
        "constraint public.stand.stand_room_place_fkey is supported by index public.stand_room_idx on"
    )


@pytest.mark.parametrize("column", ['name COLLATE "C"', "name text_pattern_ops"])
def test_a_foreign_key_on_text_is_not_served_by_an_index_that_compares_otherwise(column: str, judge: Judged) -> None:
    findings = judge(f"""
        CREATE INDEX ON book (author_id);
        CREATE TABLE genre (name text PRIMARY KEY);
        CREATE TABLE label (name text REFERENCES genre);
        CREATE INDEX ON label ({column});
    """)

    assert [finding.subject for finding in findings] == ["constraint public.label.label_name_fkey"]


def test_a_foreign_key_of_a_partitioned_table_is_served_by_its_index(judge: Judged) -> None:
    assert (
        judge("""
        CREATE INDEX ON book (author_id);
        CREATE TABLE loan (author_id bigint REFERENCES author, day date) PARTITION BY RANGE (day);
        CREATE TABLE loan_2026 PARTITION OF loan FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        CREATE INDEX ON loan (author_id);
    """)
        == []
    )


REDUNDANT = [
    ("CREATE INDEX ix_a ON book (title); CREATE INDEX ix_b ON book (title)", "index public.ix_b", "the same twice"),
    (
        "CREATE INDEX ix_a ON book (title); CREATE INDEX ix_b ON book (title, pages)",
        "index public.ix_a",
        "the beginning of another",
    ),
    (
        "CREATE INDEX ix_a ON book (title DESC); CREATE INDEX ix_b ON book (title, pages)",
        "index public.ix_a",
        "the beginning of another, read backwards",
    ),
    (
        "CREATE INDEX ix_a ON book (title) INCLUDE (pages); CREATE INDEX ix_b ON book (title, id) INCLUDE (pages)",
        "index public.ix_a",
        "the other carries the same",
    ),
    (
        "CREATE INDEX ix_a ON book (title) WHERE pages > 9; CREATE INDEX ix_b ON book (title, id) WHERE pages > 9",
        "index public.ix_a",
        "the same predicate",
    ),
    (
        "CREATE INDEX ix_a ON book (title); ALTER TABLE book ADD CONSTRAINT uq_title UNIQUE (title)",
        "index public.ix_a",
        "beside a unique constraint",
    ),
    (
        "CREATE UNIQUE INDEX ix_a ON book (id); CREATE INDEX ix_b ON book (title)",
        "index public.ix_a",
        "beside the primary key",
    ),
    (
        "CREATE INDEX ix_a ON book (title); ALTER TABLE book ADD CONSTRAINT uq_title UNIQUE (title) DEFERRABLE",
        "index public.ix_a",
        "beside a deferrable unique constraint",
    ),
    (
        "ALTER TABLE book ADD CONSTRAINT uq_a UNIQUE (title), ADD CONSTRAINT uq_b UNIQUE (title)",
        "constraint public.book.uq_b",
        "a constraint twice",
    ),
]
NOT_REDUNDANT = [
    ("CREATE INDEX ON book (title); CREATE INDEX ON book (pages, title)", "the end of another"),
    ("CREATE INDEX ON book (title) WHERE pages > 9; CREATE INDEX ON book (title, pages)", "a small partial one"),
    ("CREATE INDEX ON book (title); CREATE INDEX ON book (title, id) WHERE pages > 9", "beside a partial one"),
    ("CREATE INDEX ON book (title text_pattern_ops); CREATE INDEX ON book (title, id)", "another operator class"),
    ('CREATE INDEX ON book (title COLLATE "C"); CREATE INDEX ON book (title, id)', "another collation"),
    ("CREATE INDEX ON book (title, pages DESC); CREATE INDEX ON book (title, pages, id)", "a mixed order"),
    ("CREATE INDEX ON book (title NULLS FIRST); CREATE INDEX ON book (title, id)", "nulls at the other end"),
    ("CREATE UNIQUE INDEX ON book (title); CREATE INDEX ON book (title, pages)", "a unique one beside a longer one"),
    (
        "CREATE UNIQUE INDEX ON book (title, id); CREATE UNIQUE INDEX ON book (title, id) NULLS NOT DISTINCT",
        "another rule for nulls",
    ),
    ("CREATE INDEX ON book (title) INCLUDE (pages); CREATE INDEX ON book (title, id)", "what it carries is not there"),
    ("CREATE INDEX ON book USING hash (title); CREATE INDEX ON book (title, id)", "another access method"),
    ("CREATE INDEX ON book (lower(title)); CREATE INDEX ON book (title, id)", "an expression"),
    (
        "CREATE UNIQUE INDEX ON book (title); ALTER TABLE book ADD UNIQUE (title) DEFERRABLE",
        "a unique one beside a deferrable constraint",
    ),
    (
        "CREATE INDEX ON book (pages); ALTER TABLE book ADD EXCLUDE (pages WITH =)",
        "beside an exclusion constraint",
    ),
    (
        "CREATE TABLE stay (room int4range, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS)); CREATE INDEX ON stay (room)",
        "beside a temporal key, which is no B-tree",
    ),
    (
        "CREATE INDEX ix ON book (title); CREATE INDEX ON book (title, id); ALTER TABLE book CLUSTER ON ix",
        "one by which the table is clustered",
    ),
    (
        "CREATE INDEX ON book (title); CREATE INDEX ix ON book (title, id); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix'::regclass",
        "beside an invalid one",
    ),
]


def test_an_index_whose_included_columns_are_in_the_key_of_another_is_a_note(empty_database: Database) -> None:
    beside = (
        "CREATE INDEX ix_a ON book (author_id) INCLUDE (pages); CREATE UNIQUE INDEX ix_b ON book (author_id, pages)"
    )

    first, *_ = judged_on(empty_database, beside)

    assert isinstance(first, Note)
    assert first.message.startswith(
        "index public.ix_b has in its key all that index public.ix_a has in its key and carries (pages)"
    )


@pytest.mark.parametrize(("ddl", "subject"), [row[:2] for row in REDUNDANT], ids=[row[2] for row in REDUNDANT])
def test_an_index_is_redundant(ddl: str, subject: str, judge: Judged) -> None:
    (finding,) = judge("CREATE INDEX ON book (author_id);" + ddl)

    assert finding.subject == subject
    assert "every write maintains both" in finding.message


@pytest.mark.parametrize("ddl", [ddl for ddl, _ in NOT_REDUNDANT], ids=[name for _, name in NOT_REDUNDANT])
def test_an_index_is_not_redundant(ddl: str, judge: Judged) -> None:
    assert judge("CREATE INDEX ON book (author_id);" + ddl) == []


BY_TITLE = "CREATE INDEX ON book (author_id); CREATE INDEX ix_title ON book (title);"
USES = [
    ("SELECT id FROM book WHERE title = 'Emma'", "to find rows"),
    ("SELECT id, title FROM book ORDER BY title LIMIT 10", "for an order"),
    ("SELECT a.id FROM author a JOIN book b ON b.title = a.name WHERE a.id = 1", "in a join"),
    ("UPDATE book SET pages = 1 WHERE title = 'Emma'", "by an update"),
    ("SELECT id FROM book WHERE title = $1", "with a parameter"),
]


@pytest.mark.parametrize("statement", [sql for sql, _ in USES], ids=[name for _, name in USES])
def test_an_index_is_used(statement: str, judge: Judged) -> None:
    assert judge(BY_TITLE, statements=statement) == []


def test_an_index_that_no_statement_uses_is_found(judge: Judged) -> None:
    (finding,) = judge(BY_TITLE, statements="SELECT title FROM book WHERE id = 1")

    assert finding.subject == "index public.ix_title"
    assert "Unused index" in finding.message


def test_an_index_that_is_only_counted_through_is_not_used(judge: Judged) -> None:
    (finding,) = judge(BY_TITLE, statements="-- sequential scan: a report\nSELECT count(title) FROM book")

    assert finding.subject == "index public.ix_title"


def test_a_partial_index_whose_rows_a_statement_wants_is_used(judge: Judged) -> None:
    partial = "CREATE INDEX ON book (author_id); CREATE INDEX ix_unsold ON book (pages) WHERE sold_at IS NULL"

    assert judge(partial, statements="SELECT id FROM book WHERE sold_at IS NULL") == []


PARTITIONED = """
    CREATE INDEX ON book (author_id);
    CREATE TABLE loan (reader bigint, day date) PARTITION BY RANGE (day);
    CREATE TABLE loan_2026 PARTITION OF loan FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (reader);
    CREATE TABLE loan_2026_one PARTITION OF loan_2026 FOR VALUES IN (1);
    CREATE TABLE loan_2027 PARTITION OF loan FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
    CREATE INDEX ix_loan_reader ON loan (reader);
"""


@pytest.mark.parametrize("index", ["ix_loan_reader", "loan_2027_reader_idx"])
def test_an_index_of_a_partitioned_table_is_used_by_its_partitions(index: str, judge: Judged) -> None:
    statement = f"-- index: {index}\nSELECT day FROM loan WHERE reader = 1"

    assert judge(PARTITIONED, statements=statement) == []


def test_an_index_of_a_partitioned_table_that_no_statement_uses_is_found(judge: Judged) -> None:
    statement = "-- index: ix_loan_reader\n-- sequential scan: a report\nSELECT day FROM loan WHERE reader + 0 = 1"

    findings = judge(PARTITIONED, statements=statement)

    assert ["cannot be used by the query" in findings[0].message, findings[1].subject] == [
        True,
        "index public.ix_loan_reader",
    ]


def test_an_index_of_a_subquery_does_not_serve_the_filter_around_it(judge: Judged) -> None:
    statement = "SELECT id FROM book WHERE (SELECT count(*) FROM author WHERE id = book.author_id) > 5"

    (finding,) = judge("CREATE INDEX ON book (author_id)", statements=statement)

    assert "no index supports its filter on book" in finding.message


def test_a_query_that_cannot_use_the_index_that_it_expects_is_found(judge: Judged) -> None:
    findings = judge(
        BY_TITLE, statements="-- name: by_title\n-- index: ix_title\nSELECT id FROM book WHERE lower(title) = 'x'"
    )

    assert "Expected index ix_title cannot be used" in findings[0].message
    assert findings[0].subject == "statement by_title"


def test_a_query_that_expects_an_index_that_is_not_there_is_found(judge: Judged) -> None:
    (finding,) = judge(
        "CREATE INDEX ON book (author_id)", statements="-- index: ix_none\nSELECT id FROM book WHERE id = 1"
    )

    assert finding.message == "Expected index ix_none does not exist."


def test_a_filter_that_no_index_serves_is_found(judge: Judged) -> None:
    (finding,) = judge("CREATE INDEX ON book (author_id)", statements="SELECT id FROM book WHERE pages > 500")

    assert "no index supports its filter on book" in finding.message


def test_a_filter_whose_statement_says_why_it_has_no_index_passes(judge: Judged) -> None:
    statement = "-- sequential scan: once a year\nSELECT id FROM book WHERE pages > 500"

    assert judge("CREATE INDEX ON book (author_id)", statements=statement) == []


def test_a_statement_that_does_not_run_at_the_head_is_found(judge: Judged) -> None:
    (finding,) = judge("CREATE INDEX ON book (author_id)", statements="SELECT titel FROM book")

    assert "The statement fails at the head" in finding.message
    assert "42703" in finding.message


def test_without_statements_a_note_says_that_use_is_not_known(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute(TABLES + BY_TITLE)
        head = take_snapshot(connection)

    (note,) = indices.judge(record_of(head), difference)

    assert isinstance(note, Note)
    assert "--statements" in note.message


def test_names_that_need_quotes_are_read(judge: Judged) -> None:
    quoted = """
        CREATE INDEX ON book (author_id);
        CREATE TABLE "Odd, table" ("a (b" bigint REFERENCES author, "c, d" text);
        CREATE INDEX "An ""odd"" one" ON "Odd, table" ("a (b", "c, d");
    """

    assert judge(quoted, statements="""SELECT 1 FROM "Odd, table" WHERE "a (b" = 1""") == []


def test_a_finding_names_the_revision_that_made_the_foreign_key(judge_example: Callable[..., Report]) -> None:
    edits = {
        "versions/0002_add_book.py": (
            '        sa.UniqueConstraint("author_id", "title", name="uq_book_author_id_title"),\n',
            "",
        )
    }

    report = judge_example(edits=edits, only=("indices",))

    assert [(item.revision, item.subject) for item in report.findings] == [
        ("0002", "constraint public.book.fk_book_author_id")
    ]


def test_statements_of_a_file_are_judged_at_the_head_of_a_chain(
    judge_example: Callable[..., Report], tmp_path: Path
) -> None:
    file = tmp_path / "statements.sql"
    file.write_text("SELECT pages FROM book WHERE lower(title) = 'emma'; SELECT 1", encoding="utf-8")

    report = judge_example(statements=file, only=("indices",))

    assert [item.subject for item in report.findings] == ["index public.ix_book_unsold"]


def test_a_mistake_in_a_file_of_statements_is_told_before_the_walk(
    tmp_path: Path, example: Callable[..., Path]
) -> None:
    file = tmp_path / "statements.sql"
    file.write_text("-- buffers: few\nSELECT 1", encoding="utf-8")

    with pytest.raises(CannotRun, match="line 2: 'few' is neither a number nor 'any'"):
        plan_run(load_settings(None, alembic=example() / "alembic.ini", statements=file))


def test_a_file_of_statements_that_is_not_there_cannot_be_run(
    judge_example: Callable[..., Report], tmp_path: Path
) -> None:
    with pytest.raises(CannotRun, match=r"File of statements .* not found"):
        judge_example(statements=tmp_path / "none.sql", only=("indices",))


def test_what_the_settings_allow_with_a_reason_passes(judge_example: Callable[..., Report]) -> None:
    edits = {
        "versions/0002_add_book.py": (
            '        sa.UniqueConstraint("author_id", "title", name="uq_book_author_id_title"),\n',
            "",
        )
    }
    allowed = {"constraint public.book.fk_book_author_id": "authors are never deleted"}

    assert judge_example(edits=edits, only=("indices",), allow_indices=allowed).findings == ()
