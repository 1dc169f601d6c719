"""The report for people at a terminal: a grid of revisions and checks, then each finding with what to do about it."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pgharness.findings import CheckResult, Finding, Status
from pgharness.records.revisions import Revision
from pgharness.report.model import WHOLE_CHAIN, Cell, Report

MARKS = {
    Cell.HOLDS: Text("✓", style="green"),
    Cell.UNTRIED: Text("–", style="dim"),
}
EVIDENCE_LINES = 40
PLAIN_WIDTH = 120


def render_text(report: Report) -> str:
    """Return the report as plain text."""
    console = Console(file=io.StringIO(), width=PLAIN_WIDTH, color_system=None)
    with console.capture() as captured:
        console.print(render_grid(report))
    grid = [line.rstrip() for line in captured.get().splitlines()]
    findings = [line for item in report.findings for line in (finding_in_text(item, report.label(item.revision)), "")]
    return "\n".join([*grid, *remarks(report), "", *findings, summary(report)]) + "\n"


def render_rich(report: Report) -> RenderableType:
    """Return the report for a rich console."""
    return Group(*_parts(report))


def render_grid(report: Report) -> Table:
    """Return the grid alone: revisions down, checks across."""
    grid = Table(pad_edge=False)
    grid.add_column("revision", no_wrap=True)
    for result in report.results:
        grid.add_column(result.name, justify="center", overflow="fold")
    rows: tuple[Revision | None, ...] = (*report.chain.revisions, None)
    for revision in rows:
        name = revision.label if revision is not None else WHOLE_CHAIN
        grid.add_row(escape(name), *(_mark(*report.cell(result, revision)) for result in report.results))
    grid.add_section()
    grid.add_row("seconds", *(seconds(result) for result in report.results))
    return grid


def summary(report: Report) -> str:
    """Return the run in one sentence."""
    revisions, checks = len(report.chain.revisions), sum(r.status is not Status.SKIPPED for r in report.results)
    return (
        f"{verdict(len(report.findings))} in {counted(revisions, 'revision')}, {counted(checks, 'check')}, {report.duration_s:.1f} s "
        f"(server ready after {report.server_s:.1f} s)"
    )


def verdict(findings: int) -> str:
    """Return the first words of a summary: `OK: no findings`, or how many."""
    return f"FAILED: {counted(findings, 'finding')}" if findings else "OK: no findings"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which takes an s for all but one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def seconds(result: CheckResult) -> str:
    """Return how long a check took, or a dash where it was skipped."""
    return "–" if result.status is Status.SKIPPED else f"{result.duration_s:.2f}"


def server_line(report: Report) -> str:
    """Return which server it was, and why that one."""
    return f"server: {report.server.description} ({report.server.reason})"


def remarks(report: Report) -> list[str]:
    """Return what stands between the grid and the findings: the server, checks that were skipped, notes."""
    return [
        server_line(report),
        *(
            f"{result.name} was skipped: {result.reason}"
            for result in report.results
            if result.status is Status.SKIPPED
        ),
        *(f"note: {note.check} [{report.label(note.revision)}] {note.message}" for note in report.notes),
    ]


def finding_in_text(finding: Finding, label: str = "", *, whole: bool = False) -> str:
    """Return one finding as plain text; no line is broken, so that a mend can be copied.

    `label` is the revision's, for what is about a chain; with `whole`, long evidence is not shortened.
    """
    shown = finding.evidence if whole else _shortened(finding.evidence)
    evidence = [f"    {line}" for line in shown.splitlines()]
    head = f"{finding.check} [{label}] {finding.subject}" if label else finding.subject
    return "\n".join([head, f"  {finding.message}", f"  fix: {finding.mend}", *evidence])


def render_finding(finding: Finding, label: str) -> RenderableType:
    """Return one finding: what failed and where, what was seen, and the mend."""
    head = Text.assemble((f"{finding.check}", "bold red"), f" [{label}] ", (finding.subject, "bold"))
    lines: list[RenderableType] = [head, Padding(Text(finding.message), (0, 0, 0, 2))]
    lines.append(Padding(Text.assemble(("fix: ", "green"), finding.mend), (0, 0, 0, 2)))
    if finding.evidence:
        lines.append(Padding(Text(_shortened(finding.evidence), style="dim"), (0, 0, 0, 4)))
    return Group(*lines, "")


def _parts(report: Report) -> Iterator[RenderableType]:
    yield render_grid(report)
    yield from (Text(remark, style="dim") for remark in remarks(report))
    yield ""
    for finding in report.findings:
        yield render_finding(finding, report.label(finding.revision))
    yield Text(summary(report), style="bold green" if report.passed else "bold red")


def _mark(cell: Cell, findings: tuple[Finding, ...]) -> Text:
    return MARKS.get(cell) or Text(f"✗ {len(findings)}" if len(findings) > 1 else "✗", style="bold red")


def _shortened(evidence: str) -> str:
    lines = evidence.splitlines()
    left = len(lines) - EVIDENCE_LINES
    return "\n".join([*lines[:EVIDENCE_LINES], *([f"… {left} more lines (--format json has all)"] if left > 0 else [])])
