"""The report for a pull request, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.findings import Finding, Status
from pgharness.report.model import WHOLE_CHAIN, Cell, Report
from pgharness.report.text import summary

MARKS = {Cell.HOLDS: "✓", Cell.UNTRIED: "–"}


def render_markdown(report: Report) -> str:
    """Return the grid as a table, then a section for each finding."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"**{summary(report)}**, on {report.server.description}"
    yield ""
    yield f"| revision | {' | '.join(result.name for result in report.results)} |"
    yield f"| --- |{' :-: |' * len(report.results)}"
    for revision in report.rows:
        cells = (report.cell(result, revision) for result in report.results)
        marks = (MARKS.get(cell) or f"✗ {len(findings)}" for cell, findings in cells)
        yield f"| {_inline(revision.label) if revision is not None else WHOLE_CHAIN} | {' | '.join(marks)} |"
    yield ""
    for result in report.results:
        if result.status is Status.SKIPPED:
            yield f"- {result.name} was skipped: {result.reason}"
    for note in report.notes:
        yield f"- note: {note.check} {_inline(report.label(note.revision))} {note.message}"
    for finding in report.findings:
        yield from _finding(report, finding)


def _finding(report: Report, finding: Finding) -> Iterator[str]:
    yield ""
    yield f"### {finding.check}: {_inline(finding.subject)} ({_inline(report.label(finding.revision))}) {finding.code}".rstrip()
    yield ""
    yield finding.message
    yield ""
    yield f"Mend: {_inline(finding.mend)}"
    if finding.evidence:
        yield ""
        yield from ("    " + line for line in finding.evidence.splitlines())


def _inline(text: str) -> str:
    """Return code, whatever backticks the text holds."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}" if text else ""
