"""A chain that comes to another end when it is run in another way is found, with the revision at fault, and its mended twin passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from pgharness.findings import Finding
from pgharness.running import Run
from tests.harness.chains import Revision
from tests.harness.history.modes_pairs import BRANCHES, PAIRS, WHOLE, Whole
from tests.harness.history.pairs import chain_of, expectations

JudgeChain = Callable[..., Run]

OFFLINE_ENV = """\
from alembic import context
from sqlalchemy import create_engine


def run(**options):
    context.configure(**options)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run(dialect_name="postgresql", dialect_opts={"paramstyle": "named"})
else:
    with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
        run(connection=connection)
"""


def judge(judge_chain: JudgeChain, revisions: Sequence[Revision], **options: int) -> Run:
    """Judge a chain by this check alone, with an env.py that has an offline mode."""
    return judge_chain(*revisions, env=OFFLINE_ENV, only=("modes",), **options)


def test_each_fault_is_told_at_its_revision_and_nothing_is_said_of_its_mended_twin(judge_chain: JudgeChain) -> None:
    run = judge(judge_chain, chain_of(PAIRS), modes_budget=4)

    found = {(one.check, one.revision, one.subject): one for one in run.report.findings}
    assert set(expectations(PAIRS)) - found.keys() == set()
    assert {revision for _, revision, _ in found} == {pair.name("bad") for pair in PAIRS}
    assert [pair.slug for pair in PAIRS if pair.says not in found[pair.expected()].message] == []


@pytest.mark.parametrize("case", [*WHOLE.values(), *BRANCHES.values()], ids=[*WHOLE, *BRANCHES])
def test_what_a_chain_can_be_once_is_found(case: Whole, judge_chain: JudgeChain) -> None:
    run = judge(judge_chain, case.bad)

    (finding,) = run.report.findings
    assert_told(finding, case)
    assert finding.revision == case.revision


@pytest.mark.parametrize("case", [*WHOLE.values(), *BRANCHES.values()], ids=[*WHOLE, *BRANCHES])
def test_its_mended_twin_passes(case: Whole, judge_chain: JudgeChain) -> None:
    assert judge(judge_chain, case.good).report.findings == ()


def assert_told(finding: Finding, expected: Whole) -> None:
    """Make sure of the subject, and of words of message and fix."""
    assert finding.subject == expected.subject
    assert expected.words in finding.message
    assert expected.fix in finding.mend
