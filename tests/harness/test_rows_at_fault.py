"""An upgrade that fails on some rows is told as what it is, with the query that counts them; texts are like what they are read as."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

import psycopg
import pytest

from pgharness.catalog.index_shapes import read_foreign_keys
from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Database
from pgharness.describing.rows_at_fault import RowsAtFault, mend_rows, rows_at_fault, where_in_words
from pgharness.records.steps import Failure, Frame
from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

CASES = {
    "a unique constraint": (
        "23505",
        'could not create unique index "uq"\nDETAIL:  Key (last_name, born)=(a, b) is duplicated.',
        "ALTER TABLE patients ADD CONSTRAINT uq UNIQUE (last_name, born)",
        "two rows share last_name, born",
        "SELECT last_name, born, count(*) FROM patients WHERE (last_name, born) IS NOT NULL GROUP BY last_name, born HAVING count(*) > 1",
    ),
    "a unique index on some rows": (
        "23505",
        'could not create unique index "uq"\nDETAIL:  Key (lower(mail))=(a) is duplicated.',
        'CREATE UNIQUE INDEX CONCURRENTLY uq ON "My S".t (lower(mail)) WHERE active',
        "two rows share lower(mail) where active",
        'SELECT lower(mail), count(*) FROM "My S".t WHERE (lower(mail)) IS NOT NULL AND (active) GROUP BY lower(mail) HAVING count(*) > 1',
    ),
    "a unique column of another type": (
        "23505",
        'could not create unique index "uq"\nDETAIL:  Key (tenant, mail)=(1, a) is duplicated.',
        "ALTER TABLE people ALTER COLUMN mail TYPE citext",
        "two rows come to the same tenant, mail as citext",
        "SELECT tenant, mail::citext, count(*) FROM people WHERE (tenant, mail::citext) IS NOT NULL GROUP BY tenant, mail::citext HAVING count(*) > 1",
    ),
    "a unique column of another type, made by an expression": (
        "23505",
        'could not create unique index "uq"\nDETAIL:  Key (at)=(a) is duplicated.',
        "ALTER TABLE people ALTER at TYPE date USING (at AT TIME ZONE 'UTC')::date",
        "two rows come to the same at as date",
        (
            "SELECT (at AT TIME ZONE 'UTC')::date, count(*) FROM people WHERE ((at AT TIME ZONE 'UTC')::date) IS NOT NULL "
            "GROUP BY (at AT TIME ZONE 'UTC')::date HAVING count(*) > 1"
        ),
    ),
    "a foreign key": (
        "23503",
        'insert or update on table "book" violates foreign key constraint "fk"\nDETAIL:  Key (author_id)=(9) is not present in table "author".',
        "ALTER TABLE book ADD CONSTRAINT fk FOREIGN KEY(author_id) REFERENCES shop.author (id)",
        "author_id leads to no row of author",
        (
            "SELECT count(*) FROM book AS child WHERE child.author_id IS NOT NULL AND NOT EXISTS "
            "(SELECT FROM shop.author AS parent WHERE parent.id = child.author_id)"
        ),
    ),
    "NOT NULL": (
        "23502",
        'column "born" of relation "t" contains null values',
        "ALTER TABLE t ALTER COLUMN born SET NOT NULL",
        "a row has no born",
        'SELECT count(*) FROM t WHERE "born" IS NULL',
    ),
    "a check": (
        "23514",
        'check constraint "positive" of relation "t" is violated by some row',
        "ALTER TABLE t ADD CONSTRAINT positive CHECK (price > 0)",
        "a row violates positive",
        "SELECT count(*) FROM t WHERE NOT (price > 0)",
    ),
    "a shorter text": (
        "22001",
        "value too long for type character varying(10)",
        "ALTER TABLE t ALTER COLUMN name TYPE varchar(10)",
        "name is longer than 10",
        "SELECT count(*) FROM t WHERE length(name) > 10",
    ),
    "a smaller number": (
        "22003",
        "integer out of range",
        "ALTER TABLE t ALTER amount TYPE integer",
        "amount is near the end of its type",
        "SELECT min(amount), max(amount) FROM t",
    ),
    "an enum without a label": (
        "22P02",
        'invalid input value for enum mood: "c"',
        "ALTER TABLE t ALTER COLUMN mood TYPE mood USING mood::text::mood",
        "mood cannot be read as mood",
        "SELECT mood, count(*) FROM t GROUP BY 1",
    ),
}


@pytest.mark.parametrize(("sqlstate", "message", "statement", "where", "query"), CASES.values(), ids=CASES)
def test_the_rows_at_fault_are_told_with_a_query(
    sqlstate: str, message: str, statement: str, where: str, query: str
) -> None:
    failure = Failure("Error", message, statement, sqlstate)

    found = rows_at_fault(failure)
    assert found is not None
    assert (found.where, found.query) == (where, query)
    assert f"make sure that production has none: {query}; or " in mend_rows(failure, "0002.py")
    cleaned = {"23505": "keep one row of each", "23502": "fill the column, and prove that it is filled"}
    assert cleaned.get(sqlstate, "clean them in 0002.py before") in mend_rows(failure, "0002.py")


def test_a_column_that_is_added_without_a_default_is_no_matter_of_single_rows() -> None:
    failure = Failure(
        "NotNullViolation",
        'column "born" of relation "t" contains null values',
        "ALTER TABLE t ADD COLUMN born date NOT NULL",
        "23502",
    )

    assert rows_at_fault(failure) is None
    assert "server_default" in mend_rows(failure, "0002.py")


def test_what_a_revision_raises_and_what_python_raises_have_mends_of_their_own() -> None:
    raised = Failure(
        "RuntimeError",
        "correct them",
        refused=True,
        frames=(Frame("0002.py", 9, "upgrade", "raise RuntimeError('…')"),),
    )
    python = Failure(
        "ValueError", "not enough values", frames=(Frame("0002.py", 9, "upgrade", "a, b = name.split('-')"),)
    )

    assert mend_rows(raised, "0002.py").startswith("let upgrade() in 0002.py correct such rows instead of raising")
    assert "values = {" in mend_rows(python, "0002.py")


@pytest.mark.parametrize(
    ("error", "message", "is_of_the_code"),
    [
        ("AttributeError", "can't set attribute", True),
        ("AttributeError", "type object 'Job' has no attribute 'Kind'", True),
        ("NameError", "name 'uuid' is not defined", True),
        ("AttributeError", "'NoneType' object has no attribute 'split'", False),
        ("AttributeError", "'str' object has no attribute 'get'", False),
        ("TypeError", "unsupported operand type(s) for +: 'int' and 'str'", False),
        ("ValueError", "not enough values", False),
    ],
)
def test_what_python_finds_wrong_with_the_code_itself_is_no_matter_of_what_columns_hold(
    error: str, message: str, *, is_of_the_code: bool
) -> None:
    failure = Failure(error, message, frames=(Frame("0002.py", 9, "upgrade", "job.run_id = uuid4()"),))

    mend = mend_rows(failure, "0002.py")
    assert ("values = {" in mend) == (not is_of_the_code)
    assert mend.startswith("correct 0002.py (line 9), which runs only where there are rows;") == is_of_the_code


@pytest.mark.parametrize(
    ("table", "keys", "parent", "rule"),
    [
        ("image", "resource_id", "resource", "the foreign key image_resource_id_fkey on (resource_id)"),
        ("image", "other_id", "resource", ""),
        ("image", "resource_id", "elsewhere", ""),
        ("note", "resource_id", "resource", ""),
    ],
)
def test_rows_that_met_the_same_foreign_key_before_the_revision_are_not_asked_for_in_production(
    table: str, keys: str, parent: str, rule: str, empty_database: Database
) -> None:
    with empty_database.connect() as connection:
        connection.execute(
            "CREATE TABLE resource (id int PRIMARY KEY); CREATE TABLE elsewhere (id int PRIMARY KEY);"
            "CREATE TABLE image (id int, resource_id int REFERENCES resource, other_id int);"
            "CREATE TABLE note (resource_id int)"
        )
        before = take_snapshot(connection)
    failure = Failure(
        "ForeignKeyViolation",
        f'insert or update on table "{table}" violates foreign key constraint "fk"\n'
        f'DETAIL:  Key ({keys})=(9) is not present in table "{parent}".',
        f"ALTER TABLE {table} ADD CONSTRAINT fk FOREIGN KEY({keys}) REFERENCES {parent} (id)",
        "23503",
    )

    mend = mend_rows(failure, "0002.py", before=before)
    assert ("make sure that production has none" in mend) == (not rule)
    assert (rule in mend, "parts the rows itself" in mend) == (True, bool(rule))


def test_rows_that_were_unique_before_the_revision_are_not_asked_for_in_production(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE t (a int, b int, c int, UNIQUE (a, b))")
        before = take_snapshot(connection)

    def mend(keys: str) -> str:
        message = f'could not create unique index "uq"\nDETAIL:  Key ({keys})=(1, 2) is duplicated.'
        statement = f"ALTER TABLE t ADD CONSTRAINT uq UNIQUE ({keys})"
        return mend_rows(Failure("UniqueViolation", message, statement, "23505"), "0002.py", before=before)

    assert "parts the rows itself" in mend("a, b")
    assert "make sure that production has none" in mend("a, c")


def test_a_number_that_a_sequence_gives_is_left_out_of_the_insert_and_one_that_it_does_not_stays(
    empty_database: Database,
) -> None:
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE role (id serial PRIMARY KEY, code int UNIQUE)")
        before = take_snapshot(connection)

    def mend(key: str) -> str:
        message = (
            f'duplicate key value violates unique constraint "role_{key}_key"\nDETAIL:  Key ({key})=(1) already exists.'
        )
        statement = "INSERT INTO role (id, code) VALUES (1, 1)"
        return mend_rows(Failure("UniqueViolation", message, statement, "23505"), "0002.py", before=before)

    assert mend("id").startswith("leave id out of the INSERT, for its sequence gives it; or ")
    assert "sequence" not in mend("code")


def test_rows_that_share_a_key_become_one_to_which_their_children_refer(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute("""
            CREATE TABLE author (id int PRIMARY KEY, mail text, active bool);
            CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author ON DELETE CASCADE);
            INSERT INTO author VALUES (1, 'a', true), (2, 'A', true), (3, 'a', false), (4, NULL, true), (5, NULL, true);
            INSERT INTO book VALUES (1, 1), (2, 2), (3, 3), (4, 5);
        """)
        statement = "CREATE UNIQUE INDEX uq ON author (lower(mail)) WHERE active"
        with pytest.raises(psycopg.errors.UniqueViolation) as refused:
            connection.execute(statement)
        failure = Failure("UniqueViolation", f"{refused.value}", statement, "23505")
        mend = mend_rows(failure, "0002.py", read_foreign_keys(take_snapshot(connection)))
        for typed in re.findall(r'op\.execute\("(.*?)"\)', mend):
            connection.execute(typed.encode())

        connection.execute(statement)
        assert "<table>" not in mend
        assert connection.execute("SELECT id FROM author ORDER BY id").fetchall() == [(1,), (3,), (4,), (5,)]
        assert connection.execute("SELECT author_id FROM book ORDER BY id").fetchall() == [(1,), (1,), (3,), (5,)]


PATIENTS = Revision(
    "patients",
    sql(
        "CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd', 'e')",
        "CREATE TABLE patients (id bigint PRIMARY KEY, author_id integer, name varchar(80), mood mood NOT NULL, kind text, state text, body text)",
    ),
    sql("DROP TABLE patients", "DROP TYPE mood"),
)


def test_what_production_may_hold_is_found_and_what_texts_are_read_as_is_learned(
    judge_chain: Callable[..., Run],
) -> None:
    run = judge_chain(
        table("author", "id integer PRIMARY KEY"),
        PATIENTS,
        Revision("kinds", sql("CREATE TYPE kind AS ENUM ('x', 'y')", "ALTER TABLE patients ADD k kind", "UPDATE patients SET k = kind::kind")),
        Revision("state", sql("ALTER TABLE patients ADD CHECK (state IN ('new', 'seen'))", "ALTER TABLE patients ALTER body TYPE json USING body::json")),
        Revision("unique_name", 'op.create_unique_constraint("uq", "patients", ["name"])'),
        Revision("author_key", 'op.create_foreign_key("fk", "patients", "author", ["author_id"], ["id"])'),
        Revision(
            "fewer_moods",
            sql(
                "ALTER TYPE mood RENAME TO old", "CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd')",
                "ALTER TABLE patients ALTER mood TYPE mood USING mood::text::mood", "DROP TYPE old",
            ),
        ),
        Revision("code", "for (name,) in op.get_bind().execute(sa.text('SELECT name FROM patients WHERE name IS NOT NULL')):\n    first, last = name.split(', ')"),
        Revision("guard", "if op.get_bind().execute(sa.text('SELECT count(*) FROM patients')).scalar():\n    raise RuntimeError('first')"),
        only=("upgrade",),
        values={"public.patients.name": ["Ada, Lovelace", "Mary, Wollstonecraft", "Jane, Austen"]},
    )  # fmt: skip

    found = {one.revision: one.message.partition(":")[0].partition(" but fails ")[2] for one in run.report.findings}
    assert found == {
        "unique_name": "on tables with rows, where two rows share name",
        "author_key": "on tables with rows, where author_id leads to no row of author",
        "fewer_moods": "on tables with rows, where mood cannot be read as mood",
    }
    assert any(note.revision == "guard" and note.check == "upgrade" for note in run.report.notes)


LOWER = Revision(
    "lower", sql("CREATE UNIQUE INDEX person_lower ON person (lower(mail))"), sql("DROP INDEX person_lower")
)


def test_no_query_is_given_where_a_statement_does_more_than_to_change_the_type() -> None:
    statement = "ALTER TABLE people ALTER at TYPE date, ALTER mail DROP NOT NULL"
    message = 'could not create unique index "uq"\nDETAIL:  Key (at)=(a) is duplicated.'

    found = rows_at_fault(Failure("Error", message, statement, "23505"))

    assert found == RowsAtFault("two rows come to the same at")


def test_two_texts_that_differ_in_capitals_alone_stand_where_they_may(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(table("person", "id bigint PRIMARY KEY, mail text UNIQUE"), LOWER)

    (finding,) = (one for one in run.report.findings if one.check == "upgrade")
    assert finding.message.startswith(
        "upgrade() passes on rows that all differ and hold no NULL, but fails on tables with rows, where two rows share lower(mail)"
    )
    assert "SELECT lower(mail), count(*) FROM person" in finding.mend


def test_they_do_not_stand_where_a_check_refuses_capitals(judge_chain: Callable[..., Run]) -> None:
    columns = "id bigint PRIMARY KEY, mail text UNIQUE CHECK (mail = lower(mail))"

    run = judge_chain(table("person", columns), LOWER)

    assert [one for one in run.report.findings if one.check == "upgrade"] == []


def test_a_row_that_is_inserted_beside_one_of_its_key_is_no_matter_of_rows_that_share_it() -> None:
    failure = Failure(
        "UniqueViolation",
        'duplicate key value violates unique constraint "t_pkey"\nDETAIL:  Key (id)=(1) already exists.',
        "INSERT INTO t (id, name) VALUES (1, 'admin')",
        "23505",
    )

    assert rows_at_fault(failure) == RowsAtFault("a row has such id already")
    assert mend_rows(failure, "0002.py").startswith("let what is there stay: ON CONFLICT (id) DO NOTHING; or leave out")


def test_texts_that_were_made_to_be_read_as_numbers_are_told(judge_chain: Callable[..., Run]) -> None:
    first = table("address", "id int PRIMARY KEY, zip text, kind text")
    cast = Revision(
        "cast",
        sql("ALTER TABLE address ALTER zip TYPE integer USING zip::integer"),
        sql("ALTER TABLE address ALTER zip TYPE text"),
    )

    run = judge_chain(first, cast, only=("upgrade",))

    assert run.report.findings == ()
    (note,) = run.report.notes
    assert note.revision == "cast"
    assert "SELECT count(*) FROM public.address WHERE NOT pg_input_is_valid(zip, 'integer')" in note.message


@pytest.mark.parametrize(
    ("table", "column"),
    [("block", "kind"), ("block", "added"), ("block", "kind_now"), ("block_now", "kind")],
    ids=["an old column", "a column that it adds", "a column that it renames", "a table that it renames"],
)
def test_production_is_asked_for_rows_only_by_the_names_that_it_has_before_the_revision(
    table: str, column: str, empty_database: Database
) -> None:
    asks = (table, column) == ("block", "kind")
    with empty_database.connect() as connection:
        connection.execute(
            "CREATE TABLE block (kind text, other text); CREATE TABLE elsewhere (added int, kind_now int)"
        )
        before = take_snapshot(connection)
    unique = Failure(
        "UniqueViolation",
        f'could not create unique index "uq"\nDETAIL:  Key ({column}, other)=(a, b) is duplicated.',
        f"ALTER TABLE {table} ADD CONSTRAINT uq UNIQUE ({column}, other)",
        "23505",
    )
    null = Failure(
        "NotNullViolation",
        f'column "{column}" of relation "{table}" contains null values',
        f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL",
        "23502",
    )

    assert ("make sure that production has none" in mend_rows(unique, "0002.py", before=before)) == asks
    assert ("make sure that production has none" in mend_rows(null, "0002.py", before=before)) == asks
    assert "op.execute(" in mend_rows(unique, "0002.py", before=before)
    assert (where_in_words(null, before) == f"on tables with rows, where a row has no {column}") == asks


def test_values_that_are_too_long_are_told_to_be_shortened_by_the_names_of_the_statement() -> None:
    statement = 'ALTER TABLE shop.book ALTER COLUMN "Code" TYPE VARCHAR(5)'
    failure = Failure("StringDataRightTruncation", "value too long for type character varying(5)", statement, "22001")

    mend = mend_rows(failure, "versions/0002.py")

    (call,) = re.findall(r"op\.execute\((.*left.*?, 5\)\")\)", mend)
    assert ast.literal_eval(call) == 'UPDATE shop.book SET "Code" = left("Code", 5)'
