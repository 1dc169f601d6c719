"""Tells people and programs what a run found: as text, JSON, Markdown or HTML."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.report.as_json import render_json
from pgharness.report.html import render_html
from pgharness.report.markdown import render_markdown
from pgharness.report.model import Report
from pgharness.report.text import render_text

FORMATS: dict[str, Callable[[Report], str]] = {
    "text": render_text,
    "json": render_json,
    "markdown": render_markdown,
    "html": render_html,
}
"""Each format's name and what renders it."""
