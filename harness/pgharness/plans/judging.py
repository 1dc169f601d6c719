"""Judges the plans of a statement against what is expected of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pgharness.findings import Finding
from pgharness.plans.plan import SORTED_ROWS, Plan, PlanMode
from pgharness.plans.statement import Statement

NAME = "plans"

# Reading a few hundred rows from end to end is what a planner should do with a small table.
LARGE_ROWS = 1000
# Rows and pages that a sound plan may touch besides those that it is asked for: an index's upper levels, a dead row.
SPARE_ROWS = 10
SPARE_BUFFERS = 5


@dataclass(frozen=True, slots=True)
class Explained:
    """One plan of a statement: in which mode, for which of its samples, after which round of ANALYZE."""

    mode: PlanMode
    sample: int
    round: int
    plan: Plan

    @property
    def words(self) -> str:
        """Return which plan it is."""
        return f"the {self.mode} plan for sample {self.sample + 1} after ANALYZE {self.round + 1}"


def judge_statement(statement: Statement, explained: Sequence[Explained]) -> tuple[Finding, ...]:
    """Return what is wrong with a statement's plans; each thing once, with the first plan that shows it."""
    found = [finding for one in explained for finding in _judge_plan(statement, one)]
    found += _judge_generic(statement, explained)
    found += _judge_flips(statement, explained)
    first = {(finding.subject, finding.message.partition(" (")[0]): finding for finding in reversed(found)}
    return tuple(sorted(first.values(), key=lambda finding: finding.message))


def _judge_plan(statement: Statement, one: Explained) -> Iterator[Finding]:
    expected, plan = statement.expectation, one.plan
    for index in expected.indexes:
        if index not in plan.indexes:
            used = ", ".join(sorted(plan.indexes)) or "no index"
            yield _finding(
                "PGH-P001",
                statement,
                one,
                f"Does not use index {index} ({one.words} uses {used}).",
                f"create the index, or rewrite the query so that it can be used: {index}",
            )
    for scan in plan.scans:
        if scan.is_sequential and scan.rows_read >= LARGE_ROWS and not expected.sequential_scan:
            yield _finding(
                "PGH-P002",
                statement,
                one,
                f"Sequential scan on {scan.relation} ({scan.rows_read:,.0f} rows, {one.words}).",
                f"create an index on {scan.relation} for {scan.condition or 'its order'}; or allow it, with the reason",
            )
    for sort in plan.sorts if not expected.sort else ():
        if sort.rows <= SORTED_ROWS:
            continue
        yield _finding(
            "PGH-P003",
            statement,
            one,
            f"Explicit sort by {sort.key} ({sort.rows:,.0f} rows, {one.words}).",
            "let the index end in the columns of ORDER BY, in the same directions; or allow the sort, with the reason",
        )
    bound = expected.read_per_row
    if bound is not None and plan.rows_read > bound * plan.rows + SPARE_ROWS:
        yield _finding(
            "PGH-P004",
            statement,
            one,
            f"Reads {plan.rows_read:,.0f} rows to return {plan.rows:,.0f} ({one.words}).",
            "let the index hold what the filter leaves out: as a leading column, or in its predicate",
        )
    if expected.buffers is not None and plan.buffers > expected.buffers:
        yield _finding(
            "PGH-P005",
            statement,
            one,
            f"Reads {plan.buffers:,} buffers, over the limit of {expected.buffers:,} ({one.words}).",
            "look at the plan for the step that reads most; or raise the bound",
        )


def _judge_generic(statement: Statement, explained: Sequence[Explained]) -> Iterator[Finding]:
    """Compare what prepared statements cost once the server no longer looks at their parameters."""
    custom = {(one.sample, one.round): one for one in explained if one.mode is PlanMode.CUSTOM}
    for one in explained:
        other = custom.get((one.sample, one.round))
        if one.mode is PlanMode.CUSTOM or other is None:
            continue
        if one.plan.buffers > statement.expectation.generic_ratio * other.plan.buffers + SPARE_BUFFERS:
            yield _finding(
                "PGH-P006",
                statement,
                one,
                f"The generic plan reads {one.plan.buffers:,} buffers, the custom plan {other.plan.buffers:,} ({one.words}).",
                "write what a partial index needs as a literal, not as a parameter; or give the index the whole order",
            )


def _judge_flips(statement: Statement, explained: Sequence[Explained]) -> Iterator[Finding]:
    """Find a plan that depends on which rows ANALYZE happened to read."""

    def key(one: Explained) -> tuple[PlanMode, int]:
        return one.mode, one.sample

    for _, group in groupby(sorted(explained, key=key), key=key):
        rounds = list(group)
        other = next((one for one in rounds if one.plan.way != rounds[0].plan.way), None)
        if other is not None:
            yield Finding(
                check=NAME,
                revision=None,
                subject=f"statement {statement.name}",
                message=f"Unstable plan ({other.words} differs from the first).",
                code="PGH-P007",
                mend="leave one index alone that serves both filter and order, so that no other looks as cheap",
                evidence=f"{rounds[0].plan.text}\n\n{other.plan.text}",
            )


def _finding(code: str, statement: Statement, one: Explained, message: str, mend: str) -> Finding:
    return Finding(
        check=NAME,
        revision=None,
        subject=f"statement {statement.name}",
        message=message,
        mend=mend,
        evidence=f"{statement.sql.strip()}\n\n{one.plan.text}",
        code=code,
    )
