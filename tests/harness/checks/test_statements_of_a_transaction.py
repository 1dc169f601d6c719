"""A statement that its transaction forbids is told what to type once, and nothing that says the same in general."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.running import Run
from tests.harness.chains import Revision, sql
from tests.harness.typed import code_of

MAKES = Revision(
    "makes",
    sql("CREATE TYPE mood AS ENUM ('good')", "CREATE TABLE paper (id int PRIMARY KEY, mood mood)"),
    sql("DROP TABLE paper", "DROP TYPE mood"),
)
BUILDS = Revision(
    "builds", sql("CREATE INDEX CONCURRENTLY ix_paper ON paper (mood)"), sql("DROP INDEX IF EXISTS ix_paper")
)
USES = Revision("uses", sql("ALTER TYPE mood ADD VALUE 'bad'", "ALTER TABLE paper ALTER mood SET DEFAULT 'bad'"))


def test_what_cannot_run_in_a_transaction_is_told_its_block_alone(judge_chain: Callable[..., Run]) -> None:
    (finding,) = judge_chain(MAKES, BUILDS, only=("upgrade",)).report.findings
    typed = Revision("builds", code_of(finding), BUILDS.down)

    assert "; or " not in finding.mend
    assert "\nor " not in finding.mend
    assert judge_chain(MAKES, typed, only=("upgrade",)).report.findings == ()


def test_a_label_in_use_is_told_the_block_that_adds_it_alone(judge_chain: Callable[..., Run]) -> None:
    (finding,) = judge_chain(MAKES, USES, only=("upgrade",)).report.findings
    _, second = USES.up.strip().split("\n")
    typed = Revision("uses", "\n".join((code_of(finding), second)))

    assert "or make upgrade()" not in finding.mend
    assert "commit the new value" not in finding.mend
    assert judge_chain(MAKES, typed, only=("upgrade",)).report.findings == ()
