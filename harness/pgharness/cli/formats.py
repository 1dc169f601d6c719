"""The output formats of the commands, by the names that `--format` takes."""

from __future__ import annotations

from enum import StrEnum


def choices(formats: type[StrEnum]) -> str:
    """Return what the help says of an option that takes one of these."""
    *names, last = formats
    return f"The output format: {', '.join(names)} or {last}."


class ReportFormat(StrEnum):
    """The formats of `check`."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    GITHUB = "github"
    GITLAB = "gitlab"
    SARIF = "sarif"
    JUNIT = "junit"


class ListFormat(StrEnum):
    """The formats of `diff` and `plans`."""

    TEXT = "text"
    JSON = "json"


class TraceFormat(StrEnum):
    """The formats of `trace`."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


class SnapshotFormat(StrEnum):
    """The formats of `snapshot`."""

    JSON = "json"
    SQL = "sql"
