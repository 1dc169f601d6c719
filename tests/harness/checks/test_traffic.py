"""`traffic`: readers and writers at work while a revision runs. Few rows and a sleep under the lock show what a million rows would."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.checks import traffic
from pgharness.checks.traffic import judge as judge_traffic
from pgharness.databases import Databases
from pgharness.experiments.traffic.statements import make_jobs
from pgharness.findings import Finding, Note
from pgharness.judging.judging import judge
from pgharness.judging.rules import Rules
from pgharness.judging.weighing import Weighing
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Chain
from pgharness.records.revisions import Revision as ChainRevision
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure, RevisionRecord, Step
from pgharness.records.trace import HeldLock, Trace, TracedStatement, Work
from pgharness.records.traffic import Load, OnFewerRows, Queue, RevisionTraffic, TrafficError, TrafficRecord, Waited
from pgharness.report import FORMATS
from pgharness.rows.further import further_inserts
from pgharness.rows.growing import grow
from pgharness.running import Run
from pgharness.servers import Server
from pgharness.settings import Settings
from pgharness.trace.slopes import slope_of
from tests.harness.chains import ENV, Revision, sql

SCHEMA = Path(__file__).parents[3] / "docs" / "report.schema.json"
NOTHING = ChainRecord(Chain((), (), ()), "public.alembic_version", (), Snapshot({}, 180000))
TABLES = Revision(
    "tables",
    sql(
        "CREATE TABLE parent (id bigint PRIMARY KEY, x int)",
        "CREATE TABLE child (id bigint PRIMARY KEY, parent_id bigint NOT NULL REFERENCES parent, x int)",
    ),
)
LIMITED_ENV = ENV.replace('.url"))', '.url"), connect_args={"options": "-c lock_timeout=1s"})')
BUILD = "with op.get_context().autocommit_block():\n    op.execute('CREATE INDEX CONCURRENTLY parent_x ON parent (x)')"
REBUILD = BUILD.replace("    op.", "    op.execute('DROP INDEX CONCURRENTLY IF EXISTS parent_x')\n    op.")


@pytest.fixture
def told(judge_chain: Callable[..., Run]) -> Callable[..., list[tuple[str, str]]]:
    """Run a revision under traffic on a few rows, and give the codes and subjects of what is found."""

    def run(up: str, env: str = LIMITED_ENV, **options: object) -> list[tuple[str, str]]:
        report = judge_chain(
            TABLES, Revision("newest", up), env=env, only=("traffic",), traffic=True, traffic_rows=500, **options
        ).report
        assert all(one.revision == "newest" for one in report.findings)
        return [(one.code, one.subject) for one in report.findings]

    return run


def test_work_under_a_lock_keeps_traffic_and_given_statements_waiting_and_a_brief_lock_does_not(
    judge_chain: Callable[..., Run], told: Callable[..., list[tuple[str, str]]], tmp_path: Path
) -> None:
    file = tmp_path / "statements.sql"
    file.write_text("-- name: finds\n-- samples: SELECT 1\nSELECT x FROM child WHERE id = $1;\n", encoding="utf-8")
    add = "ALTER TABLE child ADD y int"
    chain = TABLES, Revision("newest", sql(add, "SELECT pg_sleep(1.5)"))
    asked = {"only": ("traffic",), "traffic": True, "traffic_rows": 500, "traffic_wait_ms": 1_000}

    report = judge_chain(*chain, env=LIMITED_ENV, statements=file, **asked).report

    (found,) = report.findings
    assert (found.code, found.revision) == ("PGH-T001", "newest")
    assert "while the migration ran `SELECT pg_sleep(1.5)`" in found.message
    sent = {line.partition(": ")[2] for line in found.evidence.splitlines()}
    assert {"SELECT x FROM child WHERE id = $1", "SELECT * FROM public.child WHERE id = …"} < sent
    assert any("statements were sent" in one.message for one in report.notes)
    assert "On 54 rows it was 1.5 s: it does not grow with the rows." in found.message
    assert told(sql(add), traffic_wait_ms=1_000) == []


def test_a_wait_that_is_longer_where_there_are_more_rows_is_told_as_work_and_one_that_is_not_as_a_lock(
    judge_chain: Callable[..., Run],
) -> None:
    """The work is a pause for each row under a lock, which is what a rewrite is on slow disks."""
    lock = "ALTER TABLE child ADD y int"
    work = "SELECT pg_sleep(0.004 * (SELECT count(*) FROM child))"
    asked = {"env": LIMITED_ENV, "only": ("traffic",), "traffic": True, "traffic_rows": 300, "traffic_wait_ms": 500}

    run = judge_chain(TABLES, Revision("newest", sql(lock, work)), **asked)

    (found,) = run.report.findings
    assert "it grows with the rows, by" in found.message
    document = json.loads(FORMATS["json"](run.report))
    jsonschema_rs.validate(json.loads(SCHEMA.read_text(encoding="utf-8")), document)
    before, newest = (one["traffic"] for one in document["revisions"])
    assert before is None
    assert newest["rows"]["public.child"] >= 300
    assert newest["fewer"]["rows"]["public.child"] < 60
    longest = newest["waits"][0]
    assert (longest["statement"], longest["grows"], longest["culprit"]) == (1, True, work)
    assert newest["behind_a_reader"]["gave_up"]["sqlstate"] == "55P03"
    assert newest["behind_a_reader"]["retry"] == {"failure": None, "invalid": []}


def test_two_tables_locked_in_one_transaction_are_a_deadlock_in_either_order(
    told: Callable[..., list[tuple[str, str]]],
) -> None:
    """Who writes to both begins with the parent, and who inserts a child with the child, whose foreign key then locks the parent."""
    child, parent = "ALTER TABLE child ADD y int", "ALTER TABLE parent ADD y int"
    env = ENV.replace('.url"))', '.url"), connect_args={"options": "-c lock_timeout=3s"})')

    for order in ((child, parent), (parent, child)):
        found = told(sql(order[0], "SELECT pg_sleep(0.5)", order[1]), env=env, traffic_wait_ms=60_000)
        assert [code for code, _ in found] == ["PGH-T002"]


def test_a_migration_without_a_limit_makes_all_wait_behind_a_reader(
    told: Callable[..., list[tuple[str, str]]],
) -> None:
    assert told(sql("ALTER TABLE parent ADD y int"), env=ENV, traffic_wait_ms=60_000) == [
        ("PGH-T004", "table public.parent")
    ]


def test_rows_that_were_taken_before_are_refused_since_a_revision_ran_unless_it_says_that_nobody_sends_them(
    judge_chain: Callable[..., Run],
) -> None:
    """The line of the default mends it."""
    up = sql("ALTER TABLE child ADD y int", "UPDATE child SET y = 1", "ALTER TABLE child ALTER y SET NOT NULL")
    asked = {"env": LIMITED_ENV, "only": ("traffic",), "traffic": True, "traffic_rows": 300, "traffic_wait_ms": 60_000}

    (found,) = judge_chain(TABLES, Revision("newest", up), **asked).report.findings
    mended = judge_chain(TABLES, Revision("newest", f"{up}\n{sql('ALTER TABLE child ALTER y SET DEFAULT 0')}"), **asked)

    assert (found.code, found.subject) == ("PGH-T006", "table public.child")
    assert found.evidence.startswith("INSERT INTO public.child (id, parent_id, x)")
    assert 'op.execute("ALTER TABLE public.child ALTER COLUMN y SET DEFAULT 0") in the same revision' in found.mend
    assert mended.report.findings == ()


def test_a_revision_that_gave_up_can_be_run_again_or_is_told(told: Callable[..., list[tuple[str, str]]]) -> None:
    assert told(BUILD, traffic_wait_ms=60_000) == [("PGH-T005", "index parent_x")]
    assert told(REBUILD, traffic_wait_ms=60_000) == []


def test_to_name_it_among_the_only_checks_is_to_ask_for_it() -> None:
    asked = (Settings(), Settings(only=("locks",)), Settings(only=("traffic",)), Settings(traffic=True))

    assert [one.wants_traffic for one in asked] == [False, False, True, True]


def test_it_is_not_made_unless_it_is_asked_for_and_not_checked_where_no_revision_could_be_run() -> None:
    (result, _) = judge(NOTHING, [traffic.CHECK], Rules())
    untried = TrafficRecord((RevisionTraffic("r", untried="no rows"),), 5, 200)
    (lacking, _) = judge(replace(NOTHING, traffic=untried), [traffic.CHECK], Rules())

    assert (result.reason, result.is_missed) == ("not asked for: --traffic", False)
    assert (lacking.reason, lacking.is_missed) == ("no revision could be run under traffic: no rows", True)


SHOP = """
CREATE TYPE state AS ENUM ('new', 'sent');
CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE customer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email mail NOT NULL, code varchar(12) UNIQUE);
CREATE UNIQUE INDEX customer_email ON customer (lower(email));
CREATE TABLE profile (customer_id int PRIMARY KEY REFERENCES customer, key bytea UNIQUE CHECK (octet_length(key) = 32));
CREATE TABLE line (customer_id int REFERENCES customer, number smallint, at timestamptz UNIQUE, token uuid UNIQUE,
  total int GENERATED ALWAYS AS (number * 2) STORED, s state, PRIMARY KEY (customer_id, number));
