"""What is advised where the server refuses a statement names the mend, and the page of it is current."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgharness.databases import Databases
from pgharness.describing.advice import ADVICE, advice
from pgharness.describing.advice_table import page
from pgharness.records.steps import Failure
from tests.harness.chains import Revision, sql

PAGE = Path(__file__).parents[2] / "docs" / "failing-statements.md"
GIVEN = """
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE parent (id int PRIMARY KEY, other int);
CREATE TABLE child (id int, parent_id int, name text DEFAULT 'x', mood mood DEFAULT 'sad', big bigint DEFAULT 4000000000);
INSERT INTO child VALUES (1, 7, 'abc'), (1, 7, 'abc');
CREATE TABLE brief (word varchar(4) NOT NULL);
INSERT INTO brief VALUES ('abcd');
CREATE VIEW reads AS SELECT parent_id, name FROM child;
CREATE TABLE keys (m mood PRIMARY KEY);
CREATE TABLE keyed (m mood REFERENCES keys);
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS (2) STORED, during int4range, word text);
INSERT INTO numbered (during) VALUES ('[1,5)'), ('[2,6)');
CREATE TABLE parted (id int, day date) PARTITION BY RANGE (day);
CREATE MATERIALIZED VIEW kept AS SELECT id FROM parent WITH NO DATA;
"""
# The SQLSTATE, a statement that the server refuses with it, and words of the advice.
REFUSED = [
    (
        "21000",
        "UPDATE child SET id = (SELECT id FROM child)",
        "one row: an aggregate (min(<column>)), or ORDER BY … LIMIT 1",
    ),
    (
        "21000",
        "INSERT INTO brief SELECT 'a' FROM child; INSERT INTO parent SELECT id, 1 FROM child ON CONFLICT (id) DO UPDATE SET other = 2",
        "SELECT DISTINCT ON (<key>)",
    ),
    ("0A000", "ALTER TABLE child ALTER parent_id TYPE bigint", "drop the view or rule before and make it again after"),
    ("0A000", "ALTER TABLE parted ADD PRIMARY KEY (id)", 'lacks column "day" which is part of the partition key'),
    ("22001", "DROP VIEW reads; ALTER TABLE child ALTER name TYPE varchar(2)", "left(<column>, 2)"),
    (
        "22001",
        "UPDATE brief SET word = word || word",
        "let the statement write left(<value>, 4)",
    ),
    ("22003", "ALTER TABLE child ALTER big TYPE integer", "take a type that holds the values"),
    ("22001", "INSERT INTO brief SELECT word || word FROM brief", "let the statement write left(<value>, 4)"),
    ("23502", "UPDATE brief SET word = NULL", "let the statement give word a value where it comes to none"),
    ("22003", "UPDATE child SET id = big", "a type before that holds what the statement writes"),
    ("22P02", "UPDATE child SET id = name::int", "let the statement write what is integer"),
    ("22P02", "INSERT INTO child (mood) SELECT name::mood FROM child", "let the statement write what is enum mood"),
    (
        "22P02",
        "DROP VIEW reads; ALTER TABLE child ALTER name DROP DEFAULT; ALTER TABLE child ALTER name TYPE integer USING name::integer",
        "no integer first",
    ),
    (
        "23502",
        "ALTER TABLE child ADD extra int NOT NULL",
        'add extra with a server_default, and in the model; or by itself, as nullable, with a default, and then op.execute("UPDATE child SET extra = <value> WHERE extra IS NULL")',
    ),
    (
        "23502",
        "UPDATE child SET parent_id = NULL; ALTER TABLE child ALTER parent_id SET NOT NULL",
        'fill the column first: op.execute("UPDATE child SET parent_id = <value> WHERE parent_id IS NULL")',
    ),
    (
        "23503",
        "ALTER TABLE child ADD CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES parent NOT VALID; ALTER TABLE child VALIDATE CONSTRAINT fk",
        "rows of child that refer to none, in this revision before VALIDATE",
    ),
    (
        "23514",
        "ALTER TABLE child ADD CONSTRAINT ck CHECK (id > 1) NOT VALID; ALTER TABLE child VALIDATE CONSTRAINT ck",
        "in this revision before VALIDATE",
    ),
    (
        "23503",
        "ALTER TABLE child ADD FOREIGN KEY (parent_id) REFERENCES parent",
        "rows of child that refer to none first",
    ),
    ("23505", "CREATE UNIQUE INDEX ON child (id, name)", "equal in (id, name)"),
    ("23505", "INSERT INTO parent VALUES (1, 1), (1, 2)", "ON CONFLICT (id) DO NOTHING"),
    ("23514", "ALTER TABLE child ADD CHECK (id > 1)", "postgresql_not_valid=True"),
    (
        "23P01",
        "ALTER TABLE numbered ADD EXCLUDE USING gist (during WITH &&)",
        "that conflict with others first: Key (during)",
    ),
    (
        "23P01",
        "DELETE FROM numbered; ALTER TABLE numbered ADD EXCLUDE USING gist (during WITH &&); INSERT INTO numbered (during) VALUES ('[1,5)'), ('[2,6)')",
        "UPDATE or DELETE the rows",
    ),
    ("25001", "CREATE INDEX CONCURRENTLY ON child (id)", "autocommit block"),
    (
        "2BP01",
        "CREATE TABLE whole (id int PRIMARY KEY); CREATE TABLE part (id int CONSTRAINT of_whole REFERENCES whole); DROP TABLE whole",
        'drop table part before it, where that goes too, else its key: op.drop_constraint("of_whole", "part")',
    ),
    ("2BP01", "DROP TABLE child", "drop view reads first"),
    (
        "2BP01",
        "CREATE TABLE named (name text CONSTRAINT uniq_name UNIQUE); DROP INDEX uniq_name",
        'op.drop_constraint("uniq_name", "named") in its place',
    ),
    ("3F000", "CREATE TABLE nowhere.t ()", "CREATE SCHEMA nowhere"),
    ("3F000", "CREATE TABLE meta.ver (version_num varchar(32))", 'context.execute("CREATE SCHEMA IF NOT EXISTS meta")'),
    ("428C9", "INSERT INTO numbered (id) VALUES (1)", "OVERRIDING SYSTEM VALUE"),
    ("428C9", "INSERT INTO numbered (twice) VALUES (1)", "leave twice out"),
    ("42601", "CREATE TABLE user (id int)", "a keyword wants quotes"),
    (
        "42601",
        "ALTER TABLE child MODIFY name varchar(36) NOT NULL",
        "ALTER COLUMN … TYPE …, ALTER COLUMN … SET NOT NULL",
    ),
    ("42601", "ALTER TABLE child CHANGE COLUMN name called text", "RENAME COLUMN … TO …"),
    ("42601", "ALTER TABLE `child` DROP INDEX `a`, ADD UNIQUE KEY `a` (id)", "double quotes"),
    ("42601", "ALTER TABLE child DROP INDEX a", "DROP INDEX …"),
    ("42601", "UPDATE child LEFT JOIN parent ON parent.id = parent_id SET name = NULL", "UPDATE … SET … FROM …"),
    ("42601", "DELETE child FROM child JOIN parent ON parent.id = parent_id", "DELETE FROM … USING …"),
    ("42601", "CREATE TABLE other (id int AUTO_INCREMENT) ENGINE=InnoDB", "GENERATED BY DEFAULT AS IDENTITY"),
    ("42601", "CREATE TABLE other (id int) ENGINE=InnoDB", "MySQL"),
    ("42601", "CREATE TABLE other (note text(255))", "sa.Text() without one"),
    ("42701", "ALTER TABLE child ADD name text", "has added column name"),
    ("42703", "ALTER TABLE child DROP nothing", "there is no nothing"),
    ("42704", "ALTER TABLE child ADD a nothing", 'name="nothing"'),
    ("42704", "ALTER TABLE child ADD a citext", "CREATE EXTENSION IF NOT EXISTS citext"),
    ("42704", "CREATE INDEX ON child USING gin (name gin_trgm_ops)", "CREATE EXTENSION IF NOT EXISTS pg_trgm"),
    ("42704", "CREATE INDEX ON child USING gist (id)", "CREATE EXTENSION IF NOT EXISTS btree_gist"),
    ("42883", "SELECT uuid_generate_v4()", r"CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\""),
    ("42883", "SELECT crypt('a', 'b')", "CREATE EXTENSION IF NOT EXISTS pgcrypto"),
    ("42704", "GRANT SELECT ON child TO nobody_there", "rolname = 'nobody_there'"),
    ("42704", "ALTER TABLE child DROP CONSTRAINT nothing", "IF EXISTS"),
    ("42704", 'ALTER TABLE parent DROP CONSTRAINT "PRIMARY"', "parent_pkey"),
    ("42710", "CREATE TYPE mood AS ENUM ('x')", "create_type=False"),
    ("42723", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE OR REPLACE"),
    ("42804", "ALTER TABLE child ALTER big TYPE date", 'postgresql_using="big::date"'),
    (
        "42804",
        "ALTER TABLE child ADD d int DEFAULT 1; ALTER TABLE child ALTER d TYPE boolean USING true",
        "server_default=None",
    ),
    ("42804", "ALTER TABLE keyed ALTER m TYPE text", "drop the foreign key"),
    ("42830", "ALTER TABLE child ADD FOREIGN KEY (parent_id) REFERENCES parent (other)", "create_unique_constraint"),
    ("42846", "ALTER TABLE child ALTER big TYPE date USING big::date", "there is no cast"),
    ("42883", "SELECT no_such_function(1)", "CREATE EXTENSION IF NOT EXISTS"),
    ("42P01", "ALTER TABLE nothing ADD a int", "with its schema"),
    ("42P06", "CREATE SCHEMA public", "IF NOT EXISTS"),
    ("42P07", "CREATE TABLE child ()", "create_all()"),
    ("42P10", "INSERT INTO child (id) VALUES (1) ON CONFLICT (id) DO NOTHING", "create_unique_constraint"),
    ("42P16", "CREATE OR REPLACE VIEW reads AS SELECT name FROM child", "DROP VIEW and CREATE VIEW"),
    ("42P16", "ALTER TABLE parent ADD PRIMARY KEY (other)", "op.drop_constraint"),
    ("42P16", "ALTER TABLE parent ADD self parent", 'name="parent_<column>"'),
    ("42P17", "CREATE INDEX ON child ((now()::text || name))", "on its columns alone"),
    (
        "54000",
        "CREATE INDEX ON numbered (word); INSERT INTO numbered (word) SELECT string_agg(md5(i::text), '') FROM generate_series(1, 3000) AS i",
        "md5(<column>)",
    ),
    (
        "55000",
        "REFRESH MATERIALIZED VIEW kept; REFRESH MATERIALIZED VIEW CONCURRENTLY kept",
        "unique index without WHERE",
    ),
    ("55000", "SELECT * FROM kept", "REFRESH MATERIALIZED VIEW kept before"),
    (
        "55000",
        "ALTER TABLE child ALTER big DROP DEFAULT; ALTER TABLE child ALTER big ADD GENERATED ALWAYS AS IDENTITY",
        'op.alter_column("child", "big", nullable=False)',
    ),
    ("55P04", "ALTER TYPE mood ADD VALUE 'new'; INSERT INTO child (mood) VALUES ('new')", "commit the new value"),
    ("57014", "SET LOCAL statement_timeout = 10; SELECT pg_sleep(3)", "statement_timeout = 0"),
]


@pytest.fixture(scope="module")
def connection(pg_server: Any) -> Iterator[psycopg.Connection[Any]]:
    """Yield a session on a database with a few tables; each test's transaction is rolled back."""
    with Databases(pg_server) as databases:
        database = databases.create_empty("advice")
        with psycopg.connect(database.conninfo) as connection:
            connection.execute(GIVEN)
            connection.commit()
            yield connection


