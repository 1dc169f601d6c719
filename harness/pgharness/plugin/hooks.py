"""What the plugin adds to pytest: options, the header line, the checks' collection, and the grid at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pgharness.findings import CannotRun
from pgharness.plugin.current import find_session, session_of
from pgharness.plugin.fixtures import SERVER_FIXTURES


class chain_checks:  # noqa: N801 - imported into a test module, where it reads like a test
    """Import this into a test module, and the chain's checks are collected there."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("pgharness", "Alembic chains on a real PostgreSQL")
    group.addoption("--pgharness", action="store_true", help="collect the checks of the project's Alembic chain")
    group.addoption("--pgharness-config", metavar="FILE", help="the pyproject.toml with [tool.pgharness]")
    group.addoption(
        "--pgharness-server", metavar="CHOICE", help="auto, container, embedded, or postgresql://… of a running server"
    )
    group.addoption(
        "--pgharness-keep", action="store_true", help="keep the databases of failed tests, and say where they are"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the checks' marker."""
    config.addinivalue_line("markers", "pgharness: a check of the project's Alembic chain")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started."""
    if opened := find_session(config):
        opened.close()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Name the server where the session uses one from the start: with --pgharness, or shared by workers."""
    uses_one = (config.getoption("--pgharness") or _has_workers(config)) and not config.option.collectonly
    if not uses_one or not _is_ours(config):
        return None
    with _ended_if_missing():
        server = session_of(config).server
    return f"pgharness: {server.description} ({server.reason})"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Let an xdist worker share the controller's server, where the project uses the harness at all."""
    if _is_ours(node.config) and not node.config.option.collectonly:
        with _ended_if_missing():
            node.workerinput.update(session_of(node.config).for_worker())


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class, obj: object) -> Any:
    """Collect the checks where a test module imports `chain_checks`."""
    made = yield
    return _checks(collector, "chain") if obj is chain_checks else made


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --pgharness, add the checks, unless a test module collects them already."""
    if config.getoption("--pgharness") and not any(item.get_closest_marker("pgharness") for item in items):
        collector = _checks(session, "pgharness")
        session.ihook.pytest_collectstart(collector=collector)
        collected = session.ihook.pytest_make_collect_report(collector=collector)
        session.ihook.pytest_collectreport(report=collected)
        items.extend(collected.result)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load what databases need before the first test is timed, where any test asks for one."""
    if session.config.option.collectonly:
        return
    if any(SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ())) for item in session.items):
        session_of(session.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the grid of revisions and checks."""
    opened = find_session(config)
    report = opened.find_report() if opened else None
    if report is not None:
        from pgharness.plugin.grid import show_grid  # noqa: PLC0415 - takes rich along

        show_grid(report, terminalreporter)


def _checks(parent: pytest.Collector, name: str) -> pytest.Collector:
    from pgharness.plugin.items import CheckCollector  # noqa: PLC0415 - takes the whole harness along

    return CheckCollector.from_parent(parent, name=name)


@contextmanager
def _ended_if_missing() -> Iterator[None]:
    """End the session where the server that all of it needs cannot be had."""
    try:
        yield
    except CannotRun as reason:
        pytest.exit(str(reason), returncode=2)


def _is_ours(config: pytest.Config) -> bool:
    """Whether the project uses the harness: it has a [tool.pgharness], or the command line asks for it."""
    if config.getoption("--pgharness") or config.getoption("--pgharness-config"):
        return True
    file = config.rootpath / "pyproject.toml"
    return file.is_file() and "[tool.pgharness]" in file.read_text(encoding="utf-8")


def _has_workers(config: pytest.Config) -> bool:
    """Whether this process controls workers of pytest-xdist."""
    if hasattr(config, "workerinput") or os.environ.get("PYTEST_XDIST_WORKER"):
        return False
    return bool(getattr(config.option, "tx", None))