CREATE TABLE badge (customer_id int PRIMARY KEY REFERENCES customer);
CREATE TABLE "50% o'ff" ("it's 1%" int PRIMARY KEY, "a b" text);
CREATE TABLE empty (id int PRIMARY KEY);
CREATE TABLE ranges (during int4range, EXCLUDE USING gist (during WITH &&));
INSERT INTO customer (email, code) VALUES ('A@b.c', 'a'), ('d@e.f', NULL);
INSERT INTO profile VALUES (1, sha256('a'));
INSERT INTO line VALUES (1, 1, now(), gen_random_uuid(), DEFAULT, 'new');
INSERT INTO badge VALUES (2);
INSERT INTO "50% o'ff" VALUES (1, 'x');
INSERT INTO ranges VALUES ('[1,2)');
"""


def test_tables_get_many_rows_that_fulfil_their_constraints(own_server: Server) -> None:
    with Databases(own_server) as databases, databases.create_empty("shop").connect() as connection:
        connection.execute(SHOP.encode())
        alone = grow(connection, ["public.badge"], 50)  # each row of which needs a customer of its own
        assert dict(alone.rows) == {"public.customer": 52, "public.badge": 51}
        odd = grow(connection, ["""public."50% o'ff\""""], 50)
        jobs = make_jobs(connection, [*odd.rows, "public.badge"], None)
        for statement in (one for job in jobs for one in job.rounds[0]):
            connection.execute(statement.encode())
        acts = [job.act for job in jobs]
        assert acts == ["reads a row", "writes a row", "inserts a row", "reads a row", "inserts a row"]
        names = [f"public.{one}" for one in ("line", "profile", "customer", "empty", "ranges")]

        grown = grow(connection, names, 2_000)

        assert dict(grown.rows) == {"public.customer": 2_052, "public.profile": 2_001, "public.line": 2_001}
        assert [name for name, _ in grown.few] == ["public.empty", "public.ranges"]
        assert dict(grown.few)["public.empty"] == "it has no row to copy"
        for table, key in (("profile", "profile_customer_id_fkey"), ("line", "line_customer_id_fkey")):
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {key}".encode())
            connection.execute(f"ALTER TABLE {table} ADD FOREIGN KEY (customer_id) REFERENCES customer".encode())
        connection.execute("INSERT INTO customer (email) VALUES ('z@z.z')")  # the sequence goes on behind them
        inserts = {name: further_inserts(connection, name, 3) for name in names}
        for statement in (one for several in inserts.values() for one in several):
            connection.execute(statement.encode())
        assert [len(inserts[name]) for name in names] == [3, 3, 3, 0, 0]


