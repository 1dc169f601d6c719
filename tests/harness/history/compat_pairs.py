"""What breaks the release that still runs, and how the same is done so that both releases work."""

from __future__ import annotations

from tests.harness.chains import Revision, sql, table
from tests.harness.history.pairs import Body, Pair, Whole, steps

PARCEL = "CREATE TABLE {t} (id bigserial PRIMARY KEY, label text NOT NULL, note text, qty integer NOT NULL DEFAULT 1)"
RAISES = "CREATE FUNCTION {t}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s END $$"
TRIGGER = "CREATE TRIGGER {t}_tr BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {t}_f()"


def _pair(
    slug: str,
    fails: str,
    bad: Body,
    good: Body,
    *,
    subject: str = "table public.{t}",
    says: str = "",
    setup: tuple[str, ...] = (PARCEL,),
    undo: tuple[str, ...] = ("DROP TABLE {t} CASCADE",),
    typed: tuple[str, ...] = (),
) -> Pair:
    return Pair(
        slug=slug,
        check="compat",
        fails=fails,
        setup=setup,
        undo=undo,
        bad=bad,
        good=good,
        subject=subject,
        says=says,
        typed=typed,
    )


PAIRS = (
    _pair(
        "drop_column",
        "a column goes that the release before reads and writes",
        steps(["ALTER TABLE {t} DROP COLUMN note"]),
        steps(["ALTER TABLE {t} DROP COLUMN note"], top='after_deploy = "no release reads notes any more"'),
        subject="column public.{t}.note",
        typed=('after_deploy = "',),
        says='column "note" does not exist (SQLSTATE 42703)',
    ),
    _pair(
        "rename_column",
        "a column gets another name",
        steps(["ALTER TABLE {t} RENAME note TO remark"]),
        steps(["ALTER TABLE {t} ADD remark text"]),
        subject="column public.{t}.note",
        says="42703",
    ),
    _pair(
        "rename_table",
        "a table gets another name",
        steps(["ALTER TABLE {t} RENAME TO {t}_s"]),
        steps(["ALTER TABLE {t} RENAME TO {t}_s", "CREATE VIEW public.{t} AS SELECT * FROM {t}_s"]),
        typed=("CREATE VIEW public.{t} AS SELECT ",),
        says="42P01",
    ),
    _pair(
        "required_column",
        "a new column is NOT NULL and has no default",
        steps(["ALTER TABLE {t} ADD colour text NOT NULL DEFAULT 'grey'", "ALTER TABLE {t} ALTER colour DROP DEFAULT"]),
        steps(
            [
                "ALTER TABLE {t} ADD colour text NOT NULL DEFAULT 'grey'",
                "ALTER TABLE {t} ALTER colour DROP DEFAULT",
                "ALTER TABLE public.{t} ALTER COLUMN colour SET DEFAULT 'red'",
            ]
        ),
        subject="column public.{t}.colour",
        typed=("ALTER TABLE public.{t} ALTER COLUMN colour SET DEFAULT ",),
        says="23502",
    ),
    _pair(
        "set_not_null",
        "a column may not be NULL any more, and the release before leaves it so",
        steps(["UPDATE {t} SET note = '' WHERE note IS NULL", "ALTER TABLE {t} ALTER note SET NOT NULL"]),
        steps(
            [
                "UPDATE {t} SET note = '' WHERE note IS NULL",
                RAISES % "NEW.note := coalesce(NEW.note, ''); RETURN NEW;",
                TRIGGER,
                "ALTER TABLE {t} ALTER note SET NOT NULL",
            ]
        ),
        subject="column public.{t}.note",
        says="23502",
    ),
    _pair(
        "new_check",
        "a CHECK refuses what the release before writes",
        steps(["ALTER TABLE {t} ADD CONSTRAINT {t}_short CHECK (qty < 2) NOT VALID"]),
        steps(["ALTER TABLE {t} ADD CONSTRAINT {t}_short CHECK (qty > 0) NOT VALID"]),
        subject="constraint public.{t}.{t}_short",
        says="23514",
    ),
    _pair(
        "narrow_type",
        "a type becomes narrower than what the release before writes",
        steps(["ALTER TABLE {t} ALTER title TYPE varchar(10) USING left(title, 10)"]),
        steps(["ALTER TABLE {t} ALTER title TYPE varchar(200)"]),
        setup=("CREATE TABLE {t} (id int PRIMARY KEY, title varchar(100))",),
        says="22001",
    ),
    _pair(
        "rename_label",
        "a label of an enum gets another name",
        steps(["ALTER TYPE {t}_mood RENAME VALUE 'new' TO 'fresh'"]),
        steps(["ALTER TYPE {t}_mood ADD VALUE 'fresh'"]),
        setup=(
            "CREATE TYPE {t}_mood AS ENUM ('new', 'done')",
            "CREATE TABLE {t} (id int PRIMARY KEY, mood {t}_mood NOT NULL)",
        ),
        undo=("DROP TABLE {t}", "DROP TYPE {t}_mood"),
        subject="type public.{t}_mood",
        typed=("ADD VALUE",),
        says="22P02",
    ),
    _pair(
        "new_unique",
        "what the release before writes twice is to be unique",
        steps(
            [
                "DELETE FROM {t} AS one USING {t} AS other WHERE one.code = other.code AND one.id > other.id",
                "CREATE UNIQUE INDEX {t}_code ON {t} (code)",
            ]
        ),
        steps(["CREATE INDEX {t}_code ON {t} (code)"]),
        setup=("CREATE TABLE {t} (id bigserial PRIMARY KEY, code text NOT NULL)",),
        subject="constraint public.{t}.{t}_code",
        says="23505",
    ),
    _pair(
        "lost_arbiter",
        "the unique index goes on which an upsert rests",
        steps(["DROP INDEX {t}_code"]),
        steps(["CREATE UNIQUE INDEX {t}_code2 ON {t} (code)", "DROP INDEX {t}_code"]),
        setup=(
            "CREATE TABLE {t} (id bigserial PRIMARY KEY, code text, note text)",
            "CREATE UNIQUE INDEX {t}_code ON {t} (code)",
        ),
        subject="index public.{t}_code",
        says="42P10",
    ),
    _pair(
        "filtering_view",
        "a view leaves rows out that it showed",
        steps(["CREATE OR REPLACE VIEW {t}_v AS SELECT id, note FROM {t} WHERE note IS NOT NULL"]),
        steps(["CREATE OR REPLACE VIEW {t}_v AS SELECT id, note, qty FROM {t}"]),
        setup=(PARCEL, "CREATE VIEW {t}_v AS SELECT id, note FROM {t}"),
        subject="view public.{t}_v",
        says="rows where it met",
    ),
    _pair(
        "other_default",
        "a default gives another value",
        steps(["ALTER TABLE {t} ALTER qty SET DEFAULT 2"]),
        steps(["ALTER TABLE {t} ALTER note SET DEFAULT 'none'"]),
        subject="column public.{t}.qty",
        says="qty was '1' and is '2'",
    ),
    _pair(
        "generated_column",
        "a column that the release before writes is computed now",
        steps(["ALTER TABLE {t} DROP COLUMN note", "ALTER TABLE {t} ADD note text GENERATED ALWAYS AS (label) STORED"]),
        steps(["ALTER TABLE {t} ADD copy text GENERATED ALWAYS AS (label) STORED"]),
        subject="column public.{t}.note",
        says="428C9",
    ),
    _pair(
        "identity_always",
        "a number that the release before gives itself is always generated",
        steps(["ALTER TABLE {t} ALTER id SET GENERATED ALWAYS"]),
        steps(["ALTER TABLE {t} ALTER id SET INCREMENT BY 2"]),
        setup=("CREATE TABLE {t} (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, label text)",),
        subject="column public.{t}.id",
        says="428C9",
    ),
    _pair(
        "other_type",
        "a column gets a type that drivers give as another one",
        steps(["ALTER TABLE {t} ALTER qty TYPE text"]),
        steps(["ALTER TABLE {t} ALTER qty TYPE bigint"]),
        subject="column public.{t}.qty",
        says="qty was a whole number and is a text",
    ),
    _pair(
        "raising_trigger",
        "a trigger refuses what the release before inserts",
        steps([RAISES % "RAISE EXCEPTION 'no'; RETURN NEW;", TRIGGER]),
        steps([RAISES % "RETURN NEW;", TRIGGER]),
        says="P0001",
    ),
    _pair(
        "swallowing_trigger",
        "a trigger keeps what the release before inserts from being stored",
        steps([RAISES % "RETURN NULL;", TRIGGER]),
        steps([RAISES % "RETURN NEW;", TRIGGER]),
        says="meets 0 rows where it met 1",
    ),
    _pair(
        "table_becomes_view",
        "a table becomes a view that takes no rows",
        steps(["ALTER TABLE {t} RENAME TO {t}_s", "CREATE VIEW {t} AS SELECT DISTINCT * FROM {t}_s"]),
        steps(["ALTER TABLE {t} RENAME TO {t}_s", "CREATE VIEW {t} AS SELECT * FROM {t}_s"]),
        says="55000",
    ),
    _pair(
        "new_foreign_key",
        "what the release before writes is to refer to a row that is not there",
        steps(["UPDATE {t} SET qty = 1", "ALTER TABLE {t} ADD CONSTRAINT {t}_fk FOREIGN KEY (qty) REFERENCES {t}_p"]),
        steps(["ALTER TABLE {t} ADD parent int REFERENCES {t}_p"]),
        setup=(PARCEL, "CREATE TABLE {t}_p (id int PRIMARY KEY)", "INSERT INTO {t}_p VALUES (1)"),
        undo=("DROP TABLE {t}, {t}_p",),
        subject="constraint public.{t}.{t}_fk",
        says="23503",
    ),
    _pair(
        "other_signature",
        "a function takes other arguments",
        steps(["DROP FUNCTION {t}()", "CREATE FUNCTION {t}(n int) RETURNS int LANGUAGE sql RETURN n"]),
        steps(["CREATE FUNCTION {t}(n int) RETURNS int LANGUAGE sql RETURN n"]),
        setup=("CREATE FUNCTION {t}() RETURNS int LANGUAGE sql RETURN 7",),
        undo=("DROP ROUTINE {t}",),
        subject="function public.{t}()",
        says="42883",
    ),
    _pair(
        "ambiguous_call",
        "a second function makes a call ambiguous",
        steps(["CREATE FUNCTION {t}(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql RETURN a"]),
        steps(["CREATE FUNCTION {t}(a int, b int) RETURNS int LANGUAGE sql RETURN a"]),
        setup=("CREATE FUNCTION {t}(a int) RETURNS int LANGUAGE sql RETURN a",),
        undo=("DROP ROUTINE {t}",),
        subject="function public.{t}(a integer)",
        says="42725",
    ),
    _pair(
        "moved_table",
        "a table moves to another schema",
        steps(["CREATE SCHEMA {t}_s", "ALTER TABLE {t} SET SCHEMA {t}_s"]),
        steps(["CREATE SCHEMA {t}_s", "CREATE TABLE {t}_s.{t} (LIKE {t})"]),
        says="42P01",
    ),
    _pair(
        "dropped_view",
        "a view goes that the release before reads",
        steps(["DROP VIEW {t}_v"]),
        steps(["CREATE OR REPLACE VIEW {t}_v AS SELECT id, note, qty FROM {t}"]),
        setup=(PARCEL, "CREATE VIEW {t}_v AS SELECT id, note FROM {t}"),
        subject="view public.{t}_v",
        says="42P01",
    ),
    _pair(
        "dropped_sequence",
        "a sequence goes from which the release before takes numbers",
        steps(["DROP SEQUENCE {t}"]),
        steps(["ALTER SEQUENCE {t} INCREMENT BY 5"]),
        setup=("CREATE SEQUENCE {t}",),
        undo=("DROP SEQUENCE IF EXISTS {t}",),
        subject="sequence public.{t}",
        says="42P01",
    ),
    _pair(
        "sequence_behind",
        "rows are copied past the sequence that numbers them",
        steps(
            ["INSERT INTO {t} (id, label) SELECT n, 'copied' FROM generate_series(5, 90) AS n ON CONFLICT DO NOTHING"]
        ),
        steps(
            [
                "INSERT INTO {t} (id, label) SELECT n, 'copied' FROM generate_series(5, 90) AS n ON CONFLICT DO NOTHING",
                "SELECT setval(pg_get_serial_sequence('public.{t}', 'id'), (SELECT max(id) FROM public.{t}))",
            ]
        ),
        subject="constraint public.{t}.{t}_pkey",
        typed=("SELECT setval(pg_get_serial_sequence('public.{t}', 'id'), (SELECT max(id) FROM public.{t}))",),
        says="23505",
    ),
)

NOTE = table("note", "id bigserial PRIMARY KEY, body text")
EXPAND = Revision("expand", sql("ALTER TABLE note ADD colour text"), sql("ALTER TABLE note DROP colour"))
BACKFILL = Revision("backfill", sql("UPDATE note SET colour = 'grey' WHERE colour IS NULL"))
CONTRACT = Revision("contract", sql("ALTER TABLE note ALTER colour SET NOT NULL"))
TWIN = Revision(
    "twin",
    sql(
        "CREATE FUNCTION colour_it() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.colour := coalesce(NEW.colour, 'grey'); RETURN NEW; END $$",
        "CREATE TRIGGER colours BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION colour_it()",
    ),
)
BOTH_WINDOWS = (
    Whole(
        check="compat",
        fails="a row that the release before inserts after the backfill stops the SET NOT NULL behind it",
        bad=(NOTE, EXPAND, BACKFILL, CONTRACT),
        good=(NOTE, EXPAND, TWIN, BACKFILL, CONTRACT),
        revision="contract",
        subject="upgrade of contract",
        says="rows that the release before writes",
        fix="",
    ),
)
