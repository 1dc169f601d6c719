"""Plans: statements with what is expected of their plans, the plans that a server makes of them, and the verdict."""

from __future__ import annotations

from pgharness.plans.explaining import explain, explain_statements, judge_plans, plan_only
from pgharness.plans.foreign_keys import foreign_key_statements
from pgharness.plans.judging import Explained, judge_statement
from pgharness.plans.plan import Plan, PlanMode, Scan, Sort, read_plan
from pgharness.plans.sampling import with_samples
from pgharness.plans.statement import Expectation, Statement
from pgharness.plans.statement_file import StatementText, read_statement_file, read_statements

__all__ = [
    "Expectation",
    "Explained",
    "Plan",
    "PlanMode",
    "Scan",
    "Sort",
    "Statement",
    "StatementText",
    "explain",
    "explain_statements",
    "foreign_key_statements",
    "judge_plans",
    "judge_statement",
    "plan_only",
    "read_plan",
    "read_statement_file",
    "read_statements",
    "with_samples",
]
