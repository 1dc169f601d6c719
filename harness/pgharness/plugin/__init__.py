"""The pytest plugin: a chain's claims as test items, and fixtures that give real databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgharness.plugin.fixtures import (
    empty_database,
    migrated_database,
    migrated_pool,
    pg_databases,
    pg_server,
    plan_judge,
)
from pgharness.plugin.hooks import (
    chain_claims,
    pytest_addoption,
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_configure_node,
    pytest_pycollect_makeitem,
    pytest_report_header,
    pytest_terminal_summary,
    pytest_unconfigure,
)
from pgharness.plugin.kept_databases import pytest_runtest_makereport

if TYPE_CHECKING:
    from pgharness.plugin.plan_judge import PlanJudge

__all__ = [
    "PlanJudge",
    "chain_claims",
    "empty_database",
    "migrated_database",
    "migrated_pool",
    "pg_databases",
    "pg_server",
    "plan_judge",
    "pytest_addoption",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_pycollect_makeitem",
    "pytest_report_header",
    "pytest_runtest_makereport",
    "pytest_terminal_summary",
    "pytest_unconfigure",
]


def __getattr__(name: str) -> object:
    """Load `PlanJudge` when a test names it: it takes the driver along."""
    if name == "PlanJudge":
        from pgharness.plugin.plan_judge import PlanJudge  # noqa: PLC0415 - see above

        return PlanJudge
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
