"""Read again and again, in pieces, a catalog is read as whole as at once."""

from __future__ import annotations

import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.incremental_reader import Reader
from pgharness.catalog.snapshot import take_snapshot
from tests.harness.catalog.trying import Bench, Trial, taken_back

_OF_DATABASE = "DO $do$ BEGIN EXECUTE format($${}$$, current_database()); END $do$"
# One of each thing that few databases have, alone in its database; where it needs another, that comes in the line before.
RARE = {
    "an aggregate": "CREATE AGGREGATE public.total (integer) (SFUNC = int4pl, STYPE = integer)",
    "a composite type": "CREATE TYPE public.pair AS (a integer, b text)",
    "a base type": "CREATE TYPE public.shell; CREATE FUNCTION public.shell_in(cstring) RETURNS public.shell LANGUAGE internal AS 'textin';"
    "CREATE FUNCTION public.shell_out(public.shell) RETURNS cstring LANGUAGE internal AS 'textout';"
    "CREATE TYPE public.shell (INPUT = public.shell_in, OUTPUT = public.shell_out)",
    "a shell type": "CREATE TYPE public.shell",
    "a collation": """CREATE COLLATION public.plain (LOCALE = 'C')""",
    "default privileges": "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO shop_reader",
    "a domain": "CREATE DOMAIN public.positive AS integer CONSTRAINT positive CHECK (VALUE > 0) NOT NULL",
    "an event trigger": "CREATE FUNCTION public.tell() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
    "CREATE EVENT TRIGGER tell ON ddl_command_end EXECUTE FUNCTION public.tell()",
    "a foreign data wrapper": "CREATE FOREIGN DATA WRAPPER far",
    "a server": "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far;"
    "CREATE USER MAPPING FOR shop_reader SERVER away",
    "a function": "CREATE FUNCTION public.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "a procedure": "CREATE PROCEDURE public.one() LANGUAGE sql AS 'SELECT 1'",
    "a language": "CREATE LANGUAGE plpgsql_too HANDLER plpgsql_call_handler",
    "a transform": "CREATE TRANSFORM FOR integer LANGUAGE plpgsql (FROM SQL WITH FUNCTION prsd_lextype(internal))",
    "a cast": "CREATE CAST (point AS inet) WITH INOUT",
    "a conversion": "CREATE CONVERSION public.to_utf8 FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
    "an access method": "CREATE ACCESS METHOD heap_three TYPE TABLE HANDLER heap_tableam_handler",
    "an operator": "CREATE OPERATOR public.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq)",
    "an operator family": "CREATE OPERATOR FAMILY public.loose USING btree",
    "a member of an operator family": "CREATE OPERATOR FAMILY public.loose USING btree;"
    "ALTER OPERATOR FAMILY public.loose USING btree ADD OPERATOR 1 < (integer, integer)",
    "a support function of an operator family": "CREATE OPERATOR FAMILY public.loose USING btree;"
    "ALTER OPERATOR FAMILY public.loose USING btree ADD FUNCTION 1 (integer, integer) btint4cmp(integer, integer)",
    "an operator class": "CREATE OPERATOR CLASS public.loose FOR TYPE integer USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(integer, integer)",
    "an operator class of a family that came with the server": "CREATE OPERATOR CLASS public.loose FOR TYPE name USING gin"
    " FAMILY array_ops AS STORAGE name",
    "an extension": "DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql",
    "a policy": "CREATE TABLE public.a (id integer); CREATE POLICY all_of_it ON public.a USING (true)",
    "a publication": "CREATE PUBLICATION everything FOR ALL TABLES",
    "a table in a publication": "CREATE TABLE public.a (id integer); CREATE PUBLICATION a_few FOR TABLE public.a",
    "a schema in a publication": "CREATE PUBLICATION a_few FOR TABLES IN SCHEMA public",
    "a rule": "CREATE TABLE public.a (id integer); CREATE RULE none AS ON DELETE TO public.a DO INSTEAD NOTHING",
    "extended statistics": "CREATE TABLE public.a (a integer, b integer); CREATE STATISTICS public.both ON a, b FROM public.a",
    "a subscription": "CREATE SUBSCRIPTION far CONNECTION 'host=nowhere' PUBLICATION a_few WITH (connect = false, slot_name = NONE)",
    "a text search parser": "CREATE TEXT SEARCH PARSER public.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end,"
    "LEXTYPES = prsd_lextype)",
    "a text search template": "CREATE TEXT SEARCH TEMPLATE public.t (LEXIZE = dsimple_lexize)",
    "a text search dictionary": "CREATE TEXT SEARCH DICTIONARY public.d (TEMPLATE = simple)",
    "a text search configuration": "CREATE TEXT SEARCH CONFIGURATION public.c (COPY = simple)",
    "a trigger": "CREATE TABLE public.a (id integer); CREATE TRIGGER keep BEFORE UPDATE ON public.a FOR EACH ROW"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "a comment on a view's column": "CREATE VIEW public.v AS SELECT 1 AS one; COMMENT ON COLUMN public.v.one IS 'one'",
    "a comment on a materialized view's column": "CREATE MATERIALIZED VIEW public.v AS SELECT 1 AS one;"
    "COMMENT ON COLUMN public.v.one IS 'one'",
    "a partition": "CREATE TABLE public.a (id integer) PARTITION BY LIST (id);"
    "CREATE TABLE public.b PARTITION OF public.a FOR VALUES IN (1)",
    "an enum": "CREATE TYPE public.state AS ENUM ('open')",
    "a range": "CREATE TYPE public.span AS RANGE (SUBTYPE = integer)",
    "privileges on a table": "CREATE TABLE public.a (id integer); GRANT SELECT ON public.a TO shop_reader",
    "privileges on a column": "CREATE TABLE public.a (id integer); GRANT SELECT (id) ON public.a TO shop_reader",
    "privileges on a function": "CREATE FUNCTION public.one() RETURNS integer LANGUAGE sql AS 'SELECT 1';"
    "REVOKE EXECUTE ON FUNCTION public.one() FROM PUBLIC",
    "privileges on a type": "CREATE TYPE public.state AS ENUM ('open'); REVOKE USAGE ON TYPE public.state FROM PUBLIC",
    "privileges on a schema": "GRANT CREATE ON SCHEMA public TO shop_reader",
    "privileges on a schema of the server's": "GRANT CREATE ON SCHEMA pg_catalog TO shop_reader",
    "privileges on a language of the server's": "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
    "a setting of the database": _OF_DATABASE.format("ALTER DATABASE %I SET work_mem = '64MB'"),
    "a setting of a role in the database": _OF_DATABASE.format(
        "ALTER ROLE shop_reader IN DATABASE %I SET work_mem = '64MB'"
    ),
    "privileges on the database": _OF_DATABASE.format("REVOKE CONNECT ON DATABASE %I FROM PUBLIC"),
    "a comment on the database": _OF_DATABASE.format("COMMENT ON DATABASE %I IS 'the shop'"),
    "a limit of the database's connections": _OF_DATABASE.format("ALTER DATABASE %I CONNECTION LIMIT 7"),
}
# What came with the server and lies in its large catalogs.
ON_SERVER_ROWS = {
    "a table": "GRANT SELECT ON pg_catalog.pg_authid TO shop_reader",
    "a column": "GRANT SELECT (rolname) ON pg_catalog.pg_authid TO shop_reader",
    "a function": "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC",
    "a type": "REVOKE USAGE ON TYPE pg_catalog.int4 FROM PUBLIC",
}


