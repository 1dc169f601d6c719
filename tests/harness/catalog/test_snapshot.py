from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pgharness.catalog.diff import difference
from pgharness.catalog.facts import KINDS
from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Database
from pgharness.findings import CannotRun
from pgharness.servers import Connection
from tests.harness.catalog.drifting import BASE
from tests.harness.catalog.serving import Major
from tests.harness.catalog.trying import Bench, taken_back

pytestmark = pytest.mark.every_major


@pytest.fixture
def database(major: Major, bench: Bench) -> Iterator[Database]:
    clone = major.databases.clone(bench.base)
    yield clone
    major.databases.drop(clone)


def test_a_snapshot_takes_one_round_trip(database: Database, tmp_path: Path) -> None:
    with database.connect() as connection, (tmp_path / "trace").open("w+b") as trace:
        connection.pgconn.trace(trace.fileno())
        take_snapshot(connection)
        connection.pgconn.untrace()
        said = (tmp_path / "trace").read_text(errors="replace")

    assert said.count("ReadyForQuery") == 1


def test_a_role_that_may_only_connect_reads_the_same_catalog(database: Database) -> None:
    with database.connect() as connection:
        whole = take_snapshot(connection)
        connection.execute("DROP ROLE IF EXISTS a_guest")
        connection.execute("CREATE ROLE a_guest LOGIN")

    with psycopg.connect(database.conninfo, user="a_guest", autocommit=True) as guest:
        seen = take_snapshot(guest)

    # What a user mapping holds is shown to its user alone (pg_user_mappings).
    assert {item.kind for item in difference(whole, seen)} <= {"user mapping"}


def test_a_snapshot_knows_its_kinds_and_refuses_one_that_there_is_not(database: Database) -> None:
    with database.connect() as connection:
        snapshot = take_snapshot(connection)

    assert {key.kind for key in snapshot.facts} <= KINDS
    with pytest.raises(
        ValueError, match=r"^No object is of the kind 'colum'\. Did you mean 'column'\? The kinds are: access method, "
    ):
        snapshot.objects("colum")
    with pytest.raises(ValueError, match="Did you mean 'index'"):
        snapshot.value("indx", "public.ix")


def test_a_snapshot_can_be_taken_in_a_transaction_that_may_not_write(database: Database) -> None:
    with database.connect() as connection:
        usual = take_snapshot(connection)
        connection.execute("BEGIN READ ONLY")

        assert take_snapshot(connection) == usual


def test_no_sequence_moves_and_no_default_is_executed(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(
            "CREATE FUNCTION public.bang() RETURNS integer LANGUAGE plpgsql AS $$BEGIN RAISE 'executed'; END$$;"
            "ALTER TABLE public.plain ALTER id SET DEFAULT public.bang()"
        )
        before = _sequences(connection)

        take_snapshot(connection)

        assert _sequences(connection) == before


def test_a_snapshot_in_a_transaction_sees_what_that_has_changed(bench: Bench) -> None:
    with taken_back(bench.base) as (_, connection):
        connection.execute("CREATE TABLE public.fresh (id integer)")

        assert take_snapshot(connection).value("table", "public.fresh") == "table"


def test_a_snapshot_leaves_the_settings_of_a_transaction_as_they_were(database: Database) -> None:
    with database.connect() as connection, connection.transaction():
        connection.execute("SET search_path = shop, public")
        connection.execute("SET LOCAL timezone = 'Asia/Tokyo'")

        take_snapshot(connection)

        row = connection.execute("SELECT current_setting('search_path'), current_setting('timezone')").fetchone()
        assert row == ("shop, public", "Asia/Tokyo")


def test_a_snapshot_during_other_peoples_ddl_is_whole_or_an_error_that_says_so(database: Database) -> None:
    """The other session makes a table and its index in one transaction: a snapshot has both or neither."""
    stop = threading.Event()

    def make_and_drop() -> None:
        with database.connect() as connection:
            while not stop.is_set():
                connection.execute("CREATE TABLE public.busy (id integer); CREATE INDEX busy_idx ON public.busy (id)")
                connection.execute("DROP TABLE public.busy")

    other = threading.Thread(target=make_and_drop)
    other.start()
    try:
        seen = [_pair_seen(database) for _ in range(8)]
    finally:
        stop.set()
        other.join()

    assert set(seen) <= {
        (True, True),
        (False, False),
        "other transactions changed the catalog during each of the readings",
    }


def test_two_databases_made_in_another_order_of_statements_have_no_difference(major: Major, bench: Bench) -> None:
    other = major.databases.create_empty("other")
    try:
        with other.connect() as connection:
            # Other oids and other order in every catalog.
            connection.execute(
                "CREATE TABLE public.first (id integer); DROP TABLE public.first; CREATE TABLE public.plain ()"
            )
            connection.execute("DROP TABLE public.plain")
            connection.execute(BASE.encode())
            assert difference(take_snapshot(connection), bench.snapshot) == ()
    finally:
        major.databases.drop(other)


def _pair_seen(database: Database) -> tuple[bool, bool] | str:
    with database.connect() as connection:
        try:
            snapshot = take_snapshot(connection)
        except CannotRun as reason:
            return reason.seen
    return (
        snapshot.value("table", "public.busy") is not None,
        snapshot.value("index", "public.busy_idx") is not None,
    )


def _sequences(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2").fetchall()
