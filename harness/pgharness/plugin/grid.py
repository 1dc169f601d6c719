"""The grid of revisions and checks in pytest's terminal."""

from __future__ import annotations

import pytest
from rich.console import Console

from pgharness.report.model import Report
from pgharness.report.text import render_grid, server_line, summary


def show_grid(report: Report, terminal: pytest.TerminalReporter) -> None:
    """Write the grid, the server and the summary in a section of their own."""
    terminal.section("pgharness")
    writer = terminal._tw  # noqa: SLF001 - there is no public way to its file and its width
    grid = render_grid(report)
    # A file or a log is as wide as the grid; a terminal's own width holds, and headings are folded into it.
    natural = Console(width=1000).measure(grid).maximum
    console = Console(
        file=writer._file,  # noqa: SLF001 - the same
        width=max(writer.fullwidth, 100) if writer._file.isatty() else max(writer.fullwidth, natural),  # noqa: SLF001
        color_system="standard" if terminal.hasmarkup else None,
    )
    console.print(grid)
    console.print(server_line(report), markup=False, soft_wrap=True)
    console.print(summary(report), markup=False)
