"""What is told of two schemas, typed in in the order in which it is told, leads from the one to the other, and the rows survive."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pgharness.catalog.diff import difference
from pgharness.catalog.snapshot import take_snapshot
from pgharness.describing.comparing import compare_in_words
from tests.harness.catalog.trying import Bench, run_operations, taken_back


@dataclass(frozen=True)
class Case:
    """Two schemas as SQL, rows of the left one, and the names of what may be told, where that matters."""

    left: str
    right: str
    rows: str = ""
    told: tuple[str, ...] | None = None
    since: int = 15


ROWS = "INSERT INTO t (id, a) SELECT n, n::text FROM generate_series(1, 3) n;"
T = "CREATE TABLE t (id integer PRIMARY KEY, a text{more});"


def t(more: str = "") -> str:
    return T.format(more=f", {more}" if more else "")


RENAMES = {
    "a primary key": Case(
        "CREATE TABLE t (id int CONSTRAINT p PRIMARY KEY, a text)",
        "CREATE TABLE t (id int CONSTRAINT q PRIMARY KEY, a text)",
        ROWS,
        ("constraint public.t.q",),
    ),
    "a unique constraint to which a foreign key leads": Case(
        "CREATE TABLE t (id int CONSTRAINT p UNIQUE, a text); CREATE TABLE u (t int CONSTRAINT f REFERENCES t (id))",
        "CREATE TABLE t (id int CONSTRAINT q UNIQUE, a text); CREATE TABLE u (t int CONSTRAINT g REFERENCES t (id))",
        ROWS,
        ("constraint public.t.q", "constraint public.u.g"),
    ),
    "a check": Case(
        t("CONSTRAINT c CHECK (id > 0)"), t("CONSTRAINT d CHECK (id > 0)"), ROWS, ("constraint public.t.d",)
    ),
    "an index": Case(
        f"{t()} CREATE INDEX a ON t (a) WHERE id > 0",
        f"{t()} CREATE INDEX i ON t (a) WHERE id > 0",
        ROWS,
        ("index public.i",),
    ),
    "a column": Case(
        "CREATE TABLE t (id int, a text NOT NULL, CHECK (a <> 'a')); CREATE INDEX i ON t (lower(a))",
        "CREATE TABLE t (id int, b text NOT NULL, CHECK (b <> 'a')); CREATE INDEX i ON t (lower(b))",
        ROWS,
        ("column public.t.b",),
    ),
    "a column to which a foreign key leads": Case(
        "CREATE TABLE t (id int PRIMARY KEY, a text); CREATE TABLE u (t int REFERENCES t (id))",
        "CREATE TABLE t (no int PRIMARY KEY, a text); CREATE TABLE u (t int REFERENCES t (no))",
        ROWS,
        ("column public.t.no",),
    ),
    "a column that a view reads": Case(
        f"{t()} CREATE VIEW v AS SELECT id, a FROM t",
        "CREATE TABLE t (id int PRIMARY KEY, b text); CREATE VIEW v AS SELECT id, b FROM t",
        ROWS,
    ),
    "a column with its foreign key and index": Case(
        f"{t()} CREATE TABLE u (t_id int REFERENCES t); CREATE INDEX ix_u_t_id ON u (t_id)",
        f"{t()} CREATE TABLE u (of_id int REFERENCES t); CREATE INDEX ix_u_of_id ON u (of_id)",
        ROWS + "INSERT INTO u VALUES (1)",
        ("column public.u.of_id",),
    ),
    "a table with all that is called after it": Case(
        "CREATE TABLE shelf (id serial PRIMARY KEY, a text UNIQUE NOT NULL); CREATE INDEX ix_shelf_a ON shelf (a);"
        "CREATE TABLE book (shelf_id int REFERENCES shelf)",
        "CREATE TABLE rack (id serial PRIMARY KEY, a text UNIQUE NOT NULL); CREATE INDEX ix_rack_a ON rack (a);"
        "CREATE TABLE book (shelf_id int REFERENCES rack)",
        "INSERT INTO shelf (a) VALUES ('x'), ('y'); INSERT INTO book VALUES (2);",
        ("table public.rack",),
    ),
    "a table with an identity": Case(
        "CREATE TABLE shelf (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text)",
        "CREATE TABLE rack (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text)",
        "INSERT INTO shelf (a) VALUES ('x')",
        ("table public.rack",),
    ),
    "a table with a column that is called otherwise too": Case(
        "CREATE TABLE shelf (id int PRIMARY KEY, a text)",
        "CREATE TABLE rack (id int PRIMARY KEY, b text)",
        "INSERT INTO shelf VALUES (1)",
    ),
    "a table that a view reads": Case(
        f"{t()} CREATE VIEW v AS SELECT t.id, u.a FROM t JOIN t u USING (id)",
        "CREATE TABLE s (id int PRIMARY KEY, a text); CREATE VIEW v AS SELECT s.id, u.a FROM s JOIN s u USING (id)",
        ROWS,
    ),
    "a table with a trigger, a policy and statistics": Case(
        f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; {t()}"
        "CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (new.a <> 'a') EXECUTE FUNCTION f();"
        "CREATE POLICY p ON t USING (a <> ''); CREATE STATISTICS s ON id, a FROM t",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TABLE u (id int PRIMARY KEY, a text);"
        "CREATE TRIGGER h BEFORE UPDATE OF a ON u FOR EACH ROW WHEN (new.a <> 'a') EXECUTE FUNCTION f();"
        "CREATE POLICY p ON u USING (a <> ''); CREATE STATISTICS s2 ON id, a FROM u",
        ROWS,
        ("table public.u",),
    ),
    "a sequence": Case("CREATE SEQUENCE s", "CREATE SEQUENCE r", "SELECT nextval('s')", ("sequence public.r",)),
    "an owned sequence": Case(
        f"{t('n serial')}",
        "CREATE SEQUENCE other AS integer; CREATE TABLE t (id integer PRIMARY KEY, a text, n int NOT NULL DEFAULT nextval('other'));"
        "ALTER SEQUENCE other OWNED BY t.n",
        ROWS,
        ("sequence public.other",),
    ),
    "an enum that a default names": Case(
        "CREATE TYPE m AS ENUM ('x', 'y'); " + t("m m DEFAULT 'x' NOT NULL, CHECK (m <> 'y')"),
        "CREATE TYPE n AS ENUM ('x', 'y'); " + t("m n DEFAULT 'x' NOT NULL, CHECK (m <> 'y')"),
        ROWS,
        ("type public.n",),
    ),
    "a domain": Case(
        f"CREATE DOMAIN m AS text CHECK (value <> ''); {t('m m')}",
        f"CREATE DOMAIN n AS text CONSTRAINT m_check CHECK (value <> ''); {t('m n')}",
        ROWS,
        ("type public.n",),
    ),
    "a label": Case(
        "CREATE TYPE m AS ENUM ('x', 'y'); " + t("m m DEFAULT 'x'"),
        "CREATE TYPE m AS ENUM ('z', 'y'); " + t("m m DEFAULT 'z'"),
        ROWS,
    ),
    "a view": Case(
        f"{t()} CREATE VIEW v AS SELECT id FROM t", f"{t()} CREATE VIEW w AS SELECT id FROM t", ROWS, ("view public.w",)
    ),
    "a view that another reads": Case(
        f"{t()} CREATE VIEW v AS SELECT id FROM t; CREATE VIEW x AS SELECT id FROM v",
        f"{t()} CREATE VIEW w AS SELECT id FROM t; CREATE VIEW x AS SELECT id FROM w",
        ROWS,
    ),
    "a materialized view with its index": Case(
        f"{t()} CREATE MATERIALIZED VIEW v AS SELECT id FROM t; CREATE INDEX i ON v (id)",
        f"{t()} CREATE MATERIALIZED VIEW w AS SELECT id FROM t; CREATE INDEX i ON w (id)",
        ROWS,
        ("materialized view public.w",),
    ),
    "a function that a trigger and a default use": Case(
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (id int DEFAULT f(), a text)",
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (id int DEFAULT g(), a text)",
        ROWS,
        ("function public.g()",),
    ),
    "a name that has to be quoted": Case(
        """CREATE TABLE "Old One" (id serial PRIMARY KEY, "order" text NOT NULL)""",
        """CREATE TABLE "New One" (id serial PRIMARY KEY, "Order" text NOT NULL)""",
        """INSERT INTO "Old One" ("order") VALUES ('x')""",
    ),
    "a table in a schema of its own": Case(
        "CREATE SCHEMA s; CREATE TABLE s.t (id serial PRIMARY KEY, a text)",
        "CREATE SCHEMA s; CREATE TABLE s.u (id serial PRIMARY KEY, a text)",
        "INSERT INTO s.t (a) VALUES ('x')",
        ("table s.u",),
    ),
    "a column of a partitioned table": Case(
        "CREATE TABLE t (id int, a text) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t DEFAULT",
        "CREATE TABLE t (id int, b text) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t DEFAULT",
        ROWS,
        ("column public.t.b",),
    ),
    "a partitioned table": Case(
        "CREATE TABLE t (id int, a text) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t DEFAULT; CREATE INDEX t_i ON t (id)",
        "CREATE TABLE u (id int, a text) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF u DEFAULT; CREATE INDEX u_i ON u (id)",
        ROWS,
    ),
    "a column that a table inherits": Case(
        f"{t()} CREATE TABLE u (x int) INHERITS (t)",
        "CREATE TABLE t (id int PRIMARY KEY, b text); CREATE TABLE u (x int) INHERITS (t)",
        ROWS,
        ("column public.t.b",),
    ),
    "a generated column's source": Case(
        t("up text GENERATED ALWAYS AS (upper(a)) STORED"),
        "CREATE TABLE t (id int PRIMARY KEY, b text, up text GENERATED ALWAYS AS (upper(b)) STORED)",
        ROWS,
        ("column public.t.b",),
    ),
    "a check of a partitioned table": Case(
        "CREATE TABLE t (id int, a text, CONSTRAINT c CHECK (id > 0)) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t DEFAULT",
        "CREATE TABLE t (id int, a text, CONSTRAINT d CHECK (id > 0)) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t DEFAULT",
        ROWS,
    ),
    "an index whose new name another one has that goes": Case(
        f"{t()} CREATE INDEX i ON t (a); CREATE INDEX j ON t (id)", f"{t()} CREATE INDEX j ON t (a)", ROWS
    ),
    "two tables that look alike": Case(
        "CREATE TABLE t (id int, a text); CREATE TABLE t2 (id int, a text)",
        "CREATE TABLE u (id int, a text); CREATE TABLE u2 (id int, a text)",
    ),
}
WAYS = {
    "an enum that becomes text, with a default": Case(
        "CREATE TYPE m AS ENUM ('x'); " + t("m m DEFAULT 'x'"),
        "CREATE TYPE m AS ENUM ('x'); " + t("m text DEFAULT 'x'"),
        ROWS,
    ),
    "an enum that becomes text and goes": Case(
        "CREATE TYPE m AS ENUM ('x'); " + t("m m DEFAULT 'x' NOT NULL"), t("m text DEFAULT 'y' NOT NULL"), ROWS
    ),
    "text that becomes an enum": Case(
        t("m text DEFAULT 'x' NOT NULL"), "CREATE TYPE m AS ENUM ('x'); " + t("m m DEFAULT 'x' NOT NULL"), ROWS
    ),
    "an enum that becomes another": Case(
        "CREATE TYPE m AS ENUM ('x'); " + t("m m DEFAULT 'x'"),
        "CREATE TYPE n AS ENUM ('x', 'y'); " + t("m n DEFAULT 'x'"),
        ROWS,
    ),
    "boolean that becomes a number": Case(t("m boolean DEFAULT true"), t("m integer DEFAULT 1"), ROWS),
    "a number that becomes text": Case(t("m integer DEFAULT 1"), t("m text DEFAULT '1'"), ROWS),
    "identity that becomes serial": Case(
        "CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, a text)",
        "CREATE TABLE t (id serial PRIMARY KEY, a text)",
        "INSERT INTO t (a) VALUES ('x'), ('y')",
        ("column public.t.id",),
    ),
    "serial that becomes identity": Case(
        "CREATE TABLE t (id serial PRIMARY KEY, a text)",
        "CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, a text)",
        "INSERT INTO t (a) VALUES ('x'), ('y')",
        ("column public.t.id",),
    ),
    "serial that becomes a bigger identity": Case(
        "CREATE TABLE t (id serial PRIMARY KEY, a text)",
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text)",
        "INSERT INTO t (a) VALUES ('x'), ('y')",
    ),
    "identity that becomes serial of another name": Case(
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME s) PRIMARY KEY, a text)",
        "CREATE TABLE t (id serial PRIMARY KEY, a text)",
        "INSERT INTO t (a) VALUES ('x'), ('y')",
    ),
    "a plain column that becomes serial": Case(t(), "CREATE TABLE t (id serial PRIMARY KEY, a text)", ROWS),
    "a plain column that becomes identity": Case(
        t(), "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text)", ROWS
    ),
    "a nullable column that becomes identity": Case(
        "CREATE TABLE t (id int, a text)", "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, a text)", ROWS
    ),
    "serial that becomes plain": Case("CREATE TABLE t (id serial PRIMARY KEY, a text)", t(), ROWS),
    "identity that becomes plain": Case(
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text)", t()
    ),
    "a column more that is serial": Case(t(), t("n serial"), ROWS),
    "a column more that is NOT NULL": Case(
        t(),
        t(
            "n text NOT NULL, m int NOT NULL, d date NOT NULL, j jsonb NOT NULL, l text[] NOT NULL, u uuid NOT NULL UNIQUE, k int NOT NULL UNIQUE, v varchar(9) NOT NULL UNIQUE"
        ),
        ROWS,
    ),
    "a column more that is NOT NULL and of a new enum": Case(
        t(), f"CREATE TYPE m AS ENUM ('x', 'y'); {t('m m NOT NULL')}", ROWS
    ),
    "a column more that refers": Case(
        f"{t()} CREATE TABLE u (id int PRIMARY KEY)",
        f"{t('u_id int NOT NULL')} CREATE TABLE u (id int PRIMARY KEY); ALTER TABLE t ADD FOREIGN KEY (u_id) REFERENCES u",
        ROWS + "INSERT INTO u VALUES (7)",
    ),
    "a column more that is NOT NULL under a name": Case(
        t(), t("n text CONSTRAINT n_is_given NOT NULL"), ROWS, since=18
    ),
    "NOT NULL under a name more": Case(t("n text"), t("n text CONSTRAINT n_is_given NOT NULL"), ROWS, since=18),
    "NOT NULL more": Case(
        t("n text, e int DEFAULT 4"), t("n text NOT NULL, e int DEFAULT 4 NOT NULL"), ROWS + "UPDATE t SET e = NULL"
    ),
    "a table and the one it refers to": Case(
        "",
        "CREATE TABLE z (id serial PRIMARY KEY); CREATE TABLE a (id serial PRIMARY KEY, z int REFERENCES z); CREATE TABLE m (a int REFERENCES a, z int REFERENCES z)",
    ),
    "tables that refer to each other": Case(
        "",
        "CREATE TABLE z (id serial PRIMARY KEY); CREATE TABLE a (id serial PRIMARY KEY, z int REFERENCES z); ALTER TABLE z ADD a int REFERENCES a",
    ),
    "tables less": Case(
        "CREATE TABLE z (id serial PRIMARY KEY); CREATE TABLE a (id serial PRIMARY KEY, z int REFERENCES z); ALTER TABLE z ADD a int REFERENCES a; CREATE VIEW v AS SELECT id FROM z",
        "",
    ),
    "a view around a type": Case(
        f"{t('n int')} CREATE VIEW v AS SELECT id, n FROM t; CREATE VIEW w AS SELECT n FROM v; CREATE MATERIALIZED VIEW m AS SELECT n FROM t; CREATE INDEX i ON m (n)",
        f"{t('n bigint')} CREATE VIEW v AS SELECT id, n FROM t; CREATE VIEW w AS SELECT n FROM v; CREATE MATERIALIZED VIEW m AS SELECT n FROM t; CREATE INDEX i ON m (n)",
        ROWS,
    ),
    "a view around two types": Case(
        f"{t('n int, o int')} CREATE VIEW v AS SELECT id, n, o FROM t; COMMENT ON VIEW v IS 'it''s 5% :x'; GRANT SELECT ON v TO PUBLIC",
        f"{t('n bigint, o bigint')} CREATE VIEW v AS SELECT id, n, o FROM t; COMMENT ON VIEW v IS 'it''s 5% :x'; GRANT SELECT ON v TO PUBLIC",
        ROWS,
    ),
    "a view that changes with a type": Case(
        f"{t('n int')} CREATE VIEW v AS SELECT id, n FROM t",
        f"{t('n bigint, p text')} CREATE VIEW v AS SELECT id, n, p, a FROM t",
        ROWS,
    ),
    "a view that changes with a column less": Case(
        f"{t('n int')} CREATE VIEW v AS SELECT id, n FROM t", f"{t()} CREATE VIEW v AS SELECT id FROM t", ROWS
    ),
    "a view that goes with a column": Case(f"{t('n int')} CREATE VIEW v AS SELECT id, n FROM t", t(), ROWS),
    "a view with a column more": Case(
        f"{t()} CREATE VIEW v AS SELECT id FROM t", f"{t('n int')} CREATE VIEW v AS SELECT id, n FROM t", ROWS
    ),
    "a policy and a trigger around a type": Case(
        f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; {t('n int')} CREATE POLICY p ON t USING (n > 1);"
        "CREATE TRIGGER g BEFORE UPDATE OF n ON t FOR EACH ROW EXECUTE FUNCTION f()",
        f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; {t('n bigint')} CREATE POLICY p ON t USING (n > 1);"
        "CREATE TRIGGER g BEFORE UPDATE OF n ON t FOR EACH ROW EXECUTE FUNCTION f()",
        ROWS,
    ),
    "a function with a parsed body around a type": Case(
        f"{t('n int')} CREATE FUNCTION f() RETURNS SETOF int LANGUAGE sql BEGIN ATOMIC SELECT n FROM t; END",
        f"{t('n smallint')} CREATE FUNCTION f() RETURNS SETOF int LANGUAGE sql BEGIN ATOMIC SELECT n FROM t; END",
        ROWS,
    ),
    "a generated column around a type": Case(
        t("n int, d int GENERATED ALWAYS AS (n * 2) STORED"),
        t("n bigint, d int GENERATED ALWAYS AS (n * 2) STORED"),
        ROWS,
    ),
    "a function of another result with its trigger": Case(
        f"CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; {t('CONSTRAINT c CHECK (f(id) > 0)')} CREATE VIEW v AS SELECT f(id) AS x FROM t",
        f"CREATE FUNCTION f(x int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1::bigint'; {t('CONSTRAINT c CHECK (f(id) > 0)')} CREATE VIEW v AS SELECT f(id) AS x FROM t",
        ROWS,
    ),
    "a function of another result with a default": Case(
        f"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; {t('n bigint DEFAULT f()')}",
        f"CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'; {t('n bigint DEFAULT f()')}",
        ROWS,
    ),
    "a trigger and its function": Case(
        t(),
        f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; {t()} CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        ROWS,
    ),
    "an enum, its column, its index and its view": Case(
        t(),
        "CREATE TYPE m AS ENUM ('x'); "
        + t("m m DEFAULT 'x' NOT NULL")
        + " CREATE INDEX i ON t (m); CREATE VIEW v AS SELECT m FROM t",
        ROWS,
    ),
    "a label more": Case(
        f"CREATE TYPE m AS ENUM ('x'); {t('m m')}", f"CREATE TYPE m AS ENUM ('x', 'y'); {t('m m')}", ROWS
    ),
    "a label less with a default and an index": Case(
        "CREATE TYPE m AS ENUM ('x', 'y'); " + t("m m DEFAULT 'x'") + " CREATE INDEX i ON t (m)",
        "CREATE TYPE m AS ENUM ('x'); " + t("m m DEFAULT 'x'") + " CREATE INDEX i ON t (m)",
        ROWS,
    ),
    "a label less that a view reads": Case(
        f"CREATE TYPE m AS ENUM ('x', 'y'); {t('m m')} CREATE VIEW v AS SELECT m FROM t",
        f"CREATE TYPE m AS ENUM ('x'); {t('m m')} CREATE VIEW v AS SELECT m FROM t",
        ROWS,
    ),
    "a label less that a check and a partial index name": Case(
        "CREATE TYPE m AS ENUM ('x', 'y'); "
        + t("m m DEFAULT 'x', CHECK (m <> 'x' OR id > 0)")
        + " CREATE INDEX i ON t (id) WHERE m = 'x'",
        "CREATE TYPE m AS ENUM ('x'); "
        + t("m m DEFAULT 'x', CHECK (m <> 'x' OR id > 0)")
        + " CREATE INDEX i ON t (id) WHERE m = 'x'",
        ROWS,
    ),
    "foreign keys between enum columns": Case(
        "CREATE TYPE m AS ENUM ('x', 'y'); CREATE TABLE k (m m PRIMARY KEY); CREATE TABLE t (id int, a text, m m REFERENCES k)",
        "CREATE TYPE m AS ENUM ('x'); CREATE TABLE k (m m PRIMARY KEY); CREATE TABLE t (id int, a text, m m REFERENCES k)",
        ROWS,
    ),
    "foreign keys between enum columns that become text": Case(
        "CREATE TYPE m AS ENUM ('x', 'y'); CREATE TABLE k (m m PRIMARY KEY); CREATE TABLE t (id int, a text, m m REFERENCES k)",
        "CREATE TABLE k (m text PRIMARY KEY); CREATE TABLE t (id int, a text, m text REFERENCES k)",
        ROWS,
    ),
    "foreign keys between numbers that grow": Case(
        "CREATE TABLE k (m int PRIMARY KEY); CREATE TABLE t (id int, a text, m int REFERENCES k)",
        "CREATE TABLE k (m uuid PRIMARY KEY); CREATE TABLE t (id int, a text, m uuid REFERENCES k)",
    ),
    "a column whose check goes with its type": Case(
        t("m text CHECK (m IN ('x', 'y'))"), f"CREATE TYPE m AS ENUM ('x', 'y'); {t('m m')}", ROWS
    ),
    "a partial index around a type": Case(
        f"CREATE TYPE m AS ENUM ('x', 'y'); {t('m m')} CREATE INDEX i ON t (id) WHERE m = 'x'",
        f"{t('m text')} CREATE INDEX i ON t (id) WHERE m = 'x'",
        ROWS,
    ),
    "a unique index that becomes a constraint": Case(
        f"{t()} CREATE UNIQUE INDEX u ON t (a)", t("CONSTRAINT u UNIQUE (a)"), ROWS
    ),
    "a schema and what is in it": Case("", "CREATE SCHEMA s; CREATE TYPE s.m AS ENUM ('x'); CREATE TABLE s.t (m s.m)"),
    "a primary key of other columns": Case(
        "CREATE TABLE t (id int PRIMARY KEY, a text)",
        "CREATE TABLE t (id int NOT NULL, a text, CONSTRAINT t_pkey PRIMARY KEY (id, a))",
        ROWS,
    ),
    "a table in place of a view": Case(
        f"{t()} CREATE VIEW v AS SELECT id FROM t", f"{t()} CREATE TABLE v (id int)", ROWS
    ),
    "a view in place of a table": Case(
        f"{t()} CREATE TABLE v (id int)", f"{t()} CREATE VIEW v AS SELECT id FROM t", ROWS
    ),
}


@pytest.mark.parametrize("case", [*RENAMES.values(), *WAYS.values()], ids=[*RENAMES, *WAYS])
def test_what_is_told_leads_from_left_to_right_and_rows_survive(case: Case, bench: Bench) -> None:
    if case.since > bench.major.number:
        pytest.skip(f"since PostgreSQL {case.since}")
    with taken_back(bench.scratch) as (_, connection):
        connection.execute(case.right.encode() or b"SELECT")
        right = take_snapshot(connection)
    with taken_back(bench.scratch) as (alembic, connection):
        connection.execute((case.left or "SELECT").encode())
        if case.rows:
            connection.execute(case.rows.encode())
        found = compare_in_words(difference, take_snapshot(connection), right, names=("left", "right"))
        for one in found.told:
            assert found.proposals[one.key].reason == ""
            run_operations(alembic, found.proposals[one.key].operations)

        assert {one.key for one in found.told} == found.proposals.keys()
        assert [one for one in difference(take_snapshot(connection), right) if one.property != "position"] == []
        assert case.told is None or tuple(told.subject for told in found.told) == case.told
