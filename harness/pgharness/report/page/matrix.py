"""The grid on the page: revisions down, checks across, each cell a link to what was found there or what was looked for."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.findings import CheckResult
from pgharness.records.revisions import Revision
from pgharness.report.grid import seconds
from pgharness.report.markup import element, text
from pgharness.report.model import WHOLE_CHAIN, Cell, Report
from pgharness.report.page.anchors import Anchors

LOOKS = {Cell.HOLDS: ("holds", "✓"), Cell.UNTRIED: ("untried", "–")}


def matrix(report: Report, anchors: Anchors) -> str:
    """Return the grid; the script lets arrow keys walk through it."""
    table = element("table", "\n".join(_rows(report, anchors)), class_="matrix")
    return element("div", table, class_="scroll fit", tabindex="0", role="region", aria_label="Revisions and checks")


def _rows(report: Report, anchors: Anchors) -> Iterator[str]:
    names = "".join(
        element("th", element("span", text(result.name)), scope="col", title=result.claim or None)
        for result in report.results
    )
    yield f'<thead><tr><th scope="col">revision</th>{names}</tr></thead><tbody>'
    for revision in report.rows:
        label = revision.label if revision is not None else WHOLE_CHAIN
        anchor = anchors.revision(revision.revision if revision is not None else None)
        head = element("th", element("a", text(label), href=f"#{anchor}", title=label), scope="row")
        cells = "".join(_cell(report, result, revision, anchors) for result in report.results)
        yield element("tr", head + cells, class_=None if revision is not None else "chain")
    yield "</tbody><tfoot><tr><th scope=row>seconds</th>"
    yield from (element("td", seconds(result)) for result in report.results)
    yield "</tr></tfoot>"


def _cell(report: Report, result: CheckResult, revision: Revision | None, anchors: Anchors) -> str:
    cell, findings = report.cell(result, revision)
    look, sign = LOOKS.get(cell, ("broken", f"✗\N{NO-BREAK SPACE}{len(findings)}"))
    return element("td", element("a", sign, href=f"#{anchors.cell(revision, result.name)}"), class_=look)
