"""Tells people and programs what a run found, in the format that is asked for."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.report.as_github import render_github
from pgharness.report.as_gitlab import render_gitlab
from pgharness.report.as_json import render_json
from pgharness.report.as_junit import render_junit
from pgharness.report.as_sarif import render_sarif
from pgharness.report.markdown import render_markdown
from pgharness.report.model import Report
from pgharness.report.page import render_html
from pgharness.report.text import render_text

FORMATS: dict[str, Callable[[Report], str]] = {
    "text": render_text,
    "json": render_json,
    "markdown": render_markdown,
    "html": render_html,
    "github": render_github,
    "gitlab": render_gitlab,
    "sarif": render_sarif,
    "junit": render_junit,
}
"""Each format's name and what renders it."""
