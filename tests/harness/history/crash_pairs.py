"""Revisions that cannot be stopped and run again, and their mended twins."""

from __future__ import annotations

import textwrap

from tests.harness.chains import ENV, Revision, sql
from tests.harness.history.pairs import Body, Pair, Whole, steps

LOCK = """\
    while not connection.scalar(text("SELECT pg_try_advisory_lock(1)")):
        connection.execute(text("SELECT pg_sleep(0.2)"))
        connection.rollback()
    connection.commit()
"""
LOCKED = ENV.replace("    context.configure", f"{LOCK}    context.configure")
# Each holds a lock in a session that does nothing more, and waits in another one for whoever else holds it: no cycle that PostgreSQL sees.
HANGS = ENV.replace(
    "    context.configure",
    """\
    other = engine.connect()
    other.execute(text("SELECT pg_advisory_lock_shared(2)"))
    connection.execute(text("CREATE TEMPORARY TABLE met ()"))
    holders = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE datname = current_database() AND objid = 2"
    if connection.scalar(text(holders)) > 1:
        connection.execute(text("SELECT pg_advisory_lock(2)"))
    connection.rollback()
    context.configure""",
)

TABLE = ("CREATE TABLE {t} (id bigint PRIMARY KEY, code int NOT NULL)",)
COUNTED = (
    "CREATE TABLE {t} (id bigint PRIMARY KEY, seen int NOT NULL, done boolean NOT NULL DEFAULT false)",
    "INSERT INTO {t} VALUES (1, 1), (2, 2), (3, 3)",
)
PARTED = (
    "CREATE TABLE {t} (id bigint) PARTITION BY RANGE (id)",
    "CREATE TABLE {t}_old PARTITION OF {t} FOR VALUES FROM (0) TO (1000000)",
)
INDEXED = (*TABLE, "CREATE INDEX ix_{t} ON {t} (code)")


def in_pieces(code: str) -> str:
    """Return code that runs in an autocommit block."""
    return "with op.get_context().autocommit_block():\n" + textwrap.indent(code, "    ")


def pieces(up: tuple[str, ...], down: tuple[str, ...] = ()) -> Body:
    """Return a twin both of whose directions execute their statements in an autocommit block."""
    return Body(in_pieces(sql(*up)), in_pieces(sql(*down)) if down else "pass")


DROPS = ("DROP INDEX CONCURRENTLY IF EXISTS ix_{t}",)
BUILDS = "CREATE INDEX CONCURRENTLY ix_{t} ON {t} (code)"
COUNTS = "UPDATE {t} SET seen = seen + 1"
COUNTS_ONCE = "UPDATE {t} SET seen = seen + 1, done = true WHERE NOT done"
DETACHES = "ALTER TABLE {t} DETACH PARTITION {t}_old CONCURRENTLY"
ATTACHES = "ALTER TABLE {t} ATTACH PARTITION {t}_old FOR VALUES FROM (0) TO (1000000)"
FINISHES = """\
pending = op.get_bind().scalar(sa.text("SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = '{t}_old'::regclass"))
if pending is not None:
    op.execute("ALTER TABLE {t} DETACH PARTITION {t}_old " + ("FINALIZE" if pending else "CONCURRENTLY"))"""
EACH_ROW = "for number in (1, 2, 3):\n    op.execute(f'{} WHERE id = {{number}}')"
EACH_ROW_ONCE = "for number in (1, 2, 3):\n    op.execute(f'{} AND id = {{number}}')"
PROCEDURE = "DO $$ BEGIN FOR number IN 1..3 LOOP {} id = number; COMMIT; END LOOP; END $$"