WAIT = Waited("writes a row", "public.a", "UPDATE …", 3.0, "CREATE INDEX …")


def test_the_fix_is_by_the_lock_that_was_waited_for() -> None:
    """A table's lock is `locks`'s matter; where rows were locked alone, that says nothing."""
    work, wrote = Work("builds", "public.a", "i"), Work("writes", "public.a", "", 9)
    shared = HeldLock("public.a", "table", "SHARE", 0)
    rows = HeldLock("public.a", "table", "ROW EXCLUSIVE", 0)

    def fix(sql: str, *statements: tuple[str, HeldLock, tuple[Work, ...]]) -> str:
        trace = Trace(tuple(TracedStatement(Statement(one), 0, (lock,), works) for one, lock, works in statements))
        step = Step((), 0.0, Snapshot({}, 180000), trace=trace)
        item = RevisionRecord(ChainRevision("r", "r", "r.py", ()), Snapshot({}, 180000), step)
        load = Load(9, (Waited("writes a row", "public.a", "UPDATE …", 3.0, sql),))
        seen = TrafficRecord((RevisionTraffic("r", load=load),), 10**6, 200)
        record = replace(NOTHING, revisions=(item,), traffic=seen)
        (found,) = [one for one in judge_traffic(record, lambda _left, _right: ()) if isinstance(one, Finding)]
        return found.mend

    build, update = "CREATE INDEX i ON a (x)", "UPDATE a SET x = 1 WHERE y IS NULL OR z"
    pieces = "UPDATE a SET x = 1 WHERE (y IS NULL OR z) AND ctid >= "

    assert 'op.execute("CREATE INDEX CONCURRENTLY i ON a (x)")' in fix(build, (build, shared, (work,)))
    assert pieces in fix(update, (update, rows, (wrote,)))
    assert pieces in fix(update, (update, rows, (wrote,)), (build, shared, (work,)))
    held = HeldLock("public.a", "table", "ACCESS EXCLUSIVE", 0)
    read = Work("reads", "public.a", "", 9)
    assert "some pages at a time" in fix(update, ("ALTER TABLE a ADD x int", held, ()), (update, held, (wrote, read)))
    assert "as `locks` says beside it" in fix("COMMIT", (build, shared, (work,)))
    assert "revision of its own" in fix("SELECT 1", ("SELECT 1", shared, ()))


