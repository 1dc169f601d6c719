"""The report as one HTML page that needs nothing beside it: the verdict, the grid, the findings, what each check means."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import count
from pathlib import Path

from pgharness.findings import CheckResult, Finding, Status
from pgharness.records.revisions import Revision
from pgharness.report.grid import seconds
from pgharness.report.model import WHOLE_CHAIN, Cell, Report
from pgharness.report.text import remarks, server_line, summary

STYLE = Path(__file__).with_name("page.css")
OPEN_LINES = 12
"""Evidence of up to so many lines is shown at once; longer evidence is folded."""

Anchors = dict[tuple[str, str | None], str]


def render_html(report: Report) -> str:
    """Return the page; broken cells of the grid lead to their first finding."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    verdict, _, figures = summary(report).partition(": ")
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(verdict)} · pgharness</title>"
    yield f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body>"
    yield f'<header class="{"passed" if report.passed else "failed"}"><h1>{escape(verdict.capitalize())}</h1>'
    yield f"<p>{escape(figures)}</p><p>{escape(server_line(report).partition(': ')[2])}</p></header>"
    yield from _grid(report, _anchors(report))
    if report.findings:
        yield "<h2>Findings</h2>"
        numbers = count(1)
        for finding in report.findings:
            yield from _finding(finding, report.label(finding.revision), next(numbers))
    yield from _remarks(report)
    yield from _claims(report)
    yield "</body></html>"


def _anchors(report: Report) -> Anchors:
    anchors: Anchors = {}
    for number, finding in enumerate(report.findings, start=1):
        anchors.setdefault((finding.check, finding.revision), _anchor(number))
    return anchors


def _anchor(number: int) -> str:
    return f"finding-{number}"


def _grid(report: Report, anchors: Anchors) -> Iterator[str]:
    yield '<div class="scroll"><table><thead><tr><th scope="row">revision</th>'
    for result in report.results:
        yield f'<th title="{escape(result.claim)}">{escape(result.name)}</th>'
    yield "</tr></thead><tbody>"
    for revision in report.rows:
        name = f'<span class="revision">{escape(revision.label)}</span>' if revision is not None else WHOLE_CHAIN
        yield f'<tr{"" if revision is not None else " class=chain"}><th scope="row">{name}</th>'
        yield from (_cell(report, result, revision, anchors) for result in report.results)
        yield "</tr>"
    yield '<tr class="seconds"><th scope="row">seconds</th>'
    yield from (f"<td>{seconds(result)}</td>" for result in report.results)
    yield "</tr></tbody></table></div>"


def _cell(report: Report, result: CheckResult, revision: Revision | None, anchors: Anchors) -> str:
    cell, findings = report.cell(result, revision)
    if cell is Cell.BROKEN:
        anchor = anchors[findings[0].check, findings[0].revision]
        number = f" {len(findings)}" if len(findings) > 1 else ""
        return f'<td class="broken"><a href="#{anchor}">✗{number}</a></td>'
    return f'<td class="{cell.value}">{"✓" if cell is Cell.HOLDS else "–"}</td>'


def _finding(finding: Finding, label: str, number: int) -> Iterator[str]:
    yield f'<article id="{_anchor(number)}"><h3><span class="check">{escape(finding.check)}</span>'
    yield f'<code>{escape(finding.subject)}</code> <span class="code">{escape(finding.code)}</span></h3>'
    yield f'<p class="why">in <span class="revision">{escape(label)}</span></p>'
    yield f"<p>{escape(finding.message)}</p>"
    yield f'<p class="mend"><b>Mend</b> <code>{escape(finding.mend)}</code></p>'
    lines = finding.evidence.splitlines()
    if lines:
        shown = "\n".join(_evidence_line(line) for line in lines)
        fold = len(lines) > OPEN_LINES
        yield f"<details><summary>evidence, {len(lines)} lines</summary>" if fold else ""
        yield f"<pre>{shown}</pre>"
        yield "</details>" if fold else ""
    yield "</article>"


def _evidence_line(line: str) -> str:
    mark = {"+": "added", "-": "removed"}.get(line[:1])
    return f'<span class="{mark}">{escape(line)}</span>' if mark else escape(line)


def _remarks(report: Report) -> Iterator[str]:
    said = remarks(report)[1:]  # the server stands at the top of the page
    if said:
        yield "<h2>Skipped, and worth knowing</h2><ul>"
        yield from (f"<li>{escape(remark)}</li>" for remark in said)
        yield "</ul>"


def _claims(report: Report) -> Iterator[str]:
    yield "<h2>What each check means</h2><dl>"
    for result in report.results:
        if result.status is not Status.SKIPPED:
            yield f"<dt>{escape(result.name)}: {escape(result.claim)}</dt><dd>{escape(result.why)}</dd>"
    yield "</dl>"
