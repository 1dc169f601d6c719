"""Schemas that part in names: each pair is told as renames, and leads over by them."""

from __future__ import annotations

from tests.harness.catalog.fixing import ROWS, Case, t

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
        "CREATE TABLE t (id int, ab text) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t DEFAULT",
        ROWS,
        ("column public.t.ab",),
    ),
    "a partitioned table": Case(
        "CREATE TABLE t (id int, a text) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t DEFAULT; CREATE INDEX t_i ON t (id)",
        "CREATE TABLE u (id int, a text) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF u DEFAULT; CREATE INDEX u_i ON u (id)",
        ROWS,
    ),
    "a column that a table inherits": Case(
        f"{t()} CREATE TABLE u (x int) INHERITS (t)",
        "CREATE TABLE t (id int PRIMARY KEY, ab text); CREATE TABLE u (x int) INHERITS (t)",
        ROWS,
        ("column public.t.ab",),
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
    "a column with everything on it": Case(
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 4 CHECK (a > 0) UNIQUE REFERENCES p)",
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, b int NOT NULL DEFAULT 4 CHECK (b > 0) UNIQUE REFERENCES p)",
        "INSERT INTO p VALUES (4); INSERT INTO t VALUES (1)",
    ),
    "a serial column": Case(
        "CREATE TABLE t (id serial PRIMARY KEY, a text)",
        "CREATE TABLE t (no serial PRIMARY KEY, a text)",
        "INSERT INTO t (a) VALUES ('x')",
    ),
    "two tables of which one refers to the other": Case(
        "CREATE TABLE a (id serial PRIMARY KEY, x text); CREATE TABLE b (id serial PRIMARY KEY, a_id int REFERENCES a, y int)",
        "CREATE TABLE c (id serial PRIMARY KEY, x text); CREATE TABLE d (id serial PRIMARY KEY, a_id int REFERENCES c, y int)",
        "INSERT INTO a (x) VALUES ('q'); INSERT INTO b (a_id) VALUES (1)",
    ),
    "a table and the column that refers to it": Case(
        "CREATE TABLE a (id serial PRIMARY KEY, x text); CREATE TABLE b (id serial PRIMARY KEY, a_id int NOT NULL REFERENCES a); CREATE INDEX ix_b_a_id ON b (a_id)",
        "CREATE TABLE c (id serial PRIMARY KEY, x text); CREATE TABLE b (id serial PRIMARY KEY, c_id int NOT NULL REFERENCES c); CREATE INDEX ix_b_c_id ON b (c_id)",
        "INSERT INTO a (x) VALUES ('q'); INSERT INTO b (a_id) VALUES (1)",
    ),
    "a table that refers to itself": Case(
        "CREATE TABLE a (id serial PRIMARY KEY, up int REFERENCES a (id), UNIQUE (id, up))",
        "CREATE TABLE b (id serial PRIMARY KEY, up int REFERENCES b (id), UNIQUE (id, up))",
        "INSERT INTO a (up) VALUES (1)",
    ),
    "a column that refers to another table than the one that goes": Case(
        "CREATE TABLE net (id int PRIMARY KEY); CREATE TABLE part (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, net_id int REFERENCES net)",
        "CREATE TABLE net (id int PRIMARY KEY); CREATE TABLE part (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, net_part_id int REFERENCES part)",
        "INSERT INTO net VALUES (4); INSERT INTO t VALUES (1, 4)",
        (
            "constraint public.t.t_net_id_fkey",
            "column public.t.net_part_id",
            "constraint public.t.t_net_part_id_fkey",
            "column public.t.net_id",
        ),
    ),
    "a column of a key of two": Case(
        "CREATE TABLE a (x int, y int, PRIMARY KEY (x, y)); CREATE TABLE b (x int, y int, FOREIGN KEY (x, y) REFERENCES a (x, y))",
        "CREATE TABLE a (x int, z int, PRIMARY KEY (x, z)); CREATE TABLE b (x int, y int, FOREIGN KEY (x, y) REFERENCES a (x, z))",
        "INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1,1)",
    ),
    "an index that loses its comment": Case(
        "CREATE TABLE a (r text); CREATE INDEX i ON a (r); COMMENT ON INDEX i IS 'x'",
        "CREATE TABLE a (r text); CREATE INDEX j ON a (r)",
        "",
    ),
    "a table whose identity becomes serial": Case(
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text)",
        "CREATE TABLE u (id serial PRIMARY KEY, a text)",
        "INSERT INTO t (a) VALUES ('x')",
    ),
}
