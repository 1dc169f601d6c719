"""The page as a whole: the verdict, the findings by weight, the grid, the revisions, what each check means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pgharness.findings import Status
from pgharness.records.steps import RevisionRecord
from pgharness.report.markup import element, sentence, text
from pgharness.report.model import Report
from pgharness.report.page.anchors import Anchors
from pgharness.report.page.findings import findings_by_harm
from pgharness.report.page.matrix import matrix
from pgharness.report.page.revisions import revision_sections, traced_sections
from pgharness.report.places import repository_root
from pgharness.report.text import counted, look_of, remarks, server_line, summary, unchecked
from pgharness.trace.meeting import Met

STYLE = Path(__file__).with_name("page.css")
SCRIPT = Path(__file__).with_name("page.js")
SIGNS = {"passed": "✓", "failed": "✗", "incomplete": "–"}
NOTHING_FROM_ELSEWHERE = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def render_html(report: Report) -> str:
    """Return the page; each cell of the grid leads to what was found there, or to what the check has looked for."""
    verdict, _, figures = summary(report).partition(": ")
    title = f"{verdict}: {figures.partition(', ')[0]}"
    return "\n".join(_framed(title, _of_report(report))) + "\n"


def render_trace_page(revisions: Iterable[RevisionRecord], between: Mapping[str, Met]) -> str:
    """Return a page that draws what was seen of the locks and the work of some revisions, and nothing else; `between` is `met_between`'s."""
    told = list(revisions)
    body = [
        element("header", element("h1", f"The trace of {counted(len(told), 'revision')}")),
        element("main", "\n".join(traced_sections(told, between))),
    ]
    return "\n".join(_framed("Trace", body)) + "\n"


def _framed(title: str, body: Iterable[str]) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{NOTHING_FROM_ELSEWHERE}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{text(title)} · pgharness</title>"
    yield f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body>"
    yield from body
    yield f"<script>{SCRIPT.read_text(encoding='utf-8')}</script></body></html>"


def _of_report(report: Report) -> Iterator[str]:
    anchors = Anchors(report)
    root = repository_root(Path.cwd())
    yield from _header(report)
    yield "<main>"
    yield from findings_by_harm(report, anchors, root)
    yield element("h2", "Revisions and checks", id="grid")
    yield matrix(report, anchors)
    yield from _remarks(report)
    yield from revision_sections(report, anchors, root)
    yield from _claims(report)
    yield "</main>"


def _header(report: Report) -> Iterator[str]:
    verdict, _, figures = summary(report).partition(": ")
    found, _, measured = figures.partition(" in ")
    look = look_of(report)
    yield f'<header class="{look}">'
    yield element("h1", text(f"{SIGNS[look]} {verdict}: {found.removesuffix(',')}"))
    yield element("p", text(measured))
    yield element("p", text(server_line(report)), class_="server")
    yield from (element("p", text(remark), class_="unchecked") for remark in unchecked(report))
    places = {"findings": "findings"} if report.findings else {}
    places |= {"grid": "grid", "revisions": "revisions", "claims": "what each check means"}
    links = " ".join(element("a", words, href=f"#{anchor}") for anchor, words in places.items())
    yield element("nav", links, aria_label="On this page")
    yield "</header>"


def _remarks(report: Report) -> Iterator[str]:
    said = remarks(report)[1:]  # the server stands at the top of the page
    if said:
        items = "".join(element("li", sentence(remark)) for remark in said)
        summary_ = element("summary", f"Skipped, and worth knowing ({len(said)})")
        yield element("details", summary_ + element("ul", items), class_="remarks")


def _claims(report: Report) -> Iterator[str]:
    yield element("h2", "What each check means", id="claims")
    yield "<dl>"
    for result in report.results:
        if result.status is not Status.SKIPPED:
            yield element("dt", text(f"{result.name}: {result.claim}")) + element("dd", text(result.why))
    yield "</dl>"
