"""`locks`: a lock that lasts over the work of later revisions is found once for a chain, where env.py deploys them in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from pgharness.catalog.facts import FactKey, Snapshot
from pgharness.checks import locks
from pgharness.findings import Finding
from pgharness.judging.accepted import Accepted
from pgharness.judging.weighing import Weighing
from pgharness.records.chain_record import ChainRecord
from pgharness.records.deployment import ConfigureCall, DeploymentRecord, MigrationRun
from pgharness.records.revisions import Chain, Revision
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord, Step
from pgharness.records.trace import Doing, HeldLock, Trace, TracedStatement, Work
from pgharness.report import FORMATS
from pgharness.running import Run
from tests.harness import chains
from tests.harness.chains import ENV, sql, table

APART = ENV.replace("connection=connection", "connection=connection, transaction_per_migration=True")
TABLES = (table("b", "id bigint PRIMARY KEY, x int"), table("a", "id bigint PRIMARY KEY, b_id bigint, x int"))
REFERS = chains.Revision(
    "refers",
    sql("ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES b NOT VALID"),
    sql("ALTER TABLE a DROP CONSTRAINT a_b"),
)
VALIDATES = chains.Revision("validates", sql("ALTER TABLE a VALIDATE CONSTRAINT a_b"))
FILLS = chains.Revision("fills", sql("UPDATE a SET x = 0 WHERE x IS NULL"))
ONE_ROW = chains.Revision("one_row", sql("UPDATE b SET x = 0 WHERE id = 7"))
BY_ITSELF = chains.Revision("by_itself", "with op.get_context().autocommit_block():\n    op.execute('SELECT 1')")


def found(run: Run) -> list[tuple[str | None, str, str]]:
    """Return what is found, and where."""
    return [(one.revision, one.subject, one.code) for one in run.report.findings]


def test_a_lock_over_the_work_of_a_later_revision_is_found_once_and_its_fix_mends_it(
    judge_chain: Callable[..., Run],
) -> None:
    """One that looks up a row by its key does no work that grows, and what comes behind a transaction of its own is free of the lock."""
    chain = (*TABLES, REFERS, ONE_ROW, VALIDATES, FILLS, BY_ITSELF, replace(FILLS, slug="later"))

    run = judge_chain(*chain, only=("locks",))
    mended = judge_chain(*chain, env=APART, only=("locks",))

    assert found(run) == [("fills", "table public.a", "PGH-W010")]
    (finding,) = run.report.findings
    assert "Deployed together with refers" in finding.message
    assert "SHARE ROW EXCLUSIVE on public.a" in finding.message
    assert "So it is with 1 more revision of the chain." in finding.evidence
    # Each is accepted by itself, and in every checkout.
    assert len(Accepted.of(finding)) == 2
    assert "/" not in finding.message
    assert "transaction_per_migration=True" in finding.mend
    assert found(mended) == []


RENAMES = chains.Revision("renames", sql("ALTER TABLE a RENAME TO z"), sql("ALTER TABLE z RENAME TO a"))
LOCKS = chains.Revision("locks", sql("ALTER TABLE a ADD y int"), sql("ALTER TABLE a DROP y"))
UNTIL_RENAMED = (*TABLES, LOCKS, RENAMES)
FILLS_RENAMED = chains.Revision("fills_z", sql("UPDATE z SET x = 0 WHERE x IS NULL"))
REMADE = chains.Revision("remade", sql("CREATE TABLE a (id bigint PRIMARY KEY)"), sql("DROP TABLE a"))
FILLS_REMADE = chains.Revision(
    "fills_remade", sql("INSERT INTO a SELECT generate_series(1, 9)", "UPDATE a SET id = -id")
)


def test_a_table_that_is_called_otherwise_in_between_is_the_same_and_one_that_gets_its_name_is_not(
    judge_chain: Callable[..., Run],
) -> None:
    run = judge_chain(*UNTIL_RENAMED, FILLS_RENAMED, only=("locks",))
    of_a_new_one = judge_chain(*UNTIL_RENAMED, REMADE, FILLS_REMADE, only=("locks",))

    assert found(run) == [("fills_z", "table public.a", "PGH-W010")]
    assert "writes the rows of public.z" in run.report.findings[0].message
    assert found(of_a_new_one) == []


def test_a_block_of_its_own_that_sends_nothing_lets_go_too(judge_chain: Callable[..., Run]) -> None:
    block = "with op.get_context().autocommit_block():\n    pass"
    back = sql("ALTER TABLE a DROP y")
    behind = chains.Revision("locks", f"{sql('ALTER TABLE a ADD y int')}\n{block}", back)
    ahead = chains.Revision("locks", f"{block}\n{sql('ALTER TABLE a ADD y int')}", back)

    def told(*chain: chains.Revision) -> list[tuple[str | None, str, str]]:
        return found(judge_chain(*TABLES, *chain, FILLS, only=("locks",)))

    assert told(LOCKS, chains.Revision("empty", block)) == []
    assert told(behind) == []
    assert told(LOCKS) == told(ahead) == [("fills", "table public.a", "PGH-W010")]


KEYED = (TABLES[0], table("a", "id bigint PRIMARY KEY, x int, name text"))


@pytest.mark.parametrize(
    ("statement", "grows"),
    [
        ("INSERT INTO a (id, x) SELECT 7000, 1 WHERE NOT EXISTS (SELECT 1 FROM a WHERE x = 5555)", False),
        ("INSERT INTO a (id) SELECT 7000 WHERE NOT EXISTS (SELECT 1 FROM a)", False),
        (
            "INSERT INTO a (id) SELECT v.id FROM (VALUES (7000), (7001)) AS v (id) WHERE NOT EXISTS (SELECT FROM a WHERE name = ' from ')",
            False,
        ),
        ("INSERT INTO a (id, x) SELECT 7000 + id, 1 FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE x = 5555)", True),
        ("INSERT INTO a (id, x) SELECT 7000 + count(*), 1 FROM a", True),
    ],
)
def test_an_insert_that_looks_whether_its_rows_are_there_is_no_work_and_one_of_rows_that_are_read_is(
    judge_chain: Callable[..., Run], statement: str, *, grows: bool
) -> None:
    guard = chains.Revision("guard", sql(statement), sql("DELETE FROM a WHERE id >= 7000"))

    assert bool(found(judge_chain(*KEYED, LOCKS, guard, only=("locks",)))) is grows


HELD = HeldLock("public.a", "table", "ACCESS EXCLUSIVE", 0)
STANDING = Snapshot({FactKey("table", "public.a", "exists"): "true"}, 180000)
ADDS = TracedStatement(Statement("ALTER TABLE a ADD x int", file="a.py", line=9), 0, (HELD,))
DEPLOYED = DeploymentRecord((MigrationRun("v", in_transaction=False, before=None, options={}),), True, (), STANDING, "env.py")  # fmt: skip


def works(relation: str = "public.a", doing: Doing = "writes", *, transaction: int | None = 0) -> TracedStatement:
    """Return a statement that fills a table from end to end."""
    done = (Work(doing, relation, "", 20), Work("reads", relation, "", 20))
    return TracedStatement(Statement("UPDATE a SET x = 1", file="b.py", line=9), transaction, (), done)


def judged(
    *steps: tuple[TracedStatement, ...],
    deployment: DeploymentRecord = DEPLOYED,
    allow: str = "",
    before: tuple[str, ...] = (),
) -> list[Finding]:
    """Judge revisions that did this, the last of which may be allowed it."""
    items = [
        RevisionRecord(
            Revision(str(number), str(number), f"{number}.py", (), allow={"locks": allow} if allow else {}),
            STANDING,
            Step((), 0.0, STANDING, trace=Trace(statements, 5000)),
        )
        for number, statements in enumerate(steps)
    ]
    chain = Chain(tuple(item.revision for item in items), (), ())
    record = ChainRecord(chain, "v", tuple(items), STANDING, deployment=deployment)
    return [one for one in Weighing(before=before).of(locks.judge(record, lambda *_: ())) if isinstance(one, Finding)]


def test_work_under_the_lock_of_an_earlier_revision_is_found() -> None:
    (finding,) = judged((ADDS,), (works(),))

    assert (finding.revision, finding.subject) == ("1", "table public.a")


@pytest.mark.parametrize(
    "steps",
    [
        ((works(),), (ADDS,)),
        ((replace(ADDS, transaction=None),), (works(),)),
        ((ADDS, works(transaction=None)), (works(),)),
        ((ADDS,), (works(transaction=None),)),
        ((ADDS,), (works(transaction=1),)),
        ((ADDS,), (works("public.new"),)),
        ((ADDS,), (replace(works(), works=(Work("writes", "public.a", "", 1),)),)),
        ((replace(ADDS, locks=(replace(HELD, is_dropped=True),)),), (works(),)),
        ((replace(ADDS, locks=(replace(HELD, mode="SHARE UPDATE EXCLUSIVE"),)),), (works(),)),
    ],
    ids=[
        "work before the lock",
        "a lock of a statement by itself",
        "a transaction ended behind the lock",
        "work by itself",
        "work in a later transaction of its revision",
        "work on a table that came behind the lock",
        "rows that the statement names",
        "a table that is dropped",
        "a lock for which no service waits",
    ],
)
def test_nothing_is_found_where_no_lock_lasts_or_nothing_works(steps: tuple[tuple[TracedStatement, ...], ...]) -> None:
    assert judged(*steps) == []


@pytest.mark.parametrize(
    ("options", "in_transaction", "has_begun", "holds"),
    [
        ({}, False, True, True),
        ({"transaction_per_migration": True}, True, True, True),
        ({"transaction_per_migration": True}, False, True, False),
        ({"transactional_ddl": False}, False, True, False),
        ({}, False, False, False),
    ],
)
def test_how_env_py_runs_the_chain_decides_whether_a_lock_lasts(
    options: dict[str, bool], *, in_transaction: bool, has_begun: bool, holds: bool
) -> None:
    run = MigrationRun("v", in_transaction, Statement("SELECT 1", file="env.py", line=7), options)
    told = judged((ADDS,), (works(),), deployment=replace(DEPLOYED, runs=(run,), has_begun=has_begun))

    assert bool(told) is holds
    assert all(("env.py:7" in one.mend) is in_transaction for one in told)


def test_the_fix_is_env_pys_own_call_or_a_word_more_of_a_call_that_is_not_seen() -> None:
    own = ConfigureCall(7, 7, "context.configure(connection=c, target_metadata=meta, transaction_per_migration=True)")
    run = replace(DEPLOYED.runs[0], apart=own)
    (seen,) = judged((ADDS,), (works(),), deployment=replace(DEPLOYED, runs=(run,)))
    (unseen,) = judged((ADDS,), (works(),))

    assert seen.mend.startswith(f"in env.py, in place of line 7: {own.code}; or deploy the two apart")
    assert "target_metadata" not in unseen.mend


def test_an_env_py_that_has_the_option_is_told_but_what_begins_a_transaction_before_it() -> None:
    """The option is without effect within a transaction that has begun; to write it once more changes nothing."""
    own = ConfigureCall(8, 9, "context.configure(connection=c, transaction_per_migration=True)")
    begins = MigrationRun("v", True, Statement("SELECT 1", file="env.py", line=7), {"transaction_per_migration": True})
    (has,) = judged((ADDS,), (works(),), deployment=replace(DEPLOYED, runs=(replace(begins, apart=own),)))
    (lacks,) = judged((ADDS,), (works(),), deployment=replace(DEPLOYED, runs=(replace(begins, options={}, apart=own),)))

    assert has.mend.startswith("in env.py, begin no transaction before context.configure() (env.py:7 does); or deploy")
    assert lacks.mend.startswith(
        f"in env.py, in place of lines 8 to 9: {own.code}, and begin no transaction before it (env.py:7 does); or deploy"
    )


def test_each_revision_that_allows_it_is_told_so_that_its_allowance_is_used() -> None:
    assert [one.revision for one in judged((ADDS,), (works(),), (works(),), allow="few")] == ["1", "2"]


def test_it_is_not_found_where_one_of_the_two_is_deployed_already() -> None:
    assert judged((ADDS,), (works(),), before=("0",)) == []
    assert judged((ADDS,), (works(),), before=("0", "1")) == []


def test_it_is_drawn_in_the_page_and_told_in_the_json_of_a_report_but_where_the_earlier_is_deployed(
    judge_chain: Callable[..., Run],
) -> None:
    run = judge_chain(*TABLES, REFERS, FILLS, only=("locks",))
    later = judge_chain(*TABLES, REFERS, FILLS, only=("locks",), since="refers")
    drawn = "A lock of an earlier revision is held over work (public.a, SHARE ROW EXCLUSIVE on public.a of refers)"

    assert found(run) == [("fills", "table public.a", "PGH-W010")]
    assert f"▲ {drawn}" in FORMATS["html"](run.report)
    (fills,) = (one for one in json.loads(FORMATS["json"](run.report))["revisions"] if one["revision"] == "fills")
    assert "A lock of an earlier revision is held over work" in {one["title"] for one in fills["upgrade"]["hazards"]}
    assert found(later) == []
    assert drawn not in FORMATS["html"](later.report)