BUILT = (
    Pair(
        slug="build",
        check="crash",
        fails="an index is built CONCURRENTLY, and the revision is stopped before its number is written",
        setup=TABLE,
        bad=pieces((BUILDS,), DROPS),
        good=pieces((*DROPS, BUILDS), DROPS),
        subject="upgrade of {t}",
        says="42P07",
        typed=("DROP INDEX CONCURRENTLY IF EXISTS ix_{t}",),
    ),
    Pair(
        slug="keeps_invalid",
        check="crash",
        fails="IF NOT EXISTS keeps the invalid index that a stopped build has left",
        setup=TABLE,
        bad=pieces(("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_{t} ON {t} (code)",), DROPS),
        good=pieces((*DROPS, "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_{t} ON {t} (code)"), DROPS),
        subject="index public.ix_{t}",
        says="Its valid is none in a run that nobody stops and false",
        typed=("DROP INDEX CONCURRENTLY IF EXISTS ix_{t}",),
    ),
    Pair(
        slug="drop",
        check="crash",
        fails="an index is dropped CONCURRENTLY, which it cannot be a second time",
        setup=INDEXED,
        bad=pieces(("DROP INDEX CONCURRENTLY ix_{t}",), (*DROPS, BUILDS)),
        good=pieces(DROPS, (*DROPS, BUILDS)),
        subject="upgrade of {t}",
        says="42704",
        typed=("DROP INDEX CONCURRENTLY IF EXISTS ix_{t}",),
    ),
    Pair(
        slug="downgrade",
        check="crash",
        fails="a downgrade drops an index CONCURRENTLY, which it cannot a second time",
        setup=TABLE,
        bad=pieces((*DROPS, BUILDS), ("DROP INDEX CONCURRENTLY ix_{t}",)),
        good=pieces((*DROPS, BUILDS), DROPS),
        subject="downgrade of {t}",
        says="42704",
        typed=("DROP INDEX CONCURRENTLY IF EXISTS ix_{t}",),
    ),
    Pair(
        slug="reindex",
        check="crash",
        fails="a stopped REINDEX leaves an index of its own beside the old one",
        setup=INDEXED,
        bad=pieces(("REINDEX INDEX CONCURRENTLY ix_{t}",)),
        good=pieces(
            (
                "DROP INDEX CONCURRENTLY IF EXISTS public.ix_{t}_ccnew",
                "DROP INDEX CONCURRENTLY IF EXISTS public.ix_{t}_ccold",
                "REINDEX INDEX CONCURRENTLY ix_{t}",
            )
        ),
        subject="index public.ix_{t}_ccnew",
        says="within `REINDEX",
        typed=("DROP INDEX CONCURRENTLY IF EXISTS public.ix_{t}_ccnew",),
    ),
    Pair(
        slug="detach",
        check="crash",
        fails="a partition that is stopped while it is detached can only be finalized",
        setup=PARTED,
        undo=("DROP TABLE {t}", "DROP TABLE IF EXISTS {t}_old"),
        bad=Body(in_pieces(sql(DETACHES)), sql(ATTACHES)),
        good=Body(in_pieces(FINISHES), sql(ATTACHES)),
        typed=tuple(line.strip() for line in FINISHES.splitlines()),
        subject="upgrade of {t}",
        says="55000",
    ),
)

