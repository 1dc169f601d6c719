"""Tables that rows must be made for, however awkward, and tables for which none can be: those are told with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import psycopg
import pytest
from psycopg import sql

from pgharness.databases import Database
from pgharness.rows import Filling, fill_empty_tables
from pgharness.rows.hints import hints_of
from pgharness.rows.patterns import matching_texts


@dataclass(frozen=True)
class Case:
    """Statements that make tables; each must then have rows."""

    name: str
    ddl: str
    since: int = 15


FILLABLE = [
    Case("no column at all", "CREATE TABLE t ()"),
    Case("only an identity", "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)"),
    Case("a serial key", "CREATE TABLE t (id serial PRIMARY KEY, x text NOT NULL)"),
    Case(
        "quoted names",
        'CREATE SCHEMA "My S"; CREATE TABLE "My S"."T t%" ("The Key" int PRIMARY KEY, "a%b" text NOT NULL)',
    ),
    Case("a range of numbers", "CREATE TABLE t (x int NOT NULL CHECK (x BETWEEN 5000 AND 5010), UNIQUE (x))"),
    Case("days before the last", "CREATE TABLE t (a date NOT NULL CHECK (a <= '9999-12-31'), b date)"),
    Case("times after the first", "CREATE TABLE t (a timestamp NOT NULL CHECK (a >= '0001-01-01'), b date)"),
    Case("a number that is a multiple", "CREATE TABLE t (x int NOT NULL CHECK (x > 990 AND x % 10 = 0))"),
    Case(
        "narrow numerics",
        "CREATE TABLE t (a numeric(2,2) NOT NULL UNIQUE, b numeric(5,0) NOT NULL, c numeric NOT NULL)",
    ),
    Case("a text of one length", "CREATE TABLE t (x text NOT NULL UNIQUE CHECK (char_length(x) = 40))"),
    Case("short texts", 'CREATE TABLE t (a varchar(1) PRIMARY KEY, b char(3) NOT NULL, c "char" NOT NULL)'),
    Case("a text of a pattern", "CREATE TABLE t (x text PRIMARY KEY CHECK (x ~ '^[A-Z]{2}-\\d{4}(/[a-f]+)?$'))"),
    Case("a text of another pattern", "CREATE TABLE t (x text NOT NULL CHECK (x ~* '^(red|green|#[[:digit:]]{6})$'))"),
    Case("a text like a pattern", "CREATE TABLE t (x text PRIMARY KEY CHECK (x LIKE 'order-%'))"),
    Case("an e-mail address", "CREATE TABLE t (x text PRIMARY KEY CHECK (position('@' in x) > 1 AND x = lower(x)))"),
    Case("one of some texts", "CREATE TABLE t (x text NOT NULL CHECK (x IN ('new', 'it''s', 'old')))"),
    Case("a text that is not blank", "CREATE TABLE t (x text NOT NULL CHECK (btrim(x) <> '' AND x = btrim(x)))"),
    Case("an enum", "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (x mood NOT NULL, y mood[] NOT NULL)"),
    Case(
        "a domain upon a domain",
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE DOMAIN hundreds AS positive NOT NULL CHECK (VALUE % 100 = 0);"
        "CREATE TABLE t (x hundreds, y hundreds[])",
    ),
    Case(
        "a composite",
        "CREATE TYPE point3 AS (x int, y text, z date); CREATE TABLE t (p point3 NOT NULL, q point3[] NOT NULL)",
    ),
    Case(
        "ranges",
        "CREATE TABLE t (a int4range NOT NULL, b tstzrange NOT NULL, c datemultirange NOT NULL, d numrange NOT NULL)",
    ),
    Case("an exclusion", "CREATE TABLE t (during tsrange NOT NULL, EXCLUDE USING gist (during WITH &&))"),
    Case("networks", "CREATE TABLE t (a inet PRIMARY KEY, b cidr NOT NULL, c macaddr NOT NULL, d macaddr8 NOT NULL)"),
    Case(
        "geometry",
        "CREATE TABLE t (a point NOT NULL, b line NOT NULL, c lseg NOT NULL, d box NOT NULL, e path NOT NULL, f polygon NOT NULL, g circle NOT NULL)",
    ),
    Case("bits", "CREATE TABLE t (a bit(5) PRIMARY KEY, b varbit NOT NULL, c bit NOT NULL)"),
    Case("search", "CREATE TABLE t (a tsvector NOT NULL, b tsquery NOT NULL, c jsonpath NOT NULL)"),
    Case(
        "times",
        "CREATE TABLE t (a time NOT NULL, b timetz NOT NULL, c interval NOT NULL, d timestamp NOT NULL, e date PRIMARY KEY)",
    ),
    Case(
        "odds and ends",
        "CREATE TABLE t (a money NOT NULL, b pg_lsn NOT NULL, c xid8 NOT NULL, d regclass NOT NULL, e name NOT NULL, f oid NOT NULL, g float4 NOT NULL, h uuid PRIMARY KEY)",
    ),
    Case(
        "arrays",
        "CREATE TABLE t (a text[] NOT NULL CHECK (cardinality(a) = 3), b int[] NOT NULL CHECK (cardinality(b) <= 2))",
    ),
    Case("bytes of one length", "CREATE TABLE t (x bytea PRIMARY KEY CHECK (octet_length(x) = 32))"),
    Case(
        "a document with keys",
        "CREATE TABLE t (x jsonb NOT NULL CHECK (x ? 'kind' AND x ? 'size' AND jsonb_typeof(x -> 'size') = 'number'))",
    ),
    Case("a document that is a list", "CREATE TABLE t (x jsonb NOT NULL CHECK (jsonb_typeof(x) = 'array'))"),
    Case(
        "columns bound together",
        "CREATE TABLE t (a int NOT NULL, b int NOT NULL, c text, CHECK (a + 10 = b), CHECK ((c IS NULL) = (a > 2)))",
    ),
    Case(
        "one of three kinds, each with columns of its own",
        "CREATE TABLE t (kind varchar(16) NOT NULL, a text, b text, c text, CHECK ((kind = 'manual' AND a IS NULL AND b IS NULL AND c IS NULL)"
        " OR (kind = 'directory' AND a IS NOT NULL AND b IS NOT NULL AND c IS NULL)"
        " OR (kind = 'legacy' AND a IS NULL AND b IS NULL AND c IS NOT NULL)))",
    ),
    Case("one of two", "CREATE TABLE t (a int, b int, CHECK (num_nonnulls(a, b) = 1))"),
    Case("days in order", "CREATE TABLE t (a date NOT NULL CHECK (a >= '2031-05-01'), b date NOT NULL, CHECK (b > a))"),
    Case(
        "a generated column",
        "CREATE TABLE t (a int NOT NULL, b int GENERATED ALWAYS AS (a * 2) STORED UNIQUE, CHECK (b > 3))",
    ),
    Case("a unique pair of few values", "CREATE TABLE t (a bool NOT NULL, b bool NOT NULL, UNIQUE (a, b))"),
    Case(
        "a default that has no value",
        "CREATE TABLE t (a int DEFAULT 1 / 0, b int, tenant uuid DEFAULT current_setting('app.tenant')::uuid, c int,"
        "CHECK (a > b), CHECK (tenant IS NOT NULL OR c > 0))",
    ),
    Case("a unique expression", "CREATE TABLE t (x text NOT NULL); CREATE UNIQUE INDEX ON t (lower(x)) WHERE x <> ''"),
    Case("parents", "CREATE TABLE z (id int PRIMARY KEY); CREATE TABLE a (z_id int NOT NULL UNIQUE REFERENCES z)"),
    Case(
        "a parent of two columns, one shared",
        "CREATE TABLE o (t int, id int, PRIMARY KEY (t, id)); CREATE TABLE p (t int, id int, PRIMARY KEY (t, id));"
        "CREATE TABLE c (t int NOT NULL, o int NOT NULL, p int, FOREIGN KEY (t, o) REFERENCES o, FOREIGN KEY (t, p) REFERENCES p)",
    ),
    Case("a tree", "CREATE TABLE t (id int PRIMARY KEY, parent_id int REFERENCES t)"),
    Case(
        "a row that refers to itself",
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, root int NOT NULL REFERENCES t)",
    ),
    Case(
        "a circle with one way in",
        "CREATE TABLE a (id int PRIMARY KEY, b_id int); CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a);"
        "ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b",
    ),
    Case(
        "a partitioned table",
        "CREATE TABLE t (at date NOT NULL, x int) PARTITION BY RANGE (at); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2030-01-01') TO ('2030-02-01')",
    ),
    Case(
        "a list of partitions",
        "CREATE TABLE t (region text NOT NULL) PARTITION BY LIST (region); CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('north', 'south')",
    ),
    Case(
        "a hash of partitions",
        "CREATE TABLE t (id int NOT NULL) PARTITION BY HASH (id); CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    ),
    Case(
        "a trigger that refuses some values",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.x < 4 THEN RAISE 'too small'; END IF; RETURN NEW; END $$;"
        "CREATE TABLE t (x int NOT NULL); CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
    ),
    Case(
        "a check on the row as a whole",
        "CREATE TABLE t (x int); CREATE FUNCTION fine(t) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1.x > 2';"
        "ALTER TABLE t ADD COLUMN y int, ADD CHECK (fine(t))",
    ),
    Case("a virtual column", "CREATE TABLE t (a int NOT NULL, b int GENERATED ALWAYS AS (a + 1) VIRTUAL)", since=18),
    Case(
        "a temporal key",
        "CREATE EXTENSION btree_gist; CREATE TABLE t (id int, valid daterange, PRIMARY KEY (id, valid WITHOUT OVERLAPS))",
        since=18,
    ),
]


@pytest.mark.parametrize("case", FILLABLE, ids=lambda case: case.name)
def test_rows_are_made(case: Case, empty_database: Database) -> None:
    with empty_database.connect() as connection:
        if connection.info.server_version // 10000 < case.since:
            pytest.skip(f"needs PostgreSQL {case.since}")
        connection.execute(case.ddl.encode())
        filling = fill_empty_tables(connection, rows_per_table=3)

        assert filling.unfilled == ()
        assert set(filling.filled.values()) == {3}


@pytest.mark.parametrize(
    ("ddl", "reason"),
    [
        ("CREATE TABLE t (x int CHECK (x > 1 AND x < 1) NOT NULL)", "no value was found for the column x (integer)"),
        (
            "CREATE TABLE t (x int NOT NULL, y int NOT NULL, CHECK (x > y AND x < y))",
            "no values were found that fulfil t_check",
        ),
        (
            (
                "CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL); CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a);"
                "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b"
            ),
            "its foreign key a_b_fkey needs a row in public.b, which has none",
        ),
        (
            (
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'closed'; END $$;"
                "CREATE TABLE t (x int); CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"
            ),
            "closed",
        ),
        ("CREATE TABLE t (x pg_snapshot NOT NULL)", "no value of type pg_snapshot is known for the column x"),
    ],
)
def test_a_table_for_which_no_row_can_be_made_is_told_with_the_reason(
    ddl: str, reason: str, empty_database: Database
) -> None:
    with empty_database.connect() as connection:
        connection.execute(ddl.encode())
        filling = fill_empty_tables(connection, rows_per_table=2)

    assert filling.unfilled[0][1] == reason


def test_rows_differ_in_how_many_columns_they_fill(empty_database: Database) -> None:
    ddl = "CREATE TABLE t (id int PRIMARY KEY, x varchar(5) CHECK (x <> ''), y int, z int DEFAULT 7)"

    assert rows_of(empty_database, ddl) == [
        (1, "x 1", 1, 7),
        (2, None, None, 7),
        (3, "x 1", 1, 1),
        (1_999_999_744, "x and", 1_999_999_651, None),
    ]


def test_rows_share_what_may_be_shared_and_have_every_label_and_references_that_lead_nowhere(
    empty_database: Database,
) -> None:
    ddl = (
        "CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd', 'e', 'f');"
        "CREATE TABLE parent (id serial PRIMARY KEY, sex boolean, unique (id, sex));"
        "CREATE TABLE t (id uuid PRIMARY KEY, parent_id int REFERENCES parent, other_id bigint NOT NULL, mood mood DEFAULT 'a',"
        " state text NOT NULL CHECK (state IN ('new', 'old', 'gone', 'lost', 'late', 'void')), day date NOT NULL, price numeric(7,2),"
        " UNIQUE (other_id, day), CHECK (mood <> 'f' OR day IS NOT NULL))"
    )
    with empty_database.connect() as connection:
        connection.execute(ddl.encode())
        fill_empty_tables(connection, rows_per_table=4)

        def first(query: str) -> object:
            row = connection.execute(query.encode()).fetchone()
            return None if row is None else row[0]

        for column in ("parent_id", "other_id", "mood", "state", "day", "price"):
            assert first(f"SELECT {column} FROM t GROUP BY 1 HAVING count({column}) > 1"), column
        assert first("SELECT count(DISTINCT mood) FROM t") == first("SELECT count(DISTINCT state) FROM t") == 6
        assert first("SELECT count(DISTINCT sex) FROM parent") == 2
        assert (
            first("SELECT max(other_id) FROM t WHERE other_id NOT IN (SELECT id FROM parent)")
            == 8_999_999_999_999_999_343
        )
        assert first("SELECT max(price) FROM t") == Decimal("90000.12")
        for column in ("parent_id", "mood", "price"):
            assert first(f"SELECT count(*) FROM t WHERE {column} IS NULL"), column


def test_columns_that_are_added_to_rows_are_filled_in_most_of_them(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
        widths = fill_empty_tables(connection, rows_per_table=4).widths
        connection.execute(
            "ALTER TABLE t ADD a int, ADD b text CHECK (b <> 'b 1'), ADD c int NOT NULL DEFAULT 7, ADD d int UNIQUE, ADD e int DEFAULT 8"
        )
        filling = fill_empty_tables(connection, rows_per_table=4, widths=widths)
        rows = connection.execute("SELECT a, length(b), c, d, e FROM t ORDER BY id").fetchall()

    assert filling.filled == {}
    assert rows == [
        (1, 3, 7, 1, 8),
        (None, None, 7, None, 8),
        (1, 3, 7, 3, 8),
        (1_999_999_093, 300, 7, 1_999_999_564, 8),
    ]


def test_the_same_rows_are_made_on_every_run(empty_database: Database) -> None:
    ddl = "CREATE TABLE t (a text NOT NULL, b jsonb NOT NULL, c int CHECK (c > 10), d timestamptz, CHECK (c > 12 OR d IS NULL))"
    first = rows_of(empty_database, ddl)

    with empty_database.connect() as connection:
        connection.execute("DROP TABLE t")
    assert rows_of(empty_database, ddl) == first


def test_a_table_that_holds_rows_is_left_alone(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS x")
        filling = fill_empty_tables(connection, rows_per_table=3)

    assert filling == Filling({}, ())


def test_a_table_whose_rows_were_deleted_is_empty(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS x")
        connection.execute("DELETE FROM t")
        filling = fill_empty_tables(connection, rows_per_table=3)

    assert filling.filled == {"public.t": 3}


def test_each_row_is_committed_by_itself(empty_database: Database) -> None:
    """Were they of one transaction, they would be equally old, and a unique now() would find them twice."""
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, at timestamptz DEFAULT now() NOT NULL)")
        fill_empty_tables(connection, rows_per_table=2)
        row = connection.execute("SELECT count(DISTINCT xmin::text), count(DISTINCT at) FROM t").fetchone()

    assert row == (2, 2)


REFUSED_AT = {
    "its INSERT": "CREATE TRIGGER refuse BEFORE INSERT ON t",
    "its COMMIT": "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED",
}


@pytest.mark.parametrize("trigger", REFUSED_AT.values(), ids=REFUSED_AT)
def test_a_row_refused_among_others_gets_other_values(trigger: str, empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute(
            "CREATE TABLE t (x int);"
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN IF new.x = 5 THEN RAISE 'not 5'; END IF; RETURN new; END $$;"
            f"{trigger} FOR EACH ROW EXECUTE FUNCTION refuse()".encode()
        )
        filling = fill_empty_tables(connection, rows_per_table=6)
        rows = connection.execute("SELECT x FROM t").fetchall()

    assert filling == Filling({"public.t": 6}, ())
    assert len(rows) == 6
    assert (5,) not in rows


def test_a_refused_row_leaves_prepared_statements_alone(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE t (x int, y int GENERATED ALWAYS AS (1 / (x - 1)) STORED)")
        connection.execute("SELECT 1 AS kept", prepare=True)
        filling = fill_empty_tables(connection, rows_per_table=1)
        prepared = connection.execute("SELECT statement FROM pg_prepared_statements").fetchall()

    assert filling.filled == {"public.t": 1}
    assert ("SELECT 1 AS kept",) in prepared


def test_a_row_refused_long_before_the_last_leaves_nothing_in_the_log(
    empty_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE t (x int, y int GENERATED ALWAYS AS (1 / (x - 1)) STORED)")
        filling = fill_empty_tables(connection, rows_per_table=500)

    assert filling.filled == {"public.t": 500}
    assert caplog.messages == []


def test_tables_can_be_left_out(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE alembic_version (version_num text PRIMARY KEY)")
        filling = fill_empty_tables(connection, rows_per_table=3, leave_out=("public.alembic_version",))

    assert filling.filled == {}


SECURED = """
CREATE TABLE {table} (id int PRIMARY KEY, tenant int);
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY write ON {table} FOR INSERT WITH CHECK (true);
CREATE POLICY read ON {table} FOR SELECT USING (tenant = current_setting('app.tenant')::int);
"""


@pytest.fixture
def unprivileged(empty_database: Database) -> Iterator[psycopg.Connection]:
    """Yield a session whose role row-level security holds for."""
    role = sql.Identifier(empty_database.name)
    with empty_database.connect() as connection:
        connection.execute(sql.SQL("CREATE ROLE {0}; GRANT CREATE ON SCHEMA public TO {0}").format(role))
        connection.execute(sql.SQL("SET ROLE {}").format(role))
        yield connection
        connection.execute("RESET ROLE")
        connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))


def test_a_table_that_may_not_be_read_is_told_with_the_reason(unprivileged: psycopg.Connection) -> None:
    unprivileged.execute(SECURED.format(table="secured").encode())
    unprivileged.execute("CREATE TABLE open (id int); INSERT INTO open VALUES (1); DELETE FROM open")
    unprivileged.execute("INSERT INTO secured VALUES (1, 1)")

    filling = fill_empty_tables(unprivileged, rows_per_table=3)

    assert filling.filled == {"public.open": 3}
    assert filling.unfilled == (
        ("public.secured", 'none can be read: unrecognized configuration parameter "app.tenant"'),
    )


def test_a_child_of_a_table_that_may_not_be_read_is_told_with_the_reason(unprivileged: psycopg.Connection) -> None:
    unprivileged.execute(SECURED.format(table="secured").encode())
    unprivileged.execute("CREATE TABLE child (id int, secured_id int NOT NULL REFERENCES secured)")

    filling = fill_empty_tables(unprivileged, rows_per_table=3)

    assert filling.filled == {"public.secured": 3}
    assert filling.unfilled == (("public.child", 'unrecognized configuration parameter "app.tenant"'),)


@pytest.mark.parametrize("width", [14, 15, 30, 100])
@pytest.mark.parametrize("condition", ["num_nonnulls({}) = 1", "num_nulls({}) = 2", "num_nulls({}) = 0"])
def test_a_condition_over_many_columns_is_fulfilled(condition: str, width: int, empty_database: Database) -> None:
    names = [f"c{number}" for number in range(width)]
    with empty_database.connect() as connection:
        connection.execute(
            f"CREATE TABLE t ({' int, '.join(names)} int, CHECK ({condition.format(', '.join(names))}))".encode()
        )
        filling = fill_empty_tables(connection, rows_per_table=3)

    assert filling == Filling({"public.t": 3}, ())


def test_hints_are_the_constants_of_a_condition() -> None:
    hints = hints_of(
        ["((x >= 5) AND (x <= '99'::bigint) AND (y ~ '^a''b$'::text) AND (z ~~ 'c%'::text) AND (w = 'd'::text))"]
    )

    assert [int(number) for number in hints.numbers] == [5, 99]
    assert (hints.regexes, hints.likes) == (("^a'b$",), ("c%",))
    assert "d" in hints.strings


@pytest.mark.parametrize(
    "regex", [r"^[^\s@]+@[^\s@]+\.[a-z]{2,}$", r"^(?:\+?\d{1,3})?[- ]?\d{4,14}$", r"^\w+(-\w+)*$", "^.{3}$"]
)
def test_texts_match_the_pattern_they_are_made_from(regex: str) -> None:
    import re

    texts = matching_texts(regex, 20)

    assert len(texts) > 1
    assert [text for text in texts if not re.search(regex, text)] == []


def test_a_pattern_of_another_dialect_gives_no_text() -> None:
    assert matching_texts("(unclosed", 3) == ()


def rows_of(database: Database, ddl: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        connection.execute(ddl.encode())
        fill_empty_tables(connection, rows_per_table=4)
        return connection.execute("SELECT * FROM t ORDER BY 1").fetchall()
