"""The findings on the page, worst first: where, what, what to type, and the evidence beneath."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pgharness.findings import Finding
from pgharness.report.causes import Cause, causes
from pgharness.report.fix_parts import laid_out
from pgharness.report.markup import element, sentence, text
from pgharness.report.model import Report
from pgharness.report.page.anchors import Anchors
from pgharness.report.places import place_of
from pgharness.report.text import counted, named_in, place_in_words
from pgharness.report.typed import typed

OPEN_LINES = 12
"""Evidence of up to so many lines is shown at once; longer evidence is folded."""


def findings_by_harm(report: Report, anchors: Anchors, root: Path) -> Iterator[str]:
    """Yield the findings, those of one cause together; what stands first in a cell of the grid carries its anchor.

    The column is that of the check that tells the finding, which for one that speaks for another is not the finding's own.
    """
    if not report.findings:
        return
    named: set[str] = set()
    column = {id(own): result.name for result in report.results for own in result.findings}
    yield element("h2", "Findings", id="findings")
    for harm, findings in report.by_harm:
        words = f"{harm.value[0].upper()}{harm.value[1:]}"
        yield element("h3", text(words) + element("span", f" {len(findings)}", class_="number"), class_="harm")
        for cause in causes(findings):
            cells = [anchors.cell(one.revision, column[id(one)]) for one in cause.findings]
            first = [None if cell in named or cell in cells[:at] else cell for at, cell in enumerate(cells)]
            yield _article(report, cause, anchors, root, first)
            named.update(cells)


def _article(report: Report, cause: Cause, anchors: Anchors, root: Path, names: Sequence[str | None]) -> str:
    """Return a cause; `names` are the anchors that its findings carry, the first one as the article."""
    first = cause.first
    head = (
        element("span", text(first.check), class_="check")
        + element("code", text(cause.subject))
        + (" " + element("span", text(first.code), class_="code") if first.code else "")
    )
    parts = [
        element("h4", head),
        _where(report, cause, anchors, root),
        element("p", sentence(cause.message), class_="message"),
    ]
    if cause.is_one:
        parts += [_fix(first.mend), _evidence(first.evidence)]
    else:
        items = "".join(
            _item(named_in(report, cause, one), one, name if at else None)
            for at, (one, name) in enumerate(zip(cause.findings, names, strict=True))
        )
        summary = element("summary", f"{counted(len(cause.findings), 'object')}, each with its fix")
        parts.append(f'<details open>{summary}<ul class="objects">{items}</ul></details>')
    return element("article", "".join(parts), id=names[0])


def _item(name: str, finding: Finding, anchor: str | None) -> str:
    """Return one object of a cause, in its revision where there are several."""
    return element("li", element("code", text(name)) + _fix(finding.mend) + _evidence(finding.evidence), id=anchor)


def _where(report: Report, cause: Cause, anchors: Anchors, root: Path) -> str:
    """Return the file and line, and what was drawn of the revision; of several revisions a link to each."""
    place = place_of(report, cause.first, root)
    links = ", ".join(
        element("a", text(report.label(one)), href=f"#{anchors.revision(one)}") for one in cause.revisions
    )
    said = element("code", text(f"{place.file}:{place.line}")) if len(cause.revisions) == 1 else ""
    return element("p", (said or text(place_in_words(report, cause))) + " · " + links, class_="where")


def _fix(mend: str) -> str:
    """Return what to do, and where that is to be typed as it stands, a button that copies it, which only the script shows."""
    code, shown = typed(mend), "\n".join(laid_out(mend))
    button = '<button type="button" class="copy" hidden>Copy</button>' if code else ""
    alone = f'<pre class="typed" hidden>{text(code)}</pre>' if code and code != shown else ""
    return element("div", f"<b>Fix</b>{button}{element('pre', text(shown))}{alone}", class_="mend")


def _evidence(evidence: str) -> str:
    lines = evidence.splitlines()
    if not lines:
        return ""
    shown = element("pre", "\n".join(map(_evidence_line, lines)), class_="evidence", tabindex="0")
    summary = element("summary", f"Evidence, {counted(len(lines), 'line')}")
    return f"<details{'' if len(lines) > OPEN_LINES else ' open'}>{summary}{shown}</details>"


def _evidence_line(line: str) -> str:
    mark = {"+": "added", "-": "removed"}.get(line[:1])
    return element("span", text(line), class_=mark) if mark else text(line)
