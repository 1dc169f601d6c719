"""Faults that `locks` tells: work on rows under a lock for which readers or writers wait, and its mended twin."""

from __future__ import annotations

from textwrap import indent

from tests.harness.history.pairs import Body, Pair, steps

ROWS = "CREATE TABLE {t} (id bigint PRIMARY KEY, a int NOT NULL, b varchar(40))"
FULL = (ROWS, "INSERT INTO {t} SELECT g, g, 'b' || g FROM generate_series(1, 20) AS g")
TWO = (
    *FULL,
    "CREATE TABLE {t}_2 (id bigint PRIMARY KEY, ref bigint)",
    "INSERT INTO {t}_2 SELECT g, g FROM generate_series(1, 20) AS g",
)
NO_TWO = ("DROP TABLE {t}_2", "DROP TABLE {t}")
BY_DAY = (
    "CREATE TABLE {t} (at date NOT NULL) PARTITION BY RANGE (at)",
    "CREATE TABLE {t}_old PARTITION OF {t} DEFAULT",
    "INSERT INTO {t} SELECT DATE '2020-01-01' + g FROM generate_series(1, 20) AS g",
    "ALTER TABLE {t}_old ADD CONSTRAINT {t}_c CHECK (at < '2030-01-01') NOT VALID",
)
AUTOCOMMIT = "with op.get_context().autocommit_block():\n    op.execute({!r})\n"
NEW_PARTITION = "CREATE TABLE {t}_new PARTITION OF {t} FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')"


def alone(*statements: str) -> str:
    """Return the code that executes each statement as a transaction by itself."""
    return "".join(AUTOCOMMIT.format(statement) for statement in statements)


def executed(*statements: str) -> str:
    """Return the code that executes statements in the revision's transaction."""
    return "".join(f"op.execute({statement!r})\n" for statement in statements)


ROW_BY_ROW = """\
for (number,) in op.get_bind().execute(sa.text("SELECT id FROM {t}")).fetchall():
    op.get_bind().execute(sa.text("UPDATE {t} SET c = :c WHERE id = :number"), {"c": 1, "number": number})
"""
DROP_INDEX = alone("DROP INDEX CONCURRENTLY {t}_x")
DROP_C = ("ALTER TABLE {t} DROP c",)

