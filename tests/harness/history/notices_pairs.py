"""Pairs of `notices`: revisions of which the server remarks that they do something else, and twins that do what they say."""

from __future__ import annotations

from tests.harness.history.pairs import Body, Pair, steps

LONG = "{t}_" + "long_" * 12
TABLE = ("CREATE TABLE {t} (id int PRIMARY KEY, name text)",)
IN_A_BLOCK = "with op.get_context().autocommit_block():\n    op.execute({!r})"

PAIRS = (
    Pair(
        slug="other_table",
        check="notices",
        fails="CREATE TABLE IF NOT EXISTS keeps a table that lacks a column",
        setup=TABLE,
        bad=steps(["CREATE TABLE IF NOT EXISTS {t} (id int PRIMARY KEY, name text, age int)"]),
        good=steps(["CREATE TABLE IF NOT EXISTS {t} (id int PRIMARY KEY, name text)"]),
        says="IF NOT EXISTS keeps what stands there",
    ),
    Pair(
        slug="other_type",
        check="notices",
        fails="ADD COLUMN IF NOT EXISTS keeps a column of another type",
        setup=TABLE,
        bad=steps(["ALTER TABLE {t} ADD COLUMN IF NOT EXISTS name varchar(80)"]),
        good=steps(["ALTER TABLE {t} ADD COLUMN IF NOT EXISTS name text"]),
        subject="column public.{t}.name",
    ),
    Pair(
        slug="other_index",
        check="notices",
        fails="CREATE INDEX IF NOT EXISTS keeps an index that is not unique",
        setup=(*TABLE, "CREATE INDEX ix_{t} ON {t} (name)"),
        bad=steps(["CREATE UNIQUE INDEX IF NOT EXISTS ix_{t} ON {t} (name)"]),
        good=steps(["CREATE INDEX IF NOT EXISTS ix_{t} ON {t} (name)"]),
        subject="index public.ix_{t}",
    ),
    Pair(
        slug="invalid_index",
        check="notices",
        fails="CREATE INDEX CONCURRENTLY IF NOT EXISTS keeps the invalid index that a failed build has left",
        setup=(
            *TABLE,
            "CREATE INDEX ix_{t} ON {t} (name)",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_{t}'::regclass",
        ),
        bad=Body(IN_A_BLOCK.format("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_{t} ON {t} (name)")),
        good=Body(
            IN_A_BLOCK.format("DROP INDEX CONCURRENTLY IF EXISTS ix_{t}")
            + "\n    op.execute('CREATE INDEX CONCURRENTLY ix_{t} ON {t} (name)')"
        ),
        subject="index public.ix_{t}",
        says="invalid",
    ),
    Pair(
        slug="other_name",
        check="notices",
        fails="DROP INDEX IF EXISTS names an index that there never was",
        setup=(*TABLE, "CREATE INDEX ix_{t} ON {t} (name)"),
        bad=steps(["DROP INDEX IF EXISTS idx_{t}"]),
        good=steps(["DROP INDEX IF EXISTS ix_{t}"], ["CREATE INDEX ix_{t} ON {t} (name)"]),
        subject="upgrade of bad_other_name",
        says="drops nothing",
    ),
    Pair(
        slug="made_again",
        check="notices",
        fails="DROP TRIGGER IF EXISTS names another trigger than the one that is made",
        setup=(*TABLE, "CREATE FUNCTION {t}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"),
        undo=("DROP TABLE {t}", "DROP FUNCTION {t}"),
        bad=steps(["DROP TRIGGER IF EXISTS touched ON {t}"]),
        good=steps(
            [
                "DROP TRIGGER IF EXISTS touch ON {t}",
                "CREATE TRIGGER touch BEFORE UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION {t}()",
            ],
            ["DROP TRIGGER touch ON {t}"],
        ),
        subject="upgrade of bad_made_again",
    ),
    Pair(
        slug="cut_name",
        check="notices",
        fails="a name of more than 63 bytes is cut",
        setup=TABLE,
        bad=steps([f"CREATE INDEX {LONG} ON {{t}} (name)"], [f"DROP INDEX {LONG}"]),
        good=steps(["CREATE INDEX ix_{t} ON {t} (name)"], ["DROP INDEX ix_{t}"]),
        subject="upgrade of bad_cut_name",
        says="cuts a name",
    ),
    Pair(
        slug="local",
        check="notices",
        fails="SET LOCAL in an autocommit block does nothing",
        setup=TABLE,
        bad=Body(IN_A_BLOCK.format("SET LOCAL lock_timeout = '3s'")),
        good=Body("op.execute(\"SET LOCAL lock_timeout = '3s'\")"),
        subject="upgrade of bad_local",
        says="does nothing",
    ),
    Pair(
        slug="taken_along",
        check="notices",
        fails="DROP COLUMN … CASCADE takes a view with it",
        setup=(*TABLE, "CREATE VIEW seen_{t} AS SELECT id, name FROM {t}"),
        undo=("DROP TABLE {t} CASCADE",),
        bad=steps(["ALTER TABLE {t} DROP name CASCADE"]),
        good=steps(["DROP VIEW seen_{t}", "ALTER TABLE {t} DROP name"]),
        subject="view public.seen_{t}",
        says="CASCADE drops it too",
    ),
    Pair(
        slug="referred",
        check="notices",
        fails="DROP CONSTRAINT … CASCADE takes the foreign key of another table with it",
        setup=(*TABLE, "CREATE TABLE child_of_{t} (parent int CONSTRAINT fk_{t} REFERENCES {t})"),
        undo=("DROP TABLE child_of_{t}", "DROP TABLE {t}"),
        bad=steps(["ALTER TABLE {t} DROP CONSTRAINT {t}_pkey CASCADE"]),
        good=steps(["ALTER TABLE child_of_{t} DROP CONSTRAINT fk_{t}", "ALTER TABLE {t} DROP CONSTRAINT {t}_pkey"]),
        subject="constraint public.child_of_{t}.fk_{t}",
    ),
    Pair(
        slug="said_by_itself",
        check="notices",
        fails="CREATE SEQUENCE IF NOT EXISTS keeps a sequence that counts otherwise; a function's own RAISE NOTICE is nothing",
        setup=(*TABLE, "CREATE SEQUENCE {t}_numbers"),
        undo=("DROP TABLE {t}", "DROP SEQUENCE {t}_numbers"),
        bad=steps(["CREATE SEQUENCE IF NOT EXISTS {t}_numbers INCREMENT 10"]),
        good=steps(
            [
                "DO $$ BEGIN RAISE NOTICE 'DROP TABLE IF EXISTS nothing'; END $$",
                "CREATE SEQUENCE IF NOT EXISTS {t}_numbers",
                "CREATE SCHEMA IF NOT EXISTS public",
            ]
        ),
        subject="sequence public.{t}_numbers",
    ),
)
