"""Statements judged by their plans: for every expectation a statement that breaks it, and the sound ones that pass."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgharness.databases import Databases
from pgharness.findings import CannotRun, Finding
from pgharness.plans import (
    Expectation,
    Explained,
    Plan,
    PlanMode,
    Scan,
    Statement,
    foreign_key_statements,
    judge_plans,
    judge_statement,
    read_plan,
    read_statements,
    with_samples,
)
from pgharness.plugin import PlanJudge

LIBRARY = """
CREATE TABLE author (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE book (
    id bigint PRIMARY KEY, author_id bigint NOT NULL, published integer NOT NULL, title text NOT NULL, state text NOT NULL
);
CREATE INDEX ix_book_author_published ON book (author_id, published DESC);
CREATE INDEX ix_book_ordered ON book (published) WHERE state = 'ordered';
INSERT INTO author SELECT n, 'author ' || n FROM generate_series(1, 100) n;
INSERT INTO book
SELECT n, 1 + n % 100, n, 'book ' || n, CASE WHEN n % 500 = 0 THEN 'ordered' ELSE 'here' END
FROM generate_series(1, 20000) n;
ANALYZE;
"""

BY_AUTHOR = Statement(
    "books_of_author",
    "SELECT title FROM book WHERE author_id = $1 ORDER BY published DESC LIMIT 20",
    samples=((1,), (7,)),
    expectation=Expectation(indexes=("ix_book_author_published",)),
)
ORDERED = Statement(
    "ordered_books",
    "SELECT title FROM book WHERE state = 'ordered' ORDER BY published LIMIT 10",
    expectation=Expectation(indexes=("ix_book_ordered",)),
)


@pytest.fixture(scope="module")
def library(pg_databases: Databases) -> Iterator[psycopg.Connection]:
    database = pg_databases.create_empty("library")
    with database.connect() as connection:
        connection.execute(LIBRARY)
        yield connection
    pg_databases.drop(database)


def messages(findings: Sequence[Finding]) -> str:
    return "\n".join(finding.message for finding in findings)


def test_statements_that_their_indexes_serve_pass(library: psycopg.Connection) -> None:
    assert judge_plans(library, [BY_AUTHOR, ORDERED]) == ()


def test_a_missing_index_is_named_with_the_statement_that_wants_it(library: psycopg.Connection) -> None:
    with library.transaction(force_rollback=True):
        library.execute("DROP INDEX ix_book_author_published")
        findings = judge_plans(library, [BY_AUTHOR, ORDERED])

    assert {finding.subject for finding in findings} == {"statement books_of_author"}
    assert "Does not use index ix_book_author_published" in messages(findings)


def test_reading_a_large_relation_from_end_to_end_is_found(library: psycopg.Connection) -> None:
    statement = Statement("by_title", "SELECT id FROM book WHERE title = $1", samples=(("book 7",),))

    findings = judge_plans(library, [statement])

    assert "Sequential scan on book (20,000 rows" in messages(findings)
    assert "title" in next(finding.mend for finding in findings if "Sequential scan" in finding.message)


def test_reading_a_small_relation_from_end_to_end_is_sound(library: psycopg.Connection) -> None:
    statement = Statement("all_authors", "SELECT name FROM author")

    assert judge_plans(library, [statement]) == ()


def test_a_sequential_scan_that_is_allowed_with_a_reason_passes(library: psycopg.Connection) -> None:
    allowed = Expectation(sequential_scan="a nightly report", read_per_row=None)

    assert judge_plans(library, [Statement("count", "SELECT count(*) FROM book", expectation=allowed)]) == ()


def test_a_sort_is_found(library: psycopg.Connection) -> None:
    by_title = replace(BY_AUTHOR, sql="SELECT title FROM book WHERE author_id = $1 ORDER BY title LIMIT 150")

    assert "Explicit sort by title" in messages(judge_plans(library, [by_title]))


def test_reading_many_rows_to_give_few_is_found(library: psycopg.Connection) -> None:
    picky = replace(
        BY_AUTHOR, sql="SELECT title FROM book WHERE author_id = $1 AND title LIKE '%99' ORDER BY published DESC"
    )

    assert "rows to return" in messages(judge_plans(library, [picky]))


def test_reading_all_for_a_subquery_that_has_an_index_is_found(library: psycopg.Connection) -> None:
    correlated = Statement(
        "many", "SELECT id FROM book b WHERE (SELECT count(*) FROM book WHERE author_id = b.id AND published = 0) > 5"
    )

    assert "Sequential scan on book (20,000 rows" in messages(judge_plans(library, [correlated], targets=()))


def test_the_index_of_a_partition_is_that_of_the_whole_table(library: psycopg.Connection) -> None:
    with library.transaction(force_rollback=True):
        library.execute("""
            CREATE TABLE loan (reader int, day int) PARTITION BY LIST (day);
            CREATE TABLE loan_1 PARTITION OF loan FOR VALUES IN (1);
            CREATE TABLE loan_2 PARTITION OF loan FOR VALUES IN (2);
            CREATE INDEX ix_loan_reader ON loan (reader);
            CREATE INDEX ix_loan_2_day ON loan_2 (day, reader);
            INSERT INTO loan SELECT n, 1 + n % 2 FROM generate_series(1, 20000) n;
        """)
        whole, partition = (
            Statement("loans", "SELECT day FROM loan WHERE reader = 7", expectation=Expectation(indexes=(name,)))
            for name in ("ix_loan_reader", "loan_1_reader_idx")
        )
        wrong = replace(whole, expectation=Expectation(indexes=("ix_loan",)))
        served = judge_plans(library, [whole]) + judge_plans(library, [partition])
        (unserved,) = judge_plans(library, [wrong])

    assert served == ()
    assert "Does not use index ix_loan (" in unserved.message


def test_more_pages_than_the_bound_are_found(library: psycopg.Connection) -> None:
    tight = replace(BY_AUTHOR, expectation=Expectation(buffers=2))

    assert "over the limit of 2" in messages(judge_plans(library, [tight]))


def test_a_parameter_in_the_place_of_a_partial_index_literal_is_found_under_the_generic_plan(
    library: psycopg.Connection,
) -> None:
    parameter = replace(
        ORDERED, sql="SELECT title FROM book WHERE state = $1 ORDER BY published LIMIT 10", samples=(("ordered",),)
    )

    findings = judge_plans(library, [parameter])

    assert "Does not use index ix_book_ordered (the generic plan" in messages(findings)
    assert "The generic plan reads" in messages(findings)


def test_a_plan_that_another_reading_of_statistics_changes_is_found() -> None:
    by_key = Plan((Scan("book", ("pk_book",), 10),), (), rows=10, buffers=4, duration_ms=1, text="by key")
    by_author = replace(by_key, scans=(Scan("book", ("ix_book_author",), 10),), text="by author")
    explained = [Explained(PlanMode.CUSTOM, 0, 0, by_key), Explained(PlanMode.CUSTOM, 0, 1, by_author)]

    findings = judge_statement(Statement("books", "SELECT"), explained)

    assert "Unstable plan" in messages(findings)
    assert "by key" in findings[0].evidence
    assert "by author" in findings[0].evidence


def test_what_a_statement_changes_is_rolled_back(library: psycopg.Connection) -> None:
    delete = Statement("delete_book", "DELETE FROM book WHERE id = $1", samples=((1,),))

    assert judge_plans(library, [delete]) == ()
    assert library.execute("SELECT count(*) FROM book").fetchone() == (20000,)


def test_nothing_stays_prepared(library: psycopg.Connection) -> None:
    judge_plans(library, [BY_AUTHOR])

    assert library.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'pgharness%'").fetchone() == (
        0,
    )


def test_a_statement_that_does_not_run_is_told_with_its_name(library: psycopg.Connection) -> None:
    with pytest.raises(CannotRun, match="The statement typo cannot be explained"):
        judge_plans(library, [Statement("typo", "SELECT titel FROM book")])


def test_a_file_gives_statements_with_their_expectations_and_samples(library: psycopg.Connection) -> None:
    texts = read_statements("""
        -- name: books_of_author
        -- index: ix_book_author_published
        -- read per row: any
        -- buffers: 40
        -- samples: SELECT id FROM author ORDER BY id LIMIT 2
        SELECT title FROM book WHERE author_id = $1;
        -- sequential scan: it is for one person, once a year
        SELECT count(*) FROM book;
    """)

    first, second = with_samples(library, texts)

    assert first.name == "books_of_author"
    assert first.samples == ((1,), (2,))
    assert first.expectation == Expectation(indexes=("ix_book_author_published",), read_per_row=None, buffers=40)
    assert second.name == "at line 9"
    assert second.expectation.sequential_scan == "it is for one person, once a year"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ';'",
        'SELECT 1 AS ";"',
        r"SELECT E'\';'",
        "SELECT $$;$$",
        "SELECT $body$ ; $$ ; $body$",
        "SELECT 1 /* ; */",
        "SELECT 1 -- ;\n",
    ],
)
def test_a_semicolon_inside_a_token_ends_no_statement(sql: str) -> None:
    assert [text.sql for text in read_statements(f"{sql};SELECT 2")] == [sql.strip(), "SELECT 2"]


def test_an_allowance_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2: what is allowed needs a reason"):
        read_statements("-- sort:\nSELECT 1 ORDER BY 1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-- generic ratio: any\nSELECT 1", "line 2: 'any' is no number"),
        ("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2", "line 4: there is a statement 'one' already"),
    ],
)
def test_a_mistake_is_refused_when_the_statements_are_read(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_statements(text)


def test_statements_of_one_line_have_names_of_their_own() -> None:
    assert [text.name for text in read_statements("SELECT 1; SELECT 2")] == ["at line 1", "at line 1, number 2"]


def test_samples_that_find_no_row_are_told(library: psycopg.Connection) -> None:
    texts = read_statements("-- samples: SELECT id FROM author WHERE false\nSELECT 1 FROM author WHERE id = $1")

    with pytest.raises(CannotRun, match="has no samples"):
        with_samples(library, texts)


def test_the_fixture_fails_a_test_with_what_is_wrong_in_words(
    library: psycopg.Connection, plan_judge: PlanJudge
) -> None:
    by_title = Statement("by_title", "SELECT id FROM book WHERE title = 'book 7'")

    with pytest.raises(
        pytest.fail.Exception, match=r"statement by_title PGH-P002\n  Sequential scan on book.*\n  fix: create an index"
    ):
        plan_judge(library, [by_title])


def test_the_fixture_passes_a_file_of_sound_statements(
    library: psycopg.Connection, plan_judge: PlanJudge, tmp_path: Path
) -> None:
    file = tmp_path / "statements.sql"
    file.write_text("-- samples: SELECT 7\nSELECT title FROM book WHERE id = $1;", encoding="utf-8")

    plan_judge(library, file)


@pytest.mark.parametrize(("where", "code"), [("id = 7", 0), ("title = 'book 7'", 1), ("titel = 'book 7'", 2)])
def test_the_command_line_says_by_its_exit_code_what_it_found(
    where: str, code: int, library: psycopg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "statements.sql"
    file.write_text(f"SELECT title FROM book WHERE {where}", encoding="utf-8")
    info = library.info
    url = f"postgresql://{info.user}@/{info.dbname}?host={info.host}&port={info.port}"

    run = subprocess.run(
        [sys.executable, "-c", "from pgharness.cli import main; main()", "plans", url, str(file), "--format", "json"],
        capture_output=True,
        check=False,
    )

    assert run.returncode == code, run.stderr


def test_the_command_line_tells_a_finding_as_the_fixture_does(
    library: psycopg.Connection, tmp_path: Path, command_line: Callable[..., Any], plan_judge: PlanJudge
) -> None:
    file = tmp_path / "statements.sql"
    file.write_text("-- name: by_title\nSELECT id FROM book WHERE title = 'book 7'", encoding="utf-8")
    info = library.info

    ended = command_line("plans", f"postgresql://{info.user}@/{info.dbname}?host={info.host}&port={info.port}", file)
    with pytest.raises(pytest.fail.Exception) as failed:
        plan_judge(library, file, targets=())

    assert ended.out.startswith("statement by_title PGH-P004\n  Reads ")
    for line in str(failed.value).splitlines():
        assert line.partition(" buffers=")[0] in ended.out


def test_a_foreign_key_whose_action_reads_all_children_is_found(library: psycopg.Connection) -> None:
    with library.transaction(force_rollback=True):
        library.execute("ALTER TABLE book ADD CONSTRAINT fk_author FOREIGN KEY (author_id) REFERENCES author")
        served = judge_plans(library, foreign_key_statements(library))
        library.execute("DROP INDEX ix_book_author_published")
        unserved = judge_plans(library, foreign_key_statements(library))

    assert served == ()
    assert {finding.subject for finding in unserved} == {"statement ON DELETE NO ACTION of fk_author"}


def test_rows_that_a_filter_removes_count_as_read() -> None:
    node = {
        "Node Type": "Index Scan",
        "Relation Name": "book",
        "Index Name": "ix",
        "Actual Rows": 2.0,
        "Actual Loops": 3,
        "Rows Removed by Filter": 8,
        "Shared Hit Blocks": 5,
        "Shared Read Blocks": 1,
    }

    plan = read_plan({"Plan": node, "Execution Time": 0.5})

    assert (plan.rows_read, plan.buffers, plan.indexes) == (30.0, 6, frozenset({"ix"}))