DEFINED = (
    Pair(
        slug="table",
        check="crash",
        fails="a table is made in an autocommit block",
        bad=pieces(("CREATE TABLE {t} (id int)",), ("DROP TABLE IF EXISTS {t}",)),
        undo=(),
        good=pieces(("CREATE TABLE IF NOT EXISTS {t} (id int)",), ("DROP TABLE IF EXISTS {t}",)),
        subject="upgrade of {t}",
        says="42P07",
        typed=("CREATE TABLE IF NOT EXISTS {t}",),
    ),
    Pair(
        slug="commit",
        check="crash",
        fails="a revision sends COMMIT between two changes",
        setup=TABLE,
        bad=steps(
            ("ALTER TABLE {t} ADD COLUMN one int", "COMMIT", "ALTER TABLE {t} ADD COLUMN two int"),
            ("ALTER TABLE {t} DROP COLUMN one, DROP COLUMN two",),
        ),
        good=steps(
            ("ALTER TABLE {t} ADD COLUMN one int", "ALTER TABLE {t} ADD COLUMN two int"),
            ("ALTER TABLE {t} DROP COLUMN one, DROP COLUMN two",),
        ),
        subject="upgrade of {t}",
        says="42701",
    ),
    Pair(
        slug="validate",
        check="crash",
        fails="a constraint is added, committed, and validated, all in one revision",
        setup=TABLE,
        bad=pieces(
            (
                "ALTER TABLE {t} ADD CONSTRAINT ck_{t} CHECK (id IS NOT NULL) NOT VALID",
                "ALTER TABLE {t} VALIDATE CONSTRAINT ck_{t}",
            ),
            ("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS ck_{t}",),
        ),
        good=pieces(
            (
                "ALTER TABLE {t} DROP CONSTRAINT IF EXISTS ck_{t}",
                "ALTER TABLE {t} ADD CONSTRAINT ck_{t} CHECK (id IS NOT NULL) NOT VALID",
                "ALTER TABLE {t} VALIDATE CONSTRAINT ck_{t}",
            ),
            ("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS ck_{t}",),
        ),
        subject="upgrade of {t}",
        says="42710",
        typed=("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS ck_{t}",),
    ),
    Pair(
        slug="label",
        check="crash",
        fails="a label is added to an enum type in an autocommit block",
        setup=("CREATE TYPE {t} AS ENUM ('new')",),
        undo=("DROP TYPE {t}",),
        bad=pieces(("ALTER TYPE {t} ADD VALUE 'seen'",)),
        good=pieces(("ALTER TYPE {t} ADD VALUE IF NOT EXISTS 'seen'",)),
        subject="upgrade of {t}",
        says="42710",
        typed=("ALTER TYPE {t} ADD VALUE IF NOT EXISTS 'seen'",),
    ),
    Pair(
        slug="rename",
        check="crash",
        fails="a column is renamed in an autocommit block",
        setup=TABLE,
        bad=Body(
            in_pieces(sql("ALTER TABLE {t} RENAME COLUMN code TO number")),
            sql("ALTER TABLE {t} RENAME COLUMN number TO code"),
        ),
        good=steps(
            ("ALTER TABLE {t} RENAME COLUMN code TO number",), ("ALTER TABLE {t} RENAME COLUMN number TO code",)
        ),
        subject="upgrade of {t}",
        says="42703",
    ),
)

