"""The pytest plugin: a chain's claims as test items, and fixtures that give real databases."""

from __future__ import annotations

from pgharness.plugin.claims import chain_claims
from pgharness.plugin.fixtures import (
    empty_database,
    migrated_database,
    migrated_pool,
    pg_databases,
    pg_server,
)
from pgharness.plugin.hooks import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_configure_node,
    pytest_pycollect_makeitem,
    pytest_report_header,
    pytest_terminal_summary,
    pytest_unconfigure,
)
from pgharness.plugin.keeping import pytest_runtest_makereport
from pgharness.plugin.plan_judge import PlanJudge, plan_judge

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
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_pycollect_makeitem",
    "pytest_report_header",
    "pytest_runtest_makereport",
    "pytest_terminal_summary",
    "pytest_unconfigure",
]
