"""With --pgharness-keep, the databases of a failed test are kept, and its report says where they are."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from pgharness.plugin.current import session_of

if TYPE_CHECKING:
    from pgharness.databases import Database

SECTION = "pgharness: kept databases"
_HANDED_OUT: pytest.StashKey[list[Database]] = pytest.StashKey()


def remember(node: pytest.Item, database: Database) -> Database:
    """Note that a test was given a database."""
    node.stash.setdefault(_HANDED_OUT, []).append(database)
    return database


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what the test was given before its fixtures are torn down."""
    report = yield
    if item.config.getoption("--pgharness-keep") and report.failed and call.when != "teardown":
        handed_out = item.stash.get(_HANDED_OUT, None) or []
        kept = session_of(item.config).keep(handed_out)
        if kept:
            report.sections.append((SECTION, "\n".join(kept)))
    return report
