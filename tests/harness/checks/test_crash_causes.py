"""Steps that cannot be run again for the same reason have one cause, however they are stopped."""

from __future__ import annotations

from pgharness.catalog.facts import Snapshot
from pgharness.checks import crash
from pgharness.describing.resuming import mend_repeated
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord
from pgharness.records.crash import CrashRecord
from pgharness.records.revisions import Chain, Revision
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure
from pgharness.records.stops import Direction, Place, Stop, StoppedStep

EMPTY = Snapshot({}, 180000)


def stopped(name: str, direction: Direction, sqlstate: str) -> StoppedStep:
    """Return a step that cannot be run again, for a reason that names an object of its own."""
    statement = Statement(f"CREATE INDEX CONCURRENTLY {name} ON a (b)", file=f"{name}.py", line=1, rows=0)
    failure = Failure("DuplicateTable", f'relation "{name}" already exists', statement.sql, sqlstate)
    place = Place(0, statement, statement, "writer")
    return StoppedStep(Revision(name, name, f"{name}.py", ()), direction, EMPTY, (Stop(place, failure),))


def test_steps_that_cannot_be_run_again_for_the_same_reason_have_one_cause() -> None:
    steps = (
        stopped("a", "upgrade", "42P07"),
        stopped("b", "upgrade", "42P07"),
        stopped("c", "downgrade", "42P07"),
        stopped("d", "upgrade", "42710"),
    )
    record = ChainRecord(Chain((), (), ()), "alembic_version", (), EMPTY, crash=CrashRecord((), steps))

    first, same, *others = [one for one in crash.judge(record, lambda *_: ()) if isinstance(one, Finding)]

    assert first.cause == same.cause != ""
    assert first.message != same.message
    assert len({first.cause, *(one.cause for one in others)}) == 3


def test_what_is_sent_before_a_build_stands_where_the_build_does_also_without_an_autocommit_block() -> None:
    fix = mend_repeated("CREATE INDEX CONCURRENTLY i ON t (n)", 7)

    assert 'before line 7: op.execute("DROP INDEX CONCURRENTLY IF EXISTS i")' in fix
    assert "in the same autocommit block, or behind the same COMMIT" in fix
