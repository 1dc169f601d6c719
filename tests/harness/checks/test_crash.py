"""`crash`: what upgrades at once come to, how far stops go, and that a revision in one transaction is not stopped at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.checks.races import judge_races
from pgharness.experiments import races
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord
from pgharness.records.crash import CrashRecord
from pgharness.records.races import Race
from pgharness.records.revisions import Chain
from pgharness.records.revisions import Revision as ChainRevision
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure, RevisionRecord, Step
from pgharness.running import Run
from tests.harness.chains import ENV, Revision, sql, table
from tests.harness.history.crash_pairs import AT_ONCE, LOCK, LOCKED
from tests.harness.history.pairs import TWINS, Whole

ACCOUNT = Revision(
    "account",
    sql("CREATE TABLE account (id int PRIMARY KEY, visits int)", "INSERT INTO account VALUES (1, 1)"),
    sql("DROP TABLE account"),
)
COUNT = Revision(
    "count", "with op.get_context().autocommit_block():\n    op.execute('UPDATE account SET visits = visits + 1')"
)
MEANT = Revision(COUNT.slug, COUNT.up, top="allow = {'crash': 'a visit more or less is nothing'}")


@pytest.mark.parametrize("case", AT_ONCE, ids=lambda case: case.fails)
def test_what_upgrades_at_once_come_to_is_found_and_the_lock_in_the_fix_mends_it(
    case: Whole, judge_chain: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(races, "HANG_LIMIT_S", 1.5)

    bad, good = (judge_chain(*case.revisions(twin), env=case.env(twin, ENV), only=("crash",)).report for twin in TWINS)

    (finding,) = bad.findings
    assert (finding.revision, finding.subject) == (case.revision, case.subject)
    assert case.says in finding.message
    assert all(line.strip() in finding.mend for line in ("from sqlalchemy import text", *LOCK.splitlines()))
    assert (good.findings, good.notes) == ((), ())


def test_an_upgrade_that_works_outside_of_the_database_while_another_waits_for_it_does_not_hang(
    judge_chain: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(races, "HANG_LIMIT_S", 1.0)
    works = Revision("works", "import time\ntime.sleep(3)\nop.execute('CREATE TABLE a ()')", sql("DROP TABLE a"))

    report = judge_chain(works, table("b"), only=("crash",)).report

    assert report.findings == ()


def test_that_one_of_two_upgrades_fails_where_the_end_is_right_is_a_note_with_the_lock(
    judge_chain: Callable[..., Run],
) -> None:
    run = judge_chain(table("a"), table("b"), only=("crash",))

    assert run.report.findings == ()
    (note,) = run.report.notes
    assert "2 upgrades at once of a end where one by itself ends, and 1 of them with an error" in note.message
    assert "pg_try_advisory_lock" in note.message
    assert run.record.crash is not None
    assert run.record.crash.torn == ()
    assert [race.count for race in run.record.crash.races] == [2, 5]


def test_a_revision_that_refuses_rows_by_its_own_words_is_no_finding_of_any_check(
    judge_chain: Callable[..., Run],
) -> None:
    guard = (
        "if op.get_bind().scalar(sa.text('SELECT count(*) - count(DISTINCT phone) FROM account')):\n"
        "    raise RuntimeError('run dedupe_phones.py first')\n"
        "op.execute('ALTER TABLE account ADD UNIQUE (phone)')\n"
        "op.execute(\"UPDATE account SET phone = NULL WHERE phone = 'none'\")"
    )
    account = table("account", "id bigint PRIMARY KEY, phone text")
    keeps_apart = Revision("keeps_apart", guard, sql("ALTER TABLE account DROP CONSTRAINT account_phone_key"))

    report = judge_chain(account, keeps_apart, only=("upgrade", "crash", "roundtrip")).report

    assert report.findings == ()
    (note,) = (one.message for one in report.notes if "refuses rows" in one.message)
    assert "run dedupe_phones.py first; the setting `values` makes rows that it takes" in note


def test_what_is_meant_is_declared_and_stops_beyond_the_budget_are_told(judge_chain: Callable[..., Run]) -> None:
    report = judge_chain(ACCOUNT, MEANT, env=LOCKED, only=("crash",)).report
    unstopped = judge_chain(ACCOUNT, COUNT, env=LOCKED, only=("crash",), crash_stops=0).report

    assert report.findings == unstopped.findings == ()
    assert [note.message for note in unstopped.notes] == [
        "not stopped and run again: count: more than 0 places (setting crash_stops)"
    ]


def test_what_several_upgrades_fail_with_alike_is_shown_once_with_how_often() -> None:
    empty, last = Snapshot({}, 180000), ChainRevision("a", "a", "a.py", ())
    failures = (Failure("E", "it is there"), Failure("E", "it is gone"), Failure("E", "it is there"))
    race = Race(5, last, last, empty, empty, is_applied=False, failures=failures)
    record = ChainRecord(Chain((last,), ("a",), ("a",)), "public.alembic_version", (), empty)

    (found,) = judge_races(record, CrashRecord((), (), races=(race,)), lambda _left, _right: ())

    assert isinstance(found, Finding)
    assert (found.code, found.evidence) == ("PGH-K004", "2 times: it is there\nit is gone")


def test_what_fails_in_a_process_of_its_own_is_not_told_again_of_upgrades_that_meet(
    judge_chain: Callable[..., Run],
) -> None:
    made = Revision("made", sql("CREATE TYPE mood AS ENUM ('sad')"), sql("DROP TYPE mood"))
    used = Revision("used", sql("ALTER TYPE mood ADD VALUE 'ok'", "CREATE TABLE diary (mood mood DEFAULT 'ok')"))

    found = judge_chain(made, used, only=("upgrade", "crash")).report.findings

    assert [(one.check, one.revision) for one in found] == [("upgrade", "used")]


# As a proxy may, or a driver in an event loop: SQLAlchemy does not see that the session has ended, so its connection stays of no use.
BLIND = ENV.replace(
    "with engine.connect()", "engine.dialect.is_disconnect = lambda *said: False\nwith engine.connect()"
)


def test_a_connection_that_cannot_be_had_again_once_its_session_ended_ends_no_run(
    judge_chain: Callable[..., Run],
) -> None:
    run = judge_chain(ACCOUNT, COUNT, env=BLIND, only=("crash",))

    assert {(one.revision, one.code) for one in run.report.findings} >= {("count", "PGH-K003")}


COMMITS_EACH = ENV.replace('("sqlalchemy.url"))', '("sqlalchemy.url"), isolation_level="AUTOCOMMIT")')
TWO = Revision(
    "two",
    sql("CREATE TABLE left_one (id int)", "CREATE TABLE right_one (id int)"),
    sql("DROP TABLE right_one, left_one"),
)


def test_where_env_py_holds_no_transaction_that_is_the_cause_of_all_and_told_once(
    judge_chain: Callable[..., Run],
) -> None:
    bad = judge_chain(table("a"), TWO, env=COMMITS_EACH, only=("crash",)).report
    good = judge_chain(table("a"), TWO, env=ENV, only=("crash",)).report

    (finding,) = bad.findings
    assert (finding.code, finding.revision) == ("PGH-K001", "two")
    assert finding.mend.startswith('leave isolation_level="AUTOCOMMIT" out of the engine in ')
    assert "So it is with 1 more revision of the chain." in finding.evidence
    assert good.findings == ()


def test_locks_are_not_held_over_later_work_where_env_py_holds_no_transaction(judge_chain: Callable[..., Run]) -> None:
    chain = (
        table("a", "id int PRIMARY KEY, b int"),
        Revision("add", sql("ALTER TABLE a ADD COLUMN c int")),
        Revision("fill", sql("UPDATE a SET c = b")),
    )

    bad = judge_chain(*chain, env=ENV, only=("locks",)).report
    good = judge_chain(*chain, env=COMMITS_EACH, only=("locks",)).report

    assert [one.code for one in bad.findings] == ["PGH-W010"]
    assert good.findings == ()


def test_what_a_later_autocommit_block_commits_is_to_have_a_revision_of_its_own(
    judge_chain: Callable[..., Run],
) -> None:
    block = "with op.get_context().autocommit_block():\n    "
    paid = Revision(
        "paid",
        f"{sql('ALTER TABLE account ADD COLUMN paid int')}\n{block}{sql('CREATE INDEX CONCURRENTLY paid ON account (paid)')}",
        sql("ALTER TABLE account DROP COLUMN paid"),
    )

    (finding,) = judge_chain(ACCOUNT, paid, env=LOCKED, only=("crash",)).report.findings

    assert finding.code == "PGH-K001"
    assert "where it stands before one, put it into a revision of its own" in finding.mend
    assert "ADD COLUMN IF NOT EXISTS paid" in finding.mend


BUILT = Revision(
    "built",
    "with op.get_context().autocommit_block():\n"
    "    op.execute('DROP INDEX CONCURRENTLY IF EXISTS a_n')\n    op.execute('CREATE INDEX CONCURRENTLY a_n ON a (n)')",
    "with op.get_context().autocommit_block():\n    op.execute('DROP INDEX CONCURRENTLY IF EXISTS a_n')",
)


def test_builds_that_wait_for_each_other_are_a_note_whichever_of_them_is_ended(
    judge_chain: Callable[..., Run],
) -> None:
    """Whether one of the upgrades gets there is chance, which a finding of the one and none of the other run would be too."""
    made = table("a", "id bigint PRIMARY KEY, n bigint")

    runs = [judge_chain(made, BUILT, only=("crash",)).report for _ in range(3)]

    assert [run.findings for run in runs] == [(), (), ()]
    for run in runs:
        (note,) = run.notes
        assert (
            "5 upgrades at once of built: some end with an error, for what is done CONCURRENTLY waits" in note.message
        )


@pytest.mark.parametrize("commits", [(0, 1), ()], ids=["in pieces", "in one"])
def test_what_is_taken_down_and_made_again_in_pieces_is_left_to_chance(commits: tuple[int, ...]) -> None:
    """Whose constraint is there in the end, or whether one is, goes by milliseconds; in one transaction each waits for the other."""
    empty, last = Snapshot({}, 180000), ChainRevision("a", "a", "a.py", ())
    texts = ("ALTER TABLE a DROP CONSTRAINT IF EXISTS c", "ALTER TABLE a ADD CONSTRAINT c CHECK (n > 0) NOT VALID", "…")
    step = Step(tuple(map(Statement, texts)), 0.0, empty, commits=commits)
    failure = Failure("DuplicateObject", "constraint exists", texts[1], "42710")
    races_of = tuple(Race(5, last, last, empty, empty, is_there, (failure,)) for is_there in (True, False))
    record = ChainRecord(
        Chain((last,), ("a",), ("a",)), "public.alembic_version", (RevisionRecord(last, empty, step),), empty
    )

    told = [
        one
        for race in races_of
        for one in judge_races(record, CrashRecord((), (), races=(race,)), lambda _left, _right: ())
    ]

    assert [isinstance(one, Finding) for one in told] == [False, not commits]
    assert all("is chance" in one.message for one in told) == bool(commits)


@pytest.mark.parametrize("is_build", [True, False])
def test_only_a_deadlock_of_what_is_done_concurrently_is_left_to_chance(*, is_build: bool) -> None:
    empty, last = Snapshot({}, 180000), ChainRevision("a", "a", "a.py", ())
    statement = "CREATE INDEX CONCURRENTLY i ON a (n)" if is_build else "UPDATE a SET n = 1"
    race = Race(5, last, last, empty, empty, False, (Failure("DeadlockDetected", "deadlock", statement, "40P01"),))
    record = ChainRecord(Chain((last,), ("a",), ("a",)), "public.alembic_version", (), empty)

    (told,) = judge_races(record, CrashRecord((), (), races=(race,)), lambda _left, _right: ())

    assert isinstance(told, Finding) == (not is_build)
