"""A fix that parts work into revisions says what lets a lock go between them, unless env.py does so already."""

from __future__ import annotations

import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.checks import locks
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord
from pgharness.records.deployment import DeploymentRecord, MigrationRun
from pgharness.records.revisions import Chain, Revision
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord, Step
from pgharness.records.trace import Doing, HeldLock, Trace, TracedStatement, Work

EMPTY = Snapshot({}, 180000)
TOLD = "transaction_per_migration=True"
HELD = HeldLock("public.a", "table", "ACCESS EXCLUSIVE", 0)
CHECKED: tuple[str, Doing] = ("ALTER TABLE a ADD CONSTRAINT c CHECK (x > 0)", "verifies")
REFERS: tuple[str, Doing] = ("ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (x) REFERENCES b", "validates")


def deployed(*, apart: bool, in_transaction: bool = False) -> DeploymentRecord:
    """Return a deployment as env.py configures it."""
    run = MigrationRun("alembic_version", in_transaction, None, {"transaction_per_migration": apart})
    return DeploymentRecord((run,), True, (), EMPTY, "env.py")


def mend(sql: str, doing: Doing, deployment: DeploymentRecord | None, *, before: str = "") -> str:
    """Return what is told of a statement, perhaps under the lock of one before it."""
    statements = [Statement(one, file="0001.py", line=9) for one in (before, sql) if one]
    works = (Work(doing, "public.a", "c", 20), Work("reads", "public.a", "", 20))
    traced = [TracedStatement(one, 1, (HELD,), works if one.sql == sql else ()) for one in statements]
    item = RevisionRecord(
        Revision("0001", "0001", "0001.py", ()), EMPTY, Step((), 0.0, EMPTY, trace=Trace(tuple(traced), 5000))
    )
    chain = Chain((item.revision,), ("0001",), ("0001",))
    record = ChainRecord(chain, "alembic_version", (item,), EMPTY, deployment=deployment)
    (found,) = (one for one in locks.judge(record, lambda *_: ()) if isinstance(one, Finding))
    return found.mend


def mends(deployment: DeploymentRecord | None) -> tuple[str, str, str]:
    """Return what is told of three kinds of work that is to go into another revision."""
    filled = mend("UPDATE a SET x = 1", "writes", deployment, before="ALTER TABLE a ADD x int")
    return mend(*CHECKED, deployment), mend(*REFERS, deployment), filled


@pytest.mark.parametrize("deployment", [None, deployed(apart=False)], ids=["not known", "one transaction"])
def test_one_transaction_for_all_revisions_keeps_the_lock(deployment: DeploymentRecord | None) -> None:
    assert all(TOLD in one for one in mends(deployment))


def test_one_that_began_before_is_to_begin_no_more_where_the_option_is_there() -> None:
    told = mends(deployed(apart=True, in_transaction=True))

    assert all("begin no transaction before context.configure()" in one for one in told)
    assert not any(TOLD in one for one in told)


def test_nothing_is_said_where_each_revision_has_a_transaction_or_no_revision_is_needed() -> None:
    apart = deployed(apart=True)

    assert TOLD not in mend(*CHECKED, apart)
    assert TOLD not in mend("UPDATE a SET x = 1", "writes", apart, before="ALTER TABLE a ADD x int")
    assert TOLD not in mend("CREATE INDEX c ON a (x)", "builds", deployed(apart=False))
    assert TOLD not in mend("ALTER TABLE a SET LOGGED", "rewrites", deployed(apart=False))
