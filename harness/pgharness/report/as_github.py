"""The report as GitHub's workflow commands, which annotate the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pgharness.findings import Note
from pgharness.report.fix_parts import told
from pgharness.report.model import Report
from pgharness.report.places import Place, place_of, repository_root
from pgharness.report.text import summary, unchecked


def render_github(report: Report) -> str:
    """Return an `::error` for each finding, a `::notice` for each note, a `::warning` for what was not checked, and last the summary as plain text."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    root = repository_root(Path.cwd())
    for finding in report.findings:
        text = "\n".join(part for part in (finding.message, told("fix:", finding.mend), finding.evidence) if part)
        yield _command(
            "error",
            place_of(report, finding, root),
            f"{finding.check}: {finding.subject} {finding.code}".rstrip(),
            text,
        )
    for note in report.notes:
        yield _command("notice", place_of(report, note, root), note.check, note.message)
    for remark in unchecked(report):
        title, _, said = remark.partition(": ")
        yield _command("warning", place_of(report, Note(title, None, said), root), title, said)
    yield summary(report)


def _command(level: str, place: Place, title: str, text: str) -> str:
    return f"::{level} file={_property(place.file)},line={place.line},title={_property(title)}::{_message(text)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
