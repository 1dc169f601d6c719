"""Revisions that come to another end when a chain is run in another way, each beside its mended twin."""

from __future__ import annotations

from tests.harness.chains import Revision, sql
from tests.harness.history.pairs import Body, Pair, Whole, steps

OFFLINE_ENV = """\
from alembic import context
from sqlalchemy import create_engine


def run(**options):
    context.configure(**options)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run(dialect_name="postgresql", dialect_opts={"paramstyle": "named"})
else:
    with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
        run(connection=connection)
"""

_AS_ITSELF = "DO $$ BEGIN EXECUTE format('SET ROLE %I', session_user); END $$"
_NOBODY = ()


def _session(slug: str, setting: str, bad: str, good: str | tuple[str, ...], says: str) -> Pair:
    """Return a revision that leaves a setting in its session, and one that does not; the last statement of that is what its fix says."""
    statements = (good,) if isinstance(good, str) else good
    return Pair(
        slug=slug,
        check="modes",
        fails=f"{setting} stays in the session for all that comes after it",
        undo=_NOBODY,
        bad=steps([bad]),
        good=steps(statements),
        subject=f"setting {setting} after {{t}}",
        says=says,
        typed=() if setting == "session_replication_role" else statements[-1:],
    )


def _right(slug: str, fails: str, bad: list[str], good: list[str], says: str) -> Pair:
    """Return a revision that only a superuser may run, and one that any role may."""
    return Pair(
        slug=slug,
        check="modes",
        fails=fails,
        setup=(
            "CREATE TABLE {t} (id bigint PRIMARY KEY)",
            "CREATE TABLE {t}_child (id bigint REFERENCES {t} DEFERRABLE)",
        ),
        undo=("DROP TABLE {t}_child", "DROP TABLE {t}"),
        bad=steps(bad),
        good=steps(good),
        subject="rights of {t}",
        says=says,
    )


def _offline(slug: str, fails: str, bad: str, good: str, subject: str) -> Pair:
    """Return a revision that does less where it is written as SQL, and one that does not."""
    return Pair(
        slug=slug,
        check="modes",
        fails=fails,
        setup=("CREATE TABLE {t} (id bigint PRIMARY KEY, name text)", "CREATE TABLE {t}_old (id int)"),
        undo=("DROP TABLE {t}_old", "DROP TABLE {t}"),
        bad=Body(f"if not context.is_offline_mode():\n    {bad}"),
        good=Body(good),
        subject=subject,
        says="run by psql, leads to another catalog",
    )


