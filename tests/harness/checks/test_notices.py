"""`notices` tells what is alike as one cause; its findings themselves are pairs."""

from __future__ import annotations

import re
from collections.abc import Callable

import psycopg
import pytest

from pgharness.catalog.proposing.casts import using
from pgharness.databases import Database
from pgharness.report.causes import causes
from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

LOOP = "for name in ('old_a', 'old_b', 'old_c'):\n    op.execute(f'DROP INDEX IF EXISTS {name}')"


def test_names_that_a_loop_drops_in_vain_are_one_cause(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(table("author"), Revision("drops", LOOP), only=("notices",))

    (cause,) = causes(run.report.findings)
    assert (cause.first.code, len(cause.findings)) == ("PGH-N003", 3)
    assert cause.message == "A DROP … IF EXISTS drops nothing: no revision of the chain makes what it names."


@pytest.mark.parametrize("asked", ["integer", "boolean", "varchar(9)", "uuid", "text[]"])
def test_a_type_that_was_kept_becomes_the_one_that_is_asked_for_though_no_cast_is_assigned(
    asked: str, judge_chain: Callable[..., Run]
) -> None:
    author = table("author", "id bigint PRIMARY KEY, note text")
    adds = f"ALTER TABLE author ADD COLUMN IF NOT EXISTS note {asked}"
    (found,) = judge_chain(author, Revision("adds", sql(adds)), only=("notices",)).report.findings

    (code,) = re.findall(r"in place of line \d+: (op\.execute\(.*?\)); (?:or|where)", found.mend)
    back = sql("ALTER TABLE author ALTER COLUMN note TYPE text")
    again = judge_chain(author, Revision("adds", code, back), only=("notices", "upgrade")).report.findings

    assert found.code == "PGH-N001"
    assert [one for one in again if "42804" in one.message or one.code == "PGH-N001"] == []


TYPES = "smallint integer bigint numeric(8,2) real double|precision boolean text varchar(9) char(9) date timestamp timestamptz time json jsonb uuid bytea text[] integer[] inet"


@pytest.mark.parametrize("before", TYPES.split())
def test_a_change_of_type_has_its_using_where_postgresql_does_not_assign(before: str, empty_database: Database) -> None:
    with empty_database.connect() as connection:
        for after in (one.replace("|", " ") for one in TYPES.split()):
            connection.execute(
                f"DROP TABLE IF EXISTS t; CREATE TABLE t (c {before.replace('|', ' ')}, d {after})".encode()
            )
            types = connection.execute(
                "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum"
            ).fetchall()
            turned = using("c", types[0][0], types[1][0])
            try:
                connection.execute(f"ALTER TABLE t ALTER COLUMN c TYPE {after}{turned}".encode())
            except psycopg.errors.CannotCoerce:
                assert turned  # nothing leads from the one to the other
            except psycopg.errors.DatatypeMismatch as refused:
                pytest.fail(f"{types}: {refused}")


STANDS_ON = (
    "CREATE TABLE child (parent bigint CONSTRAINT fk REFERENCES author)",
    "CREATE VIEW seen AS SELECT id FROM author",
    "CREATE VIEW seen_again AS SELECT id FROM seen",
)


def test_what_one_cascade_takes_is_told_once_and_dropped_by_name_where_that_is_typed(
    judge_chain: Callable[..., Run],
) -> None:
    first = Revision("stands", sql("CREATE TABLE author (id bigint PRIMARY KEY, n int)", *STANDS_ON))
    drops = "ALTER TABLE author DROP COLUMN id CASCADE"
    (found,) = judge_chain(first, Revision("drops", sql(drops)), only=("notices",)).report.findings

    line, *code = re.findall(r"in place of line (\d+)|(op\.execute\(.*?\))(?=;)", found.mend)
    again = judge_chain(first, Revision("drops", "\n".join(one for _, one in code)), only=("notices", "upgrade"))

    assert line[0]
    assert (found.code, found.subject) == ("PGH-N004", "upgrade of drops")
    assert "constraint public.child.fk, view public.seen, view public.seen_again too" in found.message
    assert "CASCADE" not in "".join(one for _, one in code)
    assert again.report.findings == ()
