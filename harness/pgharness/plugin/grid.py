"""The grid of revisions and checks in pytest's terminal."""

from __future__ import annotations

import pytest
from rich.console import Console

from pgharness.report.grid import columns, render_grid
from pgharness.report.model import Report
from pgharness.report.text import server_line, summary


def show_grid(report: Report, terminal: pytest.TerminalReporter) -> None:
    """Write the grid, the server and the summary in a section of their own."""
    terminal.section("pgharness")
    writer = terminal._tw  # noqa: SLF001 - there is no public way to its file and its width
    file = writer._file  # noqa: SLF001 - the same
    width = writer.fullwidth if file.isatty() else columns()  # else a file or a log is as wide as the grid
    console = Console(file=file, width=width or 10_000, color_system="standard" if terminal.hasmarkup else None)
    console.print(render_grid(report, width=width))
    console.print(server_line(report), markup=False, soft_wrap=True)
    console.print(summary(report), markup=False, soft_wrap=True)
