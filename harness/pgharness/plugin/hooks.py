"""What the plugin adds to pytest: options, the header line, the claims' collection, and the grid at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from rich.console import Console

from pgharness.findings import CannotRun
from pgharness.plugin.claims import ClaimCollector, chain_claims
from pgharness.plugin.session import SESSION_KEY, HarnessSession, session_of, worker_count
from pgharness.report.text import render_grid, server_line, summary


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("pgharness", "Alembic chains on a real PostgreSQL")
    group.addoption("--pgharness", action="store_true", help="collect the claims about the project's Alembic chain")
    group.addoption("--pgharness-config", metavar="FILE", help="the pyproject.toml with [tool.pgharness]")
    group.addoption(
        "--pgharness-server", metavar="CHOICE", help="auto, container, embedded, or postgresql://… of a running server"
    )
    group.addoption(
        "--pgharness-keep", action="store_true", help="keep the databases of failed tests, and say where they are"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin the harness's part of the session; nothing is started yet."""
    config.addinivalue_line("markers", "pgharness: a claim about the project's Alembic chain")
    config.stash[SESSION_KEY] = HarnessSession(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started."""
    if SESSION_KEY in config.stash:
        session_of(config).close()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Name the server where the session uses one from the start: with --pgharness, or shared by workers."""
    uses_one = (config.getoption("--pgharness") or worker_count(config)) and not config.option.collectonly
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
    """Collect the claims where a test module imports `chain_claims`."""
    made = yield
    return ClaimCollector.from_parent(collector, name="chain") if obj is chain_claims else made


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --pgharness, add the claims, unless a test module collects them already."""
    if config.getoption("--pgharness") and not any(item.get_closest_marker("pgharness") for item in items):
        collector = ClaimCollector.from_parent(session, name="pgharness")
        session.ihook.pytest_collectstart(collector=collector)
        collected = session.ihook.pytest_make_collect_report(collector=collector)
        session.ihook.pytest_collectreport(report=collected)
        items.extend(collected.result)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the grid of revisions and claims."""
    report = session_of(config).find_report()
    if report is not None:
        terminalreporter.section("pgharness")
        writer = terminalreporter._tw  # noqa: SLF001 - there is no public way to its file and its width
        grid = render_grid(report)
        # A file or a log is as wide as the grid; a terminal's own width holds, and headings are folded into it.
        natural = Console(width=1000).measure(grid).maximum
        console = Console(
            file=writer._file,  # noqa: SLF001 - the same
            width=max(writer.fullwidth, 100) if writer._file.isatty() else max(writer.fullwidth, natural),  # noqa: SLF001
            color_system="standard" if terminalreporter.hasmarkup else None,
        )
        console.print(grid)
        console.print(server_line(report), markup=False, soft_wrap=True)
        console.print(summary(report), markup=False)


@contextmanager
def _ended_if_missing() -> Iterator[None]:
    """End the session where the server that all of it needs cannot be had."""
    try:
        yield
    except CannotRun as reason:
        pytest.exit(str(reason), returncode=2)


def _is_ours(config: pytest.Config) -> bool:
    """Say whether the project uses the harness: it has a [tool.pgharness], or the command line asks for it."""
    if config.getoption("--pgharness") or config.getoption("--pgharness-config"):
        return True
    file = config.rootpath / "pyproject.toml"
    return file.is_file() and "[tool.pgharness]" in file.read_text(encoding="utf-8")
