"""What fails a test whose statements have bad plans."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from pgharness.findings import Finding
from pgharness.plans import Statement, judge_plans, read_statement_file, with_samples
from pgharness.plans.explaining import STATISTICS_TARGETS
from pgharness.report.text import finding_in_text


class PlanJudge:
    """Judges the plans of statements on a database that holds as much as production does.

    `plan_judge(connection, "statements.sql")` fails the test with what is wrong, in words; `findings` gives it instead.
    Statements are carried out in a transaction that is rolled back.
    """

    def __call__(
        self,
        connection: psycopg.Connection[TupleRow],
        statements: Sequence[Statement] | Path | str,
        *,
        targets: Sequence[int] = STATISTICS_TARGETS,
    ) -> None:
        """Fail if a plan of one of the statements is not what is expected of it. Raises CannotRun for one that does not run."""
        __tracebackhide__ = True
        found = self.findings(connection, statements, targets=targets)
        if found:
            pytest.fail("\n\n".join(finding_in_text(finding, whole=True) for finding in found), pytrace=False)

    @staticmethod
    def findings(
        connection: psycopg.Connection[TupleRow],
        statements: Sequence[Statement] | Path | str,
        *,
        targets: Sequence[int] = STATISTICS_TARGETS,
    ) -> tuple[Finding, ...]:
        """Return what is wrong with the plans; `targets` are those of ANALYZE, one a round, and none leaves statistics as they are."""
        if isinstance(statements, Path | str):
            statements = with_samples(connection, read_statement_file(Path(statements)))
        return judge_plans(connection, statements, targets=targets)