SESSIONS = (
    _session(
        "waits",
        "lock_timeout",
        "SET lock_timeout = '3s'",
        "SET LOCAL lock_timeout = '3s'",
        "leaves lock_timeout at '3000' in its session, where it found '0'",
    ),
    _session(
        "limits",
        "statement_timeout",
        "SELECT set_config('statement_timeout', '60000', false)",
        "SELECT set_config('statement_timeout', '60000', true)",
        "at '60000'",
    ),
    _session(
        "zones",
        "TimeZone",
        "SET TIME ZONE 'Europe/Berlin'",
        "SET LOCAL TIME ZONE 'Europe/Berlin'",
        "at 'Europe/Berlin'",
    ),
    _session(
        "looks",
        "search_path",
        "SET search_path = public",
        ("SET search_path = public", "SELECT set_config('search_path', '\"$user\", public', false)"),
        "at 'public'",
    ),
    _session("acts", "role", _AS_ITSELF, (_AS_ITSELF, "RESET ROLE"), "where it found 'none'"),
    _session(
        "replays",
        "session_replication_role",
        "SET session_replication_role = replica",
        "SET CONSTRAINTS ALL DEFERRED",
        "at 'replica'",
    ),
    _session(
        "isolates",
        "default_transaction_isolation",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SELECT set_config('default_transaction_isolation', 'serializable', true)",
        "at 'serializable'",
    ),
    _session(
        "names",
        "app.tenant",
        "SET app.tenant = 'seven'",
        "SET LOCAL app.tenant = 'seven'",
        "leaves app.tenant at 'seven'",
    ),
    _session(
        "plans",
        "enable_seqscan",
        "SET enable_seqscan = off",
        ("SET enable_seqscan = off", "SELECT set_config('enable_seqscan', 'on', false)"),
        "at 'off'",
    ),
)
RIGHTS = (
    _right(
        "extends",
        "CREATE EXTENSION of an extension that is not trusted",
        ["CREATE EXTENSION pageinspect"],
        ["CREATE EXTENSION citext"],
        "an extension that is not trusted",
    ),
    _right(
        "gives",
        "ALTER … OWNER TO a role of which the migrating one is no member",
        ["ALTER TABLE {t} OWNER TO pg_monitor"],
        ["GRANT SELECT ON {t} TO pg_monitor"],
        "membership in the role",
    ),
    _right(
        "loads",
        "COPY FROM PROGRAM",
        ["COPY {t} FROM PROGRAM 'echo 1'"],
        ["INSERT INTO {t} VALUES (1)"],
        "pg_execute_server_program",
    ),
    _right(
        "reads",
        "COPY FROM a file of the server",
        ["COPY {t} FROM '/dev/null'"],
        ["INSERT INTO {t} VALUES (1)"],
        "pg_read_server_files",
    ),
    _right(
        "listens",
        "CREATE EVENT TRIGGER",
        [
            "CREATE FUNCTION {t}() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
            "CREATE EVENT TRIGGER {t} ON sql_drop EXECUTE FUNCTION {t}()",
        ],
        ["CREATE FUNCTION {t}() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"],
        "superuser, for an event trigger",
    ),
    _right(
        "silences",
        "DISABLE TRIGGER ALL",
        ["ALTER TABLE {t}_child DISABLE TRIGGER ALL", "ALTER TABLE {t}_child ENABLE TRIGGER ALL"],
        ["ALTER TABLE {t}_child DISABLE TRIGGER USER", "ALTER TABLE {t}_child ENABLE TRIGGER USER"],
        "superuser, to switch foreign keys off",
    ),
    _right(
        "hides",
        "LEAKPROOF",
        ["CREATE FUNCTION {t}() RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT 1'"],
        ["CREATE FUNCTION {t}() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
        "LEAKPROOF",
    ),
    _right(
        "replicates",
        "session_replication_role",
        ["SET LOCAL session_replication_role = replica"],
        ["SET CONSTRAINTS ALL DEFERRED"],
        "the right to set session_replication_role",
    ),
)
OFFLINE = (
    _offline(
        "indexes",
        "an index behind context.is_offline_mode()",
        "op.create_index('ix_{t}', '{t}', ['name'])",
        "op.create_index('ix_{t}', '{t}', ['name'])",
        "index public.ix_{t}",
    ),
    _offline(
        "drops",
        "a DROP behind context.is_offline_mode()",
        "op.drop_table('{t}_old')",
        "op.drop_table('{t}_old')",
        "table public.{t}_old",
    ),
    _offline(
        "defaults",
        "a default behind context.is_offline_mode()",
        "op.alter_column('{t}', 'name', server_default='x')",
        "op.alter_column('{t}', 'name', server_default='x')",
        "column public.{t}.name",
    ),
)
WRITTEN = (
    Pair(
        slug="seeds",
        check="modes",
        fails="rows that the script does not write",
        setup=(
            "CREATE TABLE {t} (id bigint PRIMARY KEY, made timestamptz DEFAULT now())",
            "INSERT INTO {t} VALUES (1)",
        ),
        bad=Body("if not context.is_offline_mode():\n    op.execute('INSERT INTO {t} VALUES (2)')"),
        good=Body("op.execute('INSERT INTO {t} VALUES (2)')"),
        subject="rows of table public.{t}",
        says="public.bad_seeds has 2 rows after `alembic upgrade head` and 1 after the script",
    ),
    Pair(
        slug="counts",
        check="modes",
        fails="a value that is another one offline",
        setup=("CREATE TABLE {t} (id bigint PRIMARY KEY, name text)",),
        bad=Body(
            "op.bulk_insert(sa.table('{t}', sa.column('id', sa.BigInteger), sa.column('name', sa.Text)), [{'id': 1, 'name': str(context.is_offline_mode())}])"
        ),
        good=Body(
            "op.bulk_insert(sa.table('{t}', sa.column('id', sa.BigInteger), sa.column('name', sa.Text)), [{'id': 1, 'name': 'it\\'s 100% :sure'}])"
        ),
        subject="rows of table public.{t}",
        says="holds other values in name",
    ),
)
PAIRS = (*SESSIONS, *RIGHTS, *OFFLINE, *WRITTEN)


_TABLE = Revision("tables", sql("CREATE TABLE author (id bigint PRIMARY KEY, name text)"), sql("DROP TABLE author"))
_FAMILY = Revision(
    "family",
    sql(
        "CREATE TABLE parent (id bigint PRIMARY KEY, name text)",
        "CREATE TABLE child (id bigint PRIMARY KEY, mother bigint NOT NULL REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
    ),
)
_MOVES = "UPDATE child SET mother = (SELECT max(id) FROM parent)"
_NARROWS = Revision("narrows", sql("ALTER TABLE child ADD note text"))
WHOLE = (
    Whole(
        check="modes",
        fails="a temporary table that outlives its revision",
        bad=(
            _TABLE,
            Revision("keeps", sql("CREATE TEMPORARY TABLE kept AS SELECT 1 AS id")),
            Revision("takes", sql("CREATE TABLE taken AS SELECT id FROM kept")),
        ),
        good=(
            _TABLE,
            Revision("keeps"),
            Revision(
                "takes",
                sql(
                    "CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT 1 AS id",
                    "CREATE TABLE taken AS SELECT id FROM kept",
                ),
            ),
        ),
        revision="takes",
        subject="upgrade of takes",
        says="It fails with each revision in a process of its own: UndefinedTable (SQLSTATE 42P01)",
        fix="a temporary table",
    ),
    Whole(
        check="modes",
        fails="a number that is counted in memory",
        bad=(
            _TABLE,
            Revision("counts", "sa.counted = getattr(sa, 'counted', 0) + 1"),
            Revision(
                "numbers",
                "sa.counted = getattr(sa, 'counted', 0) + 1\n"
                'op.execute(f"ALTER TABLE author ADD part int DEFAULT {2 if sa.counted > 1 else 1}")',
            ),
        ),
        good=(_TABLE, Revision("counts"), Revision("numbers", sql("ALTER TABLE author ADD part int DEFAULT 2"))),
        revision="numbers",
        subject="column public.author.part",
        says="Run in a process of its own, it leads to another catalog.",
        fix="not from memory",
    ),
    Whole(
        check="modes",
        fails="rows that wait for their deferred triggers",
        bad=(_FAMILY, Revision("moves", sql(_MOVES)), _NARROWS),
        good=(_FAMILY, Revision("moves", sql(_MOVES, "SET CONSTRAINTS ALL IMMEDIATE")), _NARROWS),
        revision="narrows",
        subject="upgrade of narrows",
        says="An upgrade straight to the heads of a database at family that holds rows fails there: ObjectInUse (SQLSTATE 55006)",
        fix="SET CONSTRAINTS ALL IMMEDIATE",
    ),
    Whole(
        check="modes",
        fails="constraints that a revision defers for those behind it",
        bad=(
            Revision("family", _FAMILY.up.replace("INITIALLY DEFERRED", "")),
            Revision("defers", sql("SET CONSTRAINTS ALL DEFERRED")),
            Revision("moves", sql(_MOVES)),
            _NARROWS,
        ),
        good=(
            Revision("family", _FAMILY.up.replace("INITIALLY DEFERRED", "")),
            Revision("defers", sql("SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS ALL IMMEDIATE")),
            Revision("moves", sql(_MOVES)),
            _NARROWS,
        ),
        revision="narrows",
        subject="upgrade of narrows",
        says="SQLSTATE 55006",
        fix="SET CONSTRAINTS ALL IMMEDIATE",
    ),
    Whole(
        check="modes",
        fails="a script that names parameters",
        bad=(
            _TABLE,
            Revision(
                "writes", "op.execute(sa.text('INSERT INTO author (id, name) VALUES (7, :name)').bindparams(name='x'))"
            ),
        ),
        good=(_TABLE, Revision("writes", sql("INSERT INTO author (id, name) VALUES (7, 'x')"))),
        revision="writes",
        subject="script of writes",
        says="The script of `alembic upgrade head --sql`, run by psql, fails: SyntaxError (SQLSTATE 42601)",
        fix="literal_binds=True",
    ),
    Whole(
        check="modes",
        fails="a comment that swallows the end of a statement",
        bad=(
            _TABLE,
            Revision("comments", sql("ALTER TABLE author ADD a int -- why"), sql("ALTER TABLE author DROP a")),
        ),
        good=(
            _TABLE,
            Revision("comments", sql("ALTER TABLE author ADD a int /* why */"), sql("ALTER TABLE author DROP a")),
        ),
        revision="comments",
        subject="script of comments",
        says="run by psql, fails: SyntaxError",
        fix="correct the statement",
    ),
)


_BOTH = "CREATE OR REPLACE VIEW shown AS SELECT {} AS id"
BRANCHES = (
    Whole(
        check="modes",
        fails="two branches that say the same otherwise",
        bad=(
            _TABLE,
            Revision("left", sql(_BOTH.format("1")), after=("tables",)),
            Revision("right", sql(_BOTH.format("2")), after=("tables",)),
            Revision("joins", after=("left", "right")),
        ),
        good=(
            _TABLE,
            Revision("left", sql(_BOTH.format("1")), after=("tables",)),
            Revision("right", sql(_BOTH.format("2")), after=("tables",), depends_on=("left",)),
            Revision("joins", after=("left", "right")),
        ),
        revision="left",
        subject="view public.shown",
        says="Branches that may run in either order end differently.",
        fix="depends_on",
    ),
    Whole(
        check="modes",
        fails="a branch that takes what another one makes",
        bad=(
            _TABLE,
            Revision("right", sql("ALTER TABLE author ADD born int"), after=("tables",)),
            Revision("left", sql("CREATE INDEX ix_born ON author (born)"), after=("tables",)),
            Revision("joins", after=("left", "right")),
        ),
        good=(
            _TABLE,
            Revision("right", sql("ALTER TABLE author ADD born int"), after=("tables",)),
            Revision("left", sql("CREATE INDEX ix_born ON author (born)"), after=("tables",), depends_on=("right",)),
            Revision("joins", after=("left", "right")),
        ),
        revision="left",
        subject="upgrade of left",
        says="which the graph allows",
        fix="depends_on",
    ),
    Whole(
        check="modes",
        fails="two branches that give one column a default each",
        bad=(
            _TABLE,
            Revision("left", sql("ALTER TABLE author ALTER name SET DEFAULT 'left'"), after=("tables",)),
            Revision("right", sql("ALTER TABLE author ALTER name SET DEFAULT 'right'"), after=("tables",)),
            Revision("joins", after=("left", "right")),
        ),
        good=(
            _TABLE,
            Revision("left", sql("ALTER TABLE author ALTER name SET DEFAULT 'left'"), after=("tables",)),
            Revision("right", sql("ALTER TABLE author ALTER name SET DEFAULT 'right'"), after=("left",)),
        ),
        revision="left",
        subject="column public.author.name",
        says="Branches that may run in either order end differently.",
        fix="depends_on",
    ),
    Whole(
        check="modes",
        fails="a branch that renames what another one changes",
        bad=(
            _TABLE,
            Revision("right", sql("ALTER TABLE author ALTER name SET NOT NULL"), after=("tables",)),
            Revision("left", sql("ALTER TABLE author RENAME name TO title"), after=("tables",)),
            Revision("joins", after=("left", "right")),
        ),
        good=(
            _TABLE,
            Revision("right", sql("ALTER TABLE author ALTER name SET NOT NULL"), after=("tables",)),
            Revision("left", sql("ALTER TABLE author RENAME name TO title"), after=("tables",), depends_on=("right",)),
            Revision("joins", after=("left", "right")),
        ),
        revision="right",
        subject="upgrade of right",
        says="which the graph allows",
        fix="depends_on",
    ),
)