@pytest.mark.parametrize(("sqlstate", "statement", "words"), REFUSED)
def test_a_refused_statement_is_advised_on(
    connection: psycopg.Connection[Any], sqlstate: str, statement: str, words: str
) -> None:
    with pytest.raises(psycopg.Error) as refused:
        connection.execute(statement.encode())
    connection.rollback()

    error = refused.value
    failure = Failure(type(error).__name__, _message(error), statement=statement, sqlstate=error.sqlstate)
    assert error.sqlstate == sqlstate
    assert words in advice(failure, "correct it")


def test_every_sqlstate_is_named_as_the_manual_names_it() -> None:
    for one in ADVICE:
        if one.sqlstate:
            named = "".join(word.title() for word in one.condition.split("_"))
            assert psycopg.errors.lookup(one.sqlstate).__name__.lower() in (named.lower(), f"{named}_".lower())


def test_what_no_advice_is_known_for_is_told_as_it_is() -> None:
    assert advice(Failure("Error", "no", sqlstate="99999"), "correct it") == "correct it"


@pytest.mark.parametrize(
    ("said", "sqlstate", "words"),
    [
        ("cannot insert multiple commands into a prepared statement", "42601", "op.execute() for each"),
        ('cannot create index on partitioned table "parted" concurrently', "0A000", "CREATE INDEX … ON ONLY parted"),
        ("PostgreSQL Enum type requires a name.", None, 'name="<table>_<column>"'),
        ("Not an executable object: 'SELECT 1'", None, "connection.execute(sa.text(…))"),
        ("'Engine' object has no attribute 'execute'", None, "op.get_bind().execute(sa.text(…))"),
        ("'Insert' object has no attribute 'execute'", None, "neither an engine nor a statement runs"),
        ("tuple indices must be integers or slices, not str", None, "row.name"),
        (
            "Column expression, FROM clause, or other columns clause element expected, got [Column('id', Integer())].",
            None,
            "sa.select(table.c.id, table.c.name)",
        ),
        ("MetaData.__init__() got an unexpected keyword argument 'bind'", None, "autoload_with=op.get_bind()"),
        (
            "Additional arguments should be named <dialectname>_<argument>, got 'autoload'",
            None,
            "autoload_with=op.get_bind()",
        ),
        ("This text() construct doesn't define a bound parameter named 'i'", None, "CAST(:i AS <type>)"),
        ("invalid input for query argument $1: '5'", "22000", "not its text"),
        ("value too long for type character varying(32)", "22001", "ALTER TABLE alembic_version ALTER COLUMN"),
        ("tuple index out of range", None, "write %% for a percent sign"),
        ("name 'sqlmodel' is not defined", None, "`import sqlmodel` where it is a module"),
        ("name 'sa' is not defined", None, "`import sqlalchemy as sa`"),
        ("name 'op' is not defined", None, "`from alembic import op`"),
        (
            "name 'postgresql' is not defined. Did you mean: 'psycopg'?",
            None,
            "`from sqlalchemy.dialects import postgresql`",
        ),
        ("name 'text' is not defined", None, "`from sqlalchemy import text`"),
        ("name 'datetime' is not defined", None, "`import datetime`, or `from datetime import datetime`"),
        ("isolation_level may not be altered unless rollback() or commit() is called first.", None, "autocommit_block"),
        (
            "This connection has already begun a transaction; isolation level may not be altered",
            None,
            "autocommit_block",
        ),
        ("Column._set_parent() missing 2 required keyword-only arguments: 'all_names'", None, "and no sa.Column"),
        ("only '%s', '%b', '%t' are allowed as placeholders, got '%''", None, "write %% for a percent sign"),
    ],
)
def test_what_a_driver_refuses_is_advised_on(said: str, sqlstate: str | None, words: str) -> None:
    statement = {
        None: "SELECT 'a%' WHERE %s",
        "22001": "INSERT INTO alembic_version (version_num) VALUES ('a_name_that_is_far_too_long_for_it')",
    }.get(sqlstate)

    assert words in advice(Failure("Error", said, statement, sqlstate=sqlstate), "correct it")


