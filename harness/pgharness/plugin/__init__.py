"""The pytest plugin: a chain's checks as test items, and fixtures that give real databases."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pgharness.plugin.fixtures import (
    database_at,
    empty_database,
    migrated_async_session,
    migrated_database,
    migrated_pool,
    migrated_session,
    migrated_sessions,
    pg_databases,
    pg_server,
    plan_judge,
)
from pgharness.plugin.hooks import (
    chain_checks,
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
    from pgharness.plugin.at_revision import ChainDatabase, DatabaseAt, MigrationFailed
    from pgharness.plugin.plan_judge import PlanJudge

__all__ = [
    "ChainDatabase",
    "DatabaseAt",
    "MigrationFailed",
    "PlanJudge",
    "chain_checks",
    "database_at",
    "empty_database",
    "migrated_async_session",
    "migrated_database",
    "migrated_pool",
    "migrated_session",
    "migrated_sessions",
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


_MODULES = {
    "ChainDatabase": "at_revision",
    "DatabaseAt": "at_revision",
    "MigrationFailed": "at_revision",
    "PlanJudge": "plan_judge",
}


def __getattr__(name: str) -> object:
    """Load a class when a test names it: these take the driver along."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
