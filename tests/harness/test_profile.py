"""`pgharness profile`: production's sizes, read by a role that may only read, and no values of rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pgharness.databases import Database, Databases
from pgharness.findings import CannotRun
from pgharness.profile import Profile, read_profile, render_profile
from pgharness.profile.reading import has_a_value, take_profile
from pgharness.servers import Server

CARD = "4111-1111-1111-1111"
SCHEMA = f"""
CREATE TABLE account (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, card text);
INSERT INTO account (card) SELECT '{CARD}' FROM generate_series(1, 5000);
CREATE INDEX account_card ON account (card);
CREATE TABLE entry (id bigserial PRIMARY KEY, account_id int REFERENCES account);
CREATE TABLE wide (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE TABLE narrow (wide_id smallint REFERENCES wide);
CREATE TABLE day (at date NOT NULL, note text) PARTITION BY RANGE (at);
CREATE TABLE day_old PARTITION OF day DEFAULT;
INSERT INTO day SELECT '2020-01-01' FROM generate_series(1, 300);
CREATE TABLE fresh (x text);
INSERT INTO fresh SELECT 'x' FROM generate_series(1, 100);
ANALYZE account, entry, wide, narrow, day_old;
SELECT setval('account_id_seq', 2000000000), setval('wide_id_seq', 20000);
DROP ROLE IF EXISTS pgharness_reader;
CREATE ROLE pgharness_reader LOGIN PASSWORD 'r';
ALTER ROLE pgharness_reader SET lock_timeout = '3s';
"""


@pytest.fixture(scope="module")
def production(own_server: Server) -> Iterator[Database]:
    """Yield a database that holds rows; a role with no rights but to connect reads it."""
    with Databases(own_server) as databases:
        database = databases.create_empty("production")
        with database.connect() as connection:
            connection.execute(SCHEMA.encode())
        yield database
        databases.drop(database)
        with own_server.connect() as connection:
            connection.execute("DROP ROLE pgharness_reader")


@pytest.fixture(scope="module")
def read(production: Database) -> Profile:
    """Return what the owner reads, which holds all there is to know."""
    with production.connect(options="") as connection:
        return take_profile(connection, statements=False).profile


def reader_url(production: Database) -> str:
    where = production.project_location
    return f"postgresql://pgharness_reader:r@{where.host}:{where.port}/{production.name}"


def test_tables_have_rows_and_bytes_and_partitions_count_for_their_table(read: Profile) -> None:
    sizes = {name: read.table(f"public.{name}") for name in ("account", "day", "fresh", "none")}

    assert [one and one.rows for one in sizes.values()] == [5000, 300, None, None]
    assert all(one.bytes > 0 for one in sizes.values() if one is not None)
    assert [one.name for one in read.below("public.day")] == ["public.day_old"]
    assert [one.name for one in read.indexes_of("public.account")] == ["public.account_card", "public.account_pkey"]


def test_a_key_ends_where_its_column_or_a_column_that_refers_to_it_ends(read: Profile) -> None:
    keys = {one.column: (one.last, one.end, one.limited_by) for one in read.keys}

    assert keys == {
        "public.account.id": (2_000_000_000, 2**31 - 1, "public.account.id"),
        "public.entry.id": (None, 2**63 - 1, "public.entry.id"),
        "public.wide.id": (20_000, 2**15 - 1, "public.narrow.wide_id"),
    }


def test_settings_are_those_of_server_and_role_and_no_limits_of_ours(read: Profile) -> None:
    assert (read.settings["lock_timeout"], read.settings["TimeZone"]) == ("0", "UTC")
    assert ("pgharness_reader", "lock_timeout", "3s") in [(one.role, one.name, one.value) for one in read.set_for]


def test_a_role_that_may_only_connect_gets_the_sizes_and_is_told_what_to_grant(
    production: Database, command_line: Callable[..., Any], tmp_path: Path, read: Profile
) -> None:
    ended = command_line("profile", reader_url(production), "--output", tmp_path / "production.json")

    profile = read_profile(tmp_path / "production.json")
    assert (ended.code, profile.tables) == (0, read.tables)
    assert CARD not in render_profile(profile)
    assert {one.last for one in profile.keys} == {None}
    assert 'GRANT SELECT, USAGE ON SEQUENCE public.account_id_seq TO "pgharness_reader"' in ended.err
    assert "note: nobody has analyzed public.fresh, so the rows are not known: ANALYZE public.fresh" in ended.err


def test_an_earlier_profile_gives_keys_a_rate(production: Database, read: Profile) -> None:
    past = read.model_copy(
        update={
            "taken_at": read.taken_at.replace(year=read.taken_at.year - 1),
            "keys": tuple(one.model_copy(update={"last": 1_000_000_000}) for one in read.keys),
        }
    )
    with production.connect(options="") as connection:
        keys = take_profile(connection, statements=False, earlier=past).profile.keys

    account = next(one for one in keys if one.column == "public.account.id")
    assert account.per_day == pytest.approx(1e9 / 365, rel=0.01)
    assert account.days_left == pytest.approx(147_483_647 / (1e9 / 365), rel=0.01)


def test_reading_changes_nothing_and_waits_for_no_migration(production: Database) -> None:
    with production.connect() as holder, production.connect(options="") as connection, holder.transaction():
        holder.execute("LOCK account")

        with pytest.raises(CannotRun, match="a migration holds a table"):
            take_profile(connection, statements=False)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM account WHERE card = '4111'",
        "SELECT id FROM account WHERE id = 4111",
        "SELECT $$secret$$",
        "SELECT $1 -.5",
        "SELECT ARRAY[1]",
    ],
)
def test_a_statement_with_a_value_in_it_is_left_out(text: str) -> None:
    assert has_a_value(text)


@pytest.mark.parametrize("text", ["SELECT id FROM t1 WHERE card = $1 AND x2 > $22", """SELECT "it's 1" FROM t_1"""])
def test_a_statement_without_is_kept(text: str) -> None:
    assert not has_a_value(text)


def test_statements_are_read_without_values_comments_and_what_neither_reads_nor_writes(own_server: Server) -> None:
    """The view is one of ours, of the columns that are read, so that the server need not load the extension when it starts."""
    texts = (
        "SELECT id /* of a@b.c */ FROM account WHERE card = $1",
        f"SELECT id FROM account WHERE card = '{CARD}'",
        f"ALTER ROLE r PASSWORD '{CARD}'",
        "<insufficient privilege>",
    )
    with Databases(own_server) as databases, databases.create_empty("stats").connect() as connection:
        connection.execute("CREATE TABLE sent (query text)")
        connection.cursor().executemany("INSERT INTO sent VALUES (%s)", [(text,) for text in texts])
        connection.execute(
            "CREATE VIEW pg_stat_statements AS SELECT query, 7 AS calls, 0.5::float8 AS mean_exec_time, d.oid AS dbid"
            " FROM sent, pg_database AS d WHERE d.datname = current_database()"
        )

        reading, role = take_profile(connection, statements=True), connection.info.user

    told = [(one.text, one.calls, one.mean_ms) for one in reading.profile.statements or ()]
    assert told == [("SELECT id FROM account WHERE card = $1", 7, 0.5)]
    assert reading.missing[-2:] == (
        f'1 statement of other roles may not be read: GRANT pg_read_all_stats TO "{role}"',
        "1 statement left out, because the text has values in it",
    )


def test_statements_that_cannot_be_read_are_told_with_what_to_type(
    production: Database, command_line: Callable[..., Any]
) -> None:
    ended = command_line("profile", reader_url(production), "--statements")

    assert ended.code == 2
    assert "CREATE EXTENSION pg_stat_statements" in ended.err


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("[]", "version None"),
        ('{"version": 99}', "this pgharness reads version 1"),
        ("{", "Expecting property name"),
        ('{"version": 1}', "taken_at: Field required"),
    ],
)
def test_a_file_that_is_no_profile_is_told_with_how_to_make_one(text: str, seen: str, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(CannotRun, match="pgharness profile postgresql") as told:
        read_profile(file)
    assert seen in told.value.seen


def test_what_is_written_is_read_again(read: Profile, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(render_profile(read), encoding="utf-8")

    assert read_profile(file) == read
    assert json.loads(file.read_text(encoding="utf-8"))["version"] == 1
