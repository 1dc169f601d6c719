"""The report as one HTML page that needs nothing beside it."""

from pgharness.report.page.document import render_html, render_trace_page

__all__ = ["render_html", "render_trace_page"]
