"""The report as one HTML page that needs nothing beside it."""

from __future__ import annotations

import io

from rich.console import Console

from pgharness.report.model import Report
from pgharness.report.text import PLAIN_WIDTH, render_rich


def render_html(report: Report) -> str:
    """Give the terminal's report as a page."""
    console = Console(file=io.StringIO(), width=PLAIN_WIDTH, record=True, force_terminal=True, color_system="truecolor")
    console.print(render_rich(report))
    return console.export_html(inline_styles=True)