def test_an_index_that_python_cannot_find_is_no_percent_sign() -> None:
    assert advice(Failure("IndexError", "list index out of range", "SELECT 1"), "correct it") == "correct it"


def test_the_page_of_all_advice_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_a_failed_transaction_is_told_with_the_statement_that_failed_first(judge_chain: Callable[..., Any]) -> None:
    swallows = (
        "try:\n    op.execute('SELECT no_such_column FROM t')\nexcept Exception:\n    pass\nop.execute('SELECT 2')"
    )
    chain = [Revision("0001", f"{sql('CREATE TABLE t ()')}\n{swallows}", sql("DROP TABLE t"))]

    (finding,) = judge_chain(*chain, only=("upgrade",)).report.findings

    assert "no_such_column" in finding.message
    assert "42703" in finding.message


def _message(error: psycopg.Error) -> str:
    """Return the message as a failure has it, with its details."""
    return str(error)


def test_a_name_that_is_a_keyword_is_quoted_in_the_sql_of_an_advice_and_nowhere_else() -> None:
    failure = Failure(
        "NotNullViolation",
        'column "order" of relation "user" contains null values',
        'ALTER TABLE "user" ADD COLUMN "order" text NOT NULL',
        "23502",
    )

    assert advice(failure, "correct it") == (
        "add order with a server_default, and in the model; or by itself, as nullable, with a default, and then "
        'op.execute("UPDATE \\"user\\" SET \\"order\\" = <value> WHERE \\"order\\" IS NULL"), '
        "and forbid NULL once a CHECK that is NOT VALID at first has proven it, each committed by itself in an autocommit block, or correct it"
    )