@pytest.mark.parametrize(
    ("on_fewer", "grows"),
    [((0.4,), True), ((3.0,), False), ((2.0,), False), ((), True)],
    ids=["a tenth", "the same", "most of it", "nobody waited"],
)
def test_a_wait_grows_where_more_than_half_of_it_is_the_rows(on_fewer: tuple[float, ...], *, grows: bool) -> None:
    waits = tuple(replace(WAIT, waited_s=seconds) for seconds in on_fewer)
    fewer = OnFewerRows({"public.a": 100_000}, Load(9, waits))
    seen = RevisionTraffic("r", {"public.a": 10**6}, load=Load(9, (WAIT,)), fewer=fewer)
    record = replace(NOTHING, traffic=TrafficRecord((seen,), 10**6, 200))

    (found,) = [one for one in judge_traffic(record, lambda _left, _right: ()) if isinstance(one, Finding)]

    assert ("it grows with the rows" in found.message) is grows
    assert ("let go at once" in found.mend) is not grows


def test_how_a_wait_grows_is_not_told_where_it_is_not_known() -> None:
    seen = RevisionTraffic("r", {"public.a": 10**6}, load=Load(9, (WAIT,)))
    of_a_run_that_failed = OnFewerRows({"public.a": 9}, Load(9), failure=Failure("E", "no", sqlstate="22012"))
    on_as_many = OnFewerRows({"public.a": 10**6}, Load(9))

    for fewer in (None, of_a_run_that_failed, on_as_many):
        assert slope_of(replace(seen, fewer=fewer), WAIT) is None


@pytest.mark.parametrize(
    ("traffic", "codes"),
    [
        (RevisionTraffic("r", load=Load(9, (WAIT,))), ["PGH-T001"]),
        (RevisionTraffic("r", load=Load(9, (Waited("reads a row", "public.a", "SELECT", 0.1, "ALTER"),))), []),
        (RevisionTraffic("r", failure=Failure("E", "deadlock detected", sqlstate="40P01")), ["PGH-T002"]),
        (RevisionTraffic("r", failure=Failure("E", "lock timeout", sqlstate="55P03")), []),
        (RevisionTraffic("r", load=Load(9, (), (TrafficError("a", "b", "c", "57014", "timeout"),))), ["PGH-T003"]),
        (RevisionTraffic("r", load=Load(9, (), (TrafficError("a", "b", "c", "23502", "null"),))), ["PGH-T006"]),
        (RevisionTraffic("r", queue=Queue(3.0, went_on=True, gave_up=None, load=Load(9, (WAIT,)))), ["PGH-T004"]),
        # It waits without harm to anybody, as CREATE INDEX CONCURRENTLY does; or it gives up.
        (RevisionTraffic("r", queue=Queue(3.0, went_on=True, gave_up=None, load=Load(9))), []),
        (RevisionTraffic("r", queue=Queue(3.0, went_on=False, gave_up=None, load=Load(9, (WAIT,)))), []),
    ],
)
def test_each_thing_that_traffic_meets_is_told_as_what_it_is(traffic: RevisionTraffic, codes: list[str]) -> None:
    seen = TrafficRecord((traffic,), 10**6, 200)
    record = ChainRecord(Chain((), (), ()), "public.alembic_version", (), Snapshot({}, 180000), traffic=seen)

    assert [
        one.code for one in Weighing().of(judge_traffic(record, lambda *_: ())) if isinstance(one, Finding)
    ] == codes


def test_what_is_refused_when_no_release_before_runs_is_not_told() -> None:
    load = Load(9, (), (TrafficError("inserts a row", "public.a", "INSERT …", "42703", "no column"),))
    revision = ChainRevision("r", "r", "r.py", (), after_deploy="the release before is gone")
    item = RevisionRecord(revision, NOTHING.base, Step((), 0.0, NOTHING.base))
    seen = TrafficRecord((RevisionTraffic("r", load=load),), 10**6, 200)

    judged = list(judge_traffic(replace(NOTHING, revisions=(item,), traffic=seen), lambda *_: ()))

    assert all(isinstance(one, Note) for one in judged)