FILLED = (
    Pair(
        slug="counts_twice",
        check="crash",
        fails="a counter is added to in a transaction of its own, and a second time by the second run",
        setup=COUNTED,
        bad=pieces((COUNTS,)),
        good=pieces((COUNTS_ONCE,)),
        says="seen is",
    ),
    Pair(
        slug="batches",
        check="crash",
        fails="rows are changed and committed one after the other, and those that were are changed again",
        setup=COUNTED,
        bad=Body(in_pieces(EACH_ROW.format(COUNTS))),
        good=Body(in_pieces(EACH_ROW_ONCE.format(COUNTS_ONCE))),
        says="seen is",
    ),
    Pair(
        slug="procedure",
        check="crash",
        fails="a DO block commits row by row, and does all of it again",
        setup=COUNTED,
        bad=pieces((PROCEDURE.format(f"{COUNTS} WHERE"),)),
        good=pieces((PROCEDURE.format(f"{COUNTS_ONCE} AND"),)),
        says="seen is",
    ),
    Pair(
        slug="driver",
        check="crash",
        fails="a revision commits by the driver's own connection",
        setup=COUNTED,
        bad=Body(
            sql(COUNTS) + "\nop.get_bind().connection.commit()\n" + sql("ALTER TABLE {t} ADD COLUMN two int"),
            sql("ALTER TABLE {t} DROP COLUMN two"),
        ),
        good=Body(
            sql(COUNTS) + "\n" + sql("ALTER TABLE {t} ADD COLUMN two int"), sql("ALTER TABLE {t} DROP COLUMN two")
        ),
        says="seen is",
    ),
    Pair(
        slug="seeds",
        check="crash",
        fails="rows are inserted in a transaction of their own, and once more by the second run",
        setup=COUNTED,
        bad=pieces(("INSERT INTO {t} SELECT max(id) + 1, 0 FROM {t}",), ("DELETE FROM {t} WHERE seen = 0",)),
        good=pieces(("INSERT INTO {t} VALUES (4, 0) ON CONFLICT DO NOTHING",), ("DELETE FROM {t} WHERE seen = 0",)),
        typed=("ON CONFLICT DO NOTHING",),
        says="5 where a run that nobody stops leaves 4",
    ),
    Pair(
        slug="guarded",
        check="crash",
        fails="a column that is there already is taken for one that is filled already",
        setup=COUNTED,
        bad=Body(
            "if not any(one['name'] == 'two' for one in sa.inspect(op.get_bind()).get_columns('{t}')):\n"
            + textwrap.indent(
                in_pieces(sql("ALTER TABLE {t} ADD COLUMN two int", "UPDATE {t} SET two = seen")), "    "
            ),
            sql("ALTER TABLE {t} DROP COLUMN two"),
        ),
        good=Body(
            in_pieces(
                sql("ALTER TABLE {t} ADD COLUMN IF NOT EXISTS two int", "UPDATE {t} SET two = seen WHERE two IS NULL")
            ),
            sql("ALTER TABLE {t} DROP COLUMN two"),
        ),
        says="two is",
    ),
    Pair(
        slug="moves",
        check="crash",
        fails="rows are copied and then deleted, in two transactions",
        setup=(*COUNTED, "CREATE TABLE {t}_old AS TABLE {t} WITH NO DATA"),
        undo=("DROP TABLE {t}", "DROP TABLE {t}_old"),
        bad=pieces(("INSERT INTO {t}_old SELECT * FROM {t} WHERE id < 3", "DELETE FROM {t} WHERE id < 3")),
        good=pieces(
            ("WITH moved AS (DELETE FROM {t} WHERE id < 3 RETURNING *) INSERT INTO {t}_old SELECT * FROM moved",)
        ),
        subject="table public.{t}_old",
        says="where a run",
    ),
)

PAIRS = (*BUILT, *DEFINED, *FILLED)

_ACCOUNT = Revision(
    "account",
    sql("CREATE TABLE account (id int PRIMARY KEY, visits int)", "INSERT INTO account VALUES (1, 1)"),
    sql("DROP TABLE account"),
)
# Whoever is stopped after it finds it done when it is run again; of two that meet, both have found it undone.
_COUNT_UNLESS_DONE = Revision(
    "count",
    in_pieces(sql("UPDATE account SET visits = visits + 1 WHERE NOT EXISTS (SELECT FROM account WHERE visits > 1)")),
    sql("UPDATE account SET visits = visits - 1"),
)
_SHELF = Revision("shelf", sql("CREATE TABLE shelf (id int PRIMARY KEY)"), sql("DROP TABLE shelf"))
AT_ONCE = (
    Whole(
        check="crash",
        fails="two upgrades at once add to a counter twice, since neither waits for the other",
        bad=(_ACCOUNT, _COUNT_UNLESS_DONE),
        good=(_ACCOUNT, _COUNT_UNLESS_DONE),
        bad_env=ENV,
        good_env=LOCKED,
        revision="count",
        subject="table public.account",
        says="leave other rows",
        fix="pg_try_advisory_lock",
    ),
    Whole(
        check="crash",
        fails="two upgrades at once wait for each other for ever, in sessions of which PostgreSQL sees no cycle",
        bad=(_ACCOUNT, _SHELF),
        good=(_ACCOUNT, _SHELF),
        bad_env=HANGS,
        good_env=LOCKED,
        revision="account",
        subject="2 upgrades at once of account",
        says="wait for each other for ever",
        fix="pg_try_advisory_lock",
    ),
)