def everything(snapshot: Snapshot) -> tuple[object, ...]:
    return snapshot.facts, snapshot.parents, snapshot.dependencies


@pytest.mark.parametrize("made", RARE.values(), ids=RARE)
def test_what_few_databases_have_is_read_when_it_comes(bench: Bench, made: str) -> None:
    with taken_back(bench.scratch) as (_, connection):
        reader = Reader(connection)
        reader.read_first()

        connection.execute(made.encode())

        assert everything(reader.read()) == everything(take_snapshot(connection))


def test_what_users_make_is_no_reason_to_doubt(bench: Bench) -> None:
    with taken_back(bench.scratch) as (_, connection):
        reader = Reader(connection)
        reader.read_first()

        connection.execute("CREATE TABLE public.a (id integer PRIMARY KEY); GRANT SELECT ON public.a TO shop_reader")

        assert reader.has_missed_nothing()


@pytest.mark.turn(0)
def test_a_drift_is_read_as_whole_in_pieces_as_at_once(trial: Trial) -> None:
    in_pieces, at_once = trial.read_again()

    assert everything(in_pieces) == everything(at_once)


@pytest.mark.parametrize("done", ON_SERVER_ROWS.values(), ids=ON_SERVER_ROWS)
def test_a_privilege_on_what_came_with_the_server_is_not_missed(bench: Bench, done: str) -> None:
    """Another session gives it and takes it back between two readings: both are alike, and the reader knows that it may have missed one."""
    database = bench.major.databases.create_empty("granted")
    try:
        with database.connect() as connection, database.connect() as other:
            reader = Reader(connection)
            reader.read_first()
            assert reader.has_missed_nothing()

            other.execute(done.encode())
            seen = take_snapshot(connection)

            assert not reader.has_missed_nothing()
            assert everything(Reader(connection).read()) == everything(seen)
            other.execute(_undone(done).encode())
            assert not reader.has_missed_nothing()
    finally:
        bench.major.databases.drop(database)


def test_privileges_that_were_there_at_first_are_read_each_time(bench: Bench) -> None:
    with taken_back(bench.scratch) as (_, connection):
        connection.execute(ON_SERVER_ROWS["a function"].encode())
        reader = Reader(connection)

        first, second = reader.read_first(), reader.read()

        assert everything(first) == everything(second) == everything(take_snapshot(connection))


@pytest.mark.every_major
def test_the_second_reading_takes_one_round_trip_too(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("trace") / "trace"
    with bench.base.connect() as connection, file.open("w+b") as trace:
        reader = Reader(connection)
        reader.read_first()
        connection.pgconn.trace(trace.fileno())
        reader.read()
        connection.pgconn.untrace()

    assert file.read_text(errors="replace").count("ReadyForQuery") == 1


def _undone(done: str) -> str:
    words = {"GRANT": "REVOKE", "REVOKE": "GRANT", " TO ": " FROM ", " FROM ": " TO "}
    verb, _, rest = done.partition(" ")
    preposition = " TO " if verb == "GRANT" else " FROM "
    return f"{words[verb]} {rest.replace(preposition, words[preposition])}"