PAIRS = (
    Pair(
        slug="index_build",
        check="locks",
        fails="an index is built while nobody can write",
        setup=FULL,
        bad=Body('op.create_index("{t}_x", "{t}", ["a"])', 'op.drop_index("{t}_x")'),
        good=Body(alone("CREATE INDEX CONCURRENTLY {t}_x ON {t} (a)"), DROP_INDEX),
        says="holds SHARE on public.bad_index_build while `CREATE INDEX bad_index_build_x",
    ),
    Pair(
        slug="index_in_a_block",
        check="locks",
        fails="an index is built by what a DO block executes",
        setup=FULL,
        bad=steps(["DO $$ BEGIN EXECUTE 'CREATE INDEX {t}_x ON {t} (a)'; END $$"], ["DROP INDEX {t}_x"]),
        good=steps(["DO $$ BEGIN PERFORM 1; END $$"]),
        says="builds the index bad_index_in_a_block_x",
    ),
    Pair(
        slug="index_made_again",
        check="locks",
        fails="the downgrade builds the index anew while nobody can write",
        setup=(*FULL, "CREATE INDEX {t}_x ON {t} (a)"),
        bad=Body(DROP_INDEX, executed("CREATE INDEX {t}_x ON {t} (a)")),
        good=Body(DROP_INDEX, alone("CREATE INDEX CONCURRENTLY {t}_x ON {t} (a)")),
        says="downgrade() holds SHARE",
    ),
    Pair(
        slug="index_rebuilt",
        check="locks",
        fails="an index is built anew while nobody can write",
        setup=(*FULL, "CREATE INDEX {t}_x ON {t} (a)"),
        bad=steps(["REINDEX INDEX {t}_x"]),
        good=Body(alone("REINDEX INDEX CONCURRENTLY {t}_x")),
        says="holds SHARE",
    ),
    Pair(
        slug="unique",
        check="locks",
        fails="a constraint builds its index while nobody can read",
        setup=FULL,
        bad=steps(["ALTER TABLE {t} ADD CONSTRAINT {t}_x UNIQUE (a)"], ["ALTER TABLE {t} DROP CONSTRAINT {t}_x"]),
        good=Body(
            alone("CREATE UNIQUE INDEX CONCURRENTLY {t}_x ON {t} (a)")
            + executed("ALTER TABLE {t} ADD CONSTRAINT {t}_x UNIQUE USING INDEX {t}_x"),
            executed("ALTER TABLE {t} DROP CONSTRAINT {t}_x"),
        ),
        says="holds ACCESS EXCLUSIVE",
    ),
    Pair(
        slug="default",
        check="locks",
        fails="a default that differs from row to row writes the table anew",
        setup=FULL,
        bad=steps(["ALTER TABLE {t} ADD c uuid DEFAULT gen_random_uuid()"], DROP_C),
        good=steps(["ALTER TABLE {t} ADD c int NOT NULL DEFAULT 5"], DROP_C),
        says="writes public.bad_default anew",
    ),
    Pair(
        slug="type",
        check="locks",
        fails="a narrower type writes the table anew, which a wider one does not",
        setup=FULL,
        bad=steps(["ALTER TABLE {t} ALTER a TYPE bigint"]),
        good=steps(["ALTER TABLE {t} ALTER b TYPE varchar(80)"]),
        says="writes public.bad_type anew",
    ),
    Pair(
        slug="type_by_itself",
        check="locks",
        fails="a table is written anew by a statement that is a transaction by itself",
        setup=FULL,
        bad=Body(alone("ALTER TABLE {t} ALTER a TYPE bigint")),
        good=Body(alone("ALTER TABLE {t} ALTER b TYPE text")),
        says="holds ACCESS EXCLUSIVE",
    ),
    Pair(
        slug="cluster",
        check="locks",
        fails="a table is written in another order, of which no message speaks",
        setup=FULL,
        bad=steps(["CLUSTER {t} USING {t}_pkey"]),
        good=steps(["ALTER TABLE {t} CLUSTER ON {t}_pkey"]),
        says="writes public.bad_cluster anew",
    ),
    Pair(
        slug="vacuum_full",
        check="locks",
        fails="VACUUM FULL writes a table anew",
        setup=FULL,
        bad=Body(alone("VACUUM FULL {t}")),
        good=Body(alone("VACUUM ANALYZE {t}")),
        says="writes public.bad_vacuum_full anew",
    ),
    Pair(
        slug="refresh",
        check="locks",
        fails="a materialized view is filled anew while nobody can read it",
        setup=(
            *FULL,
            "CREATE MATERIALIZED VIEW {t}_m AS SELECT id FROM {t}",
            "CREATE UNIQUE INDEX {t}_x ON {t}_m (id)",
        ),
        undo=("DROP MATERIALIZED VIEW {t}_m", "DROP TABLE {t}"),
        bad=steps(["REFRESH MATERIALIZED VIEW {t}_m"]),
        good=steps(["REFRESH MATERIALIZED VIEW CONCURRENTLY {t}_m"]),
        subject="materialized view public.{t}_m",
        says="reads wait",
    ),
    Pair(
        slug="not_null",
        check="locks",
        fails="SET NOT NULL looks through all rows, unless a validated CHECK proves it",
        setup=(*FULL, "ALTER TABLE {t} ADD CONSTRAINT {t}_c CHECK (b IS NOT NULL)"),
        bad=steps(["ALTER TABLE {t} DROP CONSTRAINT {t}_c", "ALTER TABLE {t} ALTER b SET NOT NULL"]),
        good=steps(["ALTER TABLE {t} ALTER b SET NOT NULL"]),
        says="looks through all rows",
    ),
    Pair(
        slug="check",
        check="locks",
        fails="a CHECK is validated while nobody can read",
        setup=FULL,
        bad=steps(["ALTER TABLE {t} ADD CONSTRAINT {t}_c CHECK (a > 0)"], ["ALTER TABLE {t} DROP CONSTRAINT {t}_c"]),
        good=Body(
            executed("ALTER TABLE {t} ADD CONSTRAINT {t}_c CHECK (a > 0) NOT VALID")
            + alone("ALTER TABLE {t} VALIDATE CONSTRAINT {t}_c"),
            executed("ALTER TABLE {t} DROP CONSTRAINT {t}_c"),
        ),
        says="looks through all rows",
    ),
    Pair(
        slug="validated_at_once",
        check="locks",
        fails="NOT VALID and VALIDATE in one transaction, which still holds the lock of the first",
        setup=FULL,
        bad=steps(
            [
                "ALTER TABLE {t} ADD CONSTRAINT {t}_c CHECK (a > 0) NOT VALID",
                "ALTER TABLE {t} VALIDATE CONSTRAINT {t}_c",
            ]
        ),
        good=steps(["ALTER TABLE {t} ADD CONSTRAINT {t}_c CHECK (a > 0) NOT VALID"]),
        says="took, while `ALTER TABLE bad_validated_at_once VALIDATE",
    ),
    Pair(
        slug="foreign_key",
        check="locks",
        fails="a foreign key is validated while nobody can write to either table",
        setup=TWO,
        undo=NO_TWO,
        bad=steps(
            ["ALTER TABLE {t}_2 ADD CONSTRAINT {t}_c FOREIGN KEY (ref) REFERENCES {t}"],
            ["ALTER TABLE {t}_2 DROP CONSTRAINT {t}_c"],
        ),
        good=steps(
            ["ALTER TABLE {t}_2 ADD CONSTRAINT {t}_c FOREIGN KEY (ref) REFERENCES {t} NOT VALID"],
            ["ALTER TABLE {t}_2 DROP CONSTRAINT {t}_c"],
        ),
        subject="table public.{t}_2",
        says="validates bad_foreign_key_c",
    ),
    Pair(
        slug="filled_at_once",
        check="locks",
        fails="a new column is filled while the lock that adding it took is held",
        setup=FULL,
        bad=steps(["ALTER TABLE {t} ADD c int", "UPDATE {t} SET c = a"], DROP_C),
        good=Body(executed("ALTER TABLE {t} ADD c int") + alone("UPDATE {t} SET c = a"), executed(*DROP_C)),
        says="which `ALTER TABLE bad_filled_at_once ADD c int` took, while `UPDATE",
    ),
    Pair(
        slug="filled_row_by_row",
        check="locks",
        fails="a new column is filled row by row while the lock that adding it took is held",
        setup=FULL,
        bad=Body(executed("ALTER TABLE {t} ADD c int") + ROW_BY_ROW, executed(*DROP_C)),
        good=Body(
            executed("ALTER TABLE {t} ADD c int")
            + "with op.get_context().autocommit_block():\n"
            + indent(ROW_BY_ROW, "    "),
            executed(*DROP_C),
        ),
        says="reads the rows of public.bad_filled_row_by_row",
    ),
    Pair(
        slug="partitioned_index",
        check="locks",
        fails="an index of a partitioned table is built on all partitions while nobody can write to any",
        setup=BY_DAY,
        bad=steps(["CREATE INDEX {t}_x ON {t} (at)"], ["DROP INDEX {t}_x"]),
        good=steps(["CREATE INDEX {t}_x ON ONLY {t} (at)"], ["DROP INDEX {t}_x"]),
        subject="partitioned table public.{t}",
        says="holds SHARE on public.bad_partitioned_index while",
    ),
    Pair(
        slug="child_filled",
        check="locks",
        fails="a new table refers to another one, to which nobody can write while the new one is filled",
        setup=FULL,
        bad=steps(
            ["CREATE TABLE {t}_child (id bigint REFERENCES {t})", "INSERT INTO {t}_child SELECT id FROM {t}"],
            ["DROP TABLE {t}_child"],
        ),
        good=steps(["CREATE TABLE {t}_child (id bigint REFERENCES {t})"], ["DROP TABLE {t}_child"]),
        says="holds SHARE ROW EXCLUSIVE on public.bad_child_filled, which",
    ),
    Pair(
        slug="partition",
        check="locks",
        fails="a new partition looks through the DEFAULT partition, unless a validated CHECK proves that nothing belongs there",
        setup=BY_DAY,
        undo=("DROP TABLE {t}",),
        bad=steps([NEW_PARTITION], ["DROP TABLE {t}_new"]),
        good=Body(
            alone("ALTER TABLE {t}_old VALIDATE CONSTRAINT {t}_c") + executed(NEW_PARTITION),
            executed("DROP TABLE {t}_new"),
        ),
        subject="table public.{t}_old",
        says="reads the rows of public.bad_partition_old",
    ),
    Pair(
        slug="domain",
        check="locks",
        fails="a CHECK of a domain looks through the tables that use it",
        setup=(
            "CREATE DOMAIN {t}_d AS int",
            "CREATE TABLE {t} (id bigint PRIMARY KEY, a {t}_d)",
            "INSERT INTO {t} SELECT g, g FROM generate_series(1, 20) AS g",
        ),
        undo=("DROP TABLE {t}", "DROP DOMAIN {t}_d"),
        bad=steps(
            ["ALTER DOMAIN {t}_d ADD CONSTRAINT {t}_c CHECK (VALUE > 0)"], ["ALTER DOMAIN {t}_d DROP CONSTRAINT {t}_c"]
        ),
        good=steps(
            ["ALTER DOMAIN {t}_d ADD CONSTRAINT {t}_c CHECK (VALUE > 0) NOT VALID"],
            ["ALTER DOMAIN {t}_d DROP CONSTRAINT {t}_c"],
        ),
        says="reads the rows of public.bad_domain",
    ),
    Pair(
        slug="late_limit",
        check="locks",
        fails="lock_timeout is set after the first lock",
        setup=TWO,
        undo=NO_TWO,
        bad=steps(
            ["ALTER TABLE {t} ADD c int", "SET LOCAL lock_timeout = '5s'", "ALTER TABLE {t}_2 ADD c int"],
            ["SET LOCAL lock_timeout = '5s'", "ALTER TABLE {t} DROP c", "ALTER TABLE {t}_2 DROP c"],
        ),
        good=steps(
            ["SET LOCAL lock_timeout = '5s'", "ALTER TABLE {t} ADD c int", "ALTER TABLE {t}_2 ADD c int"],
            ["SET LOCAL lock_timeout = '5s'", "ALTER TABLE {t} DROP c", "ALTER TABLE {t}_2 DROP c"],
        ),
        says="no lock_timeout is in force",
    ),
    Pair(
        slug="excluded",
        check="locks",
        fails="an exclusion constraint builds its index, for which there is no other way: what is meant is declared",
        setup=FULL,
        bad=steps(
            ["ALTER TABLE {t} ADD CONSTRAINT {t}_x EXCLUDE (a WITH =)"], ["ALTER TABLE {t} DROP CONSTRAINT {t}_x"]
        ),
        good=steps(
            ["ALTER TABLE {t} ADD CONSTRAINT {t}_x EXCLUDE (a WITH =)"],
            ["ALTER TABLE {t} DROP CONSTRAINT {t}_x"],
            top='allow = {{"locks": "twenty rows"}}'.replace("{{", "{").replace("}}", "}"),
        ),
        says="builds the index bad_excluded_x",
    ),
)