def test_an_advice_names_the_schema_that_the_statement_names() -> None:
    message = 'column "order" of relation "user" contains null values'

    def advised(statement: str) -> str:
        return advice(Failure("NotNullViolation", message, statement, "23502"), "correct it")

    assert advised('ALTER TABLE "Shop"."user" ADD COLUMN "order" text NOT NULL') == (
        "add order with a server_default, and in the model; or by itself, as nullable, with a default, and then "
        'op.execute("UPDATE \\"Shop\\".\\"user\\" SET \\"order\\" = <value> WHERE \\"order\\" IS NULL"), '
        "and forbid NULL once a CHECK that is NOT VALID at first has proven it, each committed by itself in an autocommit block, or correct it"
    )
    assert 'op.execute("UPDATE shop.\\"user\\" SET' in advised('ALTER TABLE shop."user" ALTER "order" SET NOT NULL')
    assert 'op.execute("UPDATE \\"user\\" SET' in advised('ALTER TABLE "user" ALTER "order" SET NOT NULL')


@pytest.mark.parametrize(
    ("statement", "message", "sqlstate", "advised"),
    [
        (
            "INSERT INTO state (done) VALUES (1)",
            'null value in column "id" of relation "state" violates not-null constraint',
            "23502",
            "let the INSERT give id a value, or leave out the rows that have none",
        ),
        (
            "INSERT INTO book (author_id) SELECT 7",
            'insert or update on table "book" violates foreign key constraint "fk"\nDETAIL:  Key (author_id)=(7) is not present in table "author".',
            "23503",
            "leave out of the statement the rows whose (author_id) refer to none in author, or write those first",
        ),
        (
            "DELETE FROM author",
            'update or delete on table "author" violates foreign key constraint "fk" on table "book"\nDETAIL:  Key (id)=(7) is still referenced from table "book".',
            "23503",
            "DELETE or UPDATE the rows of book that refer to it first",
        ),
        (
            "UPDATE book SET price = -1",
            'new row for relation "book" violates check constraint "positive"',
            "23514",
            "let the statement write what positive admits, or leave out the rows that it refuses",
        ),
        (
            "UPDATE book SET name = 'a'",
            'duplicate key value violates unique constraint "uq"\nDETAIL:  Key (name)=(a) already exists.',
            "23505",
            "let the UPDATE give each row (name) of its own",
        ),
    ],
)
def test_a_statement_that_writes_rows_is_advised_on_what_it_writes(
    statement: str, message: str, sqlstate: str, advised: str
) -> None:
    assert advice(Failure("Error", message, statement, sqlstate), "correct it").startswith(advised)
