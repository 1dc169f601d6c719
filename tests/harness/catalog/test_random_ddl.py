from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgharness.catalog.diff import difference
from pgharness.catalog.snapshot import take_snapshot
from tests.harness.catalog.serving import Major
from tests.harness.catalog.trying import Bench

# In the gate a few, always the same; PGHARNESS_RANDOM_DDL=1000 tries as many new ones.
EXAMPLES = os.environ.get("PGHARNESS_RANDOM_DDL")

tables = st.sampled_from(["shop.author", "shop.book", "shop.note", "public.plain", "shop.detached"])
columns = {
    "shop.author": ["name", "email", "bio", "rating"],
    "shop.book": ["title", "price", "pages", "shelf"],
    "shop.note": ["id", "body"],
    "public.plain": ["id", "label"],
    "shop.detached": ["at", "amount"],
}
names = st.sampled_from(["odd", "Odd", "öde", "select", 'a"b', "with space"])
types = st.sampled_from(
    ["integer", "text", "numeric(8,2)", "text[]", "shop.mood", "timestamptz", "varchar(7)", "jsonb"]
)
functions = st.sampled_from(["shop.twice(integer)", "shop.touch()"])
objects = st.sampled_from(
    [
        "TABLE shop.author",
        "COLUMN shop.book.title",
        "INDEX shop.book_title_idx",
        "TYPE shop.mood",
        "VIEW shop.cheap",
        "SCHEMA shop",
        "SEQUENCE shop.ticket",
        "FUNCTION shop.twice(integer)",
        "CONSTRAINT author_rating_check ON shop.author",
    ]
)
privileges = st.sampled_from(["SELECT", "INSERT, UPDATE", "ALL", "TRIGGER"])
roles = st.sampled_from(["shop_reader", "shop_writer", "PUBLIC"])


def quoted(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


@st.composite
def of_the_database(draw: st.DrawFn) -> str:
    """One statement about the database itself."""
    role = draw(roles)
    setting = draw(
        st.sampled_from(["work_mem = '8MB'", 'search_path = shop, "Odd"', "search_path = ''", "shop.motto = 'a'"])
    )
    said = draw(
        st.sampled_from(
            [
                f"ALTER DATABASE %I SET {setting}",
                "ALTER DATABASE %I RESET work_mem",
                f"ALTER ROLE shop_reader IN DATABASE %I SET {setting}",
                f"GRANT {draw(st.sampled_from(['CONNECT', 'CREATE', 'ALL']))} ON DATABASE %I TO {role}",
                f"REVOKE {draw(st.sampled_from(['CONNECT', 'TEMPORARY', 'ALL']))} ON DATABASE %I FROM {role}",
                f"COMMENT ON DATABASE %I IS {draw(st.sampled_from(['NULL', chr(39) + 'said' + chr(39)]))}",
                f"ALTER DATABASE %I CONNECTION LIMIT {draw(st.sampled_from([-1, 3]))}",
            ]
        )
    )
    return f"DO $of$ BEGIN EXECUTE format($name${said}$name$, current_database()); END $of$"


@st.composite
def statement(draw: st.DrawFn) -> str:
    """One statement of DDL; it may change nothing, and it may fail."""
    if draw(st.integers(0, 9)) == 0:
        return draw(of_the_database())
    table = draw(tables)
    column = draw(st.sampled_from(columns[table]))
    name, role = quoted(draw(names)), draw(roles)
    return draw(
        st.sampled_from(
            [
                f"ALTER TABLE {table} ADD COLUMN {name} {draw(types)}",
                f"ALTER TABLE {table} ADD COLUMN {name} integer DEFAULT {draw(st.integers(-3, 3))} NOT NULL",
                f"ALTER TABLE {table} DROP COLUMN {column} CASCADE",
                f"ALTER TABLE {table} ALTER {column} SET NOT NULL",
                f"ALTER TABLE {table} ALTER {column} DROP NOT NULL",
                f"ALTER TABLE {table} ALTER {column} SET STATISTICS {draw(st.sampled_from([-1, 0, 100, 500]))}",
                f"ALTER TABLE {table} ALTER {column} SET STORAGE {draw(st.sampled_from(['PLAIN', 'EXTERNAL', 'MAIN']))}",
                f"ALTER TABLE {table} RENAME {column} TO {name}",
                f"ALTER TABLE {table} SET (fillfactor = {draw(st.sampled_from([50, 100]))})",
                f"ALTER TABLE {table} {draw(st.sampled_from(['ENABLE', 'DISABLE', 'FORCE', 'NO FORCE']))} ROW LEVEL SECURITY",
                f"ALTER TABLE {table} REPLICA IDENTITY {draw(st.sampled_from(['FULL', 'DEFAULT', 'NOTHING']))}",
                f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL){draw(st.sampled_from(['', ' NOT VALID', ' NO INHERIT']))}",
                f"CREATE {draw(st.sampled_from(['', 'UNIQUE ']))}INDEX {name} ON {table} ({column}{draw(st.sampled_from(['', ' DESC', ' NULLS FIRST']))})",
                f"CREATE INDEX {name} ON {table} ({column}) WHERE {column} IS NOT NULL",
                f"CREATE STATISTICS shop.{name} ON {', '.join(columns[table][:2])} FROM {table}",
                f"CREATE VIEW shop.{name} AS SELECT {column} AS {name} FROM {table}",
                f"CREATE SEQUENCE shop.{name} INCREMENT BY {draw(st.sampled_from([1, 2, -1]))}",
                f"CREATE DOMAIN shop.{name} AS {draw(types)}",
                f"CREATE TYPE shop.{name} AS ENUM ('a', 'B')",
                f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION shop.touch()",
                f"CREATE POLICY {name} ON {table} TO {role} USING (true)",
                f"CREATE RULE {name} AS ON INSERT TO {table} DO ALSO NOTHING",
                f"COMMENT ON {draw(objects)} IS {draw(st.sampled_from(['NULL', chr(39) + 'said' + chr(39)]))}",
                f"GRANT {draw(privileges)} ON {table} TO {role}",
                f"REVOKE {draw(privileges)} ON {table} FROM {role}",
                f"GRANT EXECUTE ON FUNCTION {draw(functions)} TO {role}",
                f"REVOKE EXECUTE ON FUNCTION {draw(functions)} FROM {role}",
                f"ALTER FUNCTION {draw(functions)} {draw(st.sampled_from(['STRICT', 'STABLE', 'VOLATILE', 'COST 7', 'PARALLEL SAFE']))}",
                f"ALTER SEQUENCE shop.ticket {draw(st.sampled_from(['CYCLE', 'NO CYCLE', 'CACHE 3', 'INCREMENT BY 5', 'START 100']))}",
                f"ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO {role}",
                f"DROP TABLE {table} CASCADE",
            ]
        )
    )


@settings(
    max_examples=int(EXAMPLES or 15),
    derandomize=EXAMPLES is None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=st.lists(statement(), min_size=1, max_size=4))
def test_a_comparison_sees_a_difference_exactly_where_pg_dump_does(
    changes: list[str], major: Major, bench: Bench
) -> None:
    database = major.databases.clone(bench.base)
    try:
        with database.connect() as connection:
            for change in changes:
                # One that cannot be done changes nothing, and that has to be seen as well.
                connection.execute(
                    f"DO $do$ BEGIN EXECUTE $sql${change}$sql$; EXCEPTION WHEN OTHERS THEN NULL; END $do$"
                )
            seen = difference(take_snapshot(connection), bench.snapshot)

        assert (seen != ()) is (major.dump(database) != bench.dump)
    finally:
        major.databases.drop(database)
