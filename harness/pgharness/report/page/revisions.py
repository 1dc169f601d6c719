"""The revisions on the page: of each its locks over its statements, its schema, and what holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pgharness.findings import CheckResult
from pgharness.records.revisions import Revision
from pgharness.records.steps import RevisionRecord, Step
from pgharness.records.traffic import RevisionTraffic
from pgharness.report.diagram import Diagram, diagram_of
from pgharness.report.diagram_svg import draw_diagram
from pgharness.report.markup import element, sentence, shortened, text
from pgharness.report.model import WHOLE_CHAIN, Cell, Report
from pgharness.report.page.anchors import Anchors, drawing, fragment
from pgharness.report.places import relative_to
from pgharness.report.text import counted
from pgharness.report.timeline import Danger, Timeline, timeline_of
from pgharness.report.timeline_svg import draw_timeline
from pgharness.report.waits import band_of_waits
from pgharness.trace.meeting import Met

DRAWN = 120
"""Of so many revisions, those with findings first and then the newest, locks and schema are drawn, so that the page opens at once."""
LONGEST_SQL = 400

_COLOURS = {
    "all": "reads and writes wait",
    "writes": "writes wait",
    "ddl": "only other changes of the schema wait",
    "work": "work on rows",
}


def revision_sections(report: Report, anchors: Anchors, root: Path) -> Iterator[str]:
    """Yield a section for each revision, folded, and one for the chain as a whole."""
    yield element("h2", "Revisions", id="revisions")
    drawn = _drawn(report)
    if len(drawn) < len(report.chain.revisions):
        yield element("p", f"Drawn are {len(drawn)} of them: those with findings, and the newest.", class_="where")
    yield _legend({**_COLOURS, "wait": "waits of traffic"} if report.traffic is not None else _COLOURS)
    for revision in report.rows:
        yield _section(report, revision, anchors, root, is_drawn=revision is None or revision.revision in drawn)


def traced_sections(records: Sequence[RevisionRecord], between: Mapping[str, Met]) -> Iterator[str]:
    """Yield the timelines of some revisions, open."""
    yield _legend(_COLOURS)
    for item in records:
        name = item.revision.revision
        besides = [between[name]] if name in between else []
        drawn = "".join(_timelines(item, fragment(name), besides=besides))
        yield element(
            "section", element("h2", text(item.revision.label)) + (drawn or element("p", "Nothing was traced."))
        )


def _legend(colours: Mapping[str, str]) -> str:
    """Return what the colours of the bars say."""
    return element(
        "p", " ".join(element("span", words, class_=look) for look, words in colours.items()), class_="legend"
    )


def _drawn(report: Report) -> frozenset[str]:
    """Return the revisions of which locks and schema are drawn."""
    found = {one.revision for one in report.findings}
    newest_first = report.chain.revisions[::-1]
    ordered = sorted(newest_first, key=lambda item: item.revision not in found)
    return frozenset(item.revision for item in ordered[:DRAWN])


def _section(report: Report, revision: Revision | None, anchors: Anchors, root: Path, *, is_drawn: bool) -> str:
    anchor = anchors.revision(revision.revision if revision is not None else None)
    cells = [(result, *report.cell(result, revision)) for result in report.results]
    broken = [(result, findings) for result, cell, findings in cells if cell is Cell.BROKEN]
    record = report.seen(revision) if revision is not None and is_drawn else None
    parts = [_declared(revision, root) if revision is not None else ""]
    if broken:
        links = (
            element("a", text(f"{result.name} {len(found)}"), href=f"#{anchors.cell(revision, result.name)}")
            for result, found in broken
        )
        parts.append(element("p", "Found: " + ", ".join(links), class_="found"))
    parts += [
        element("p", sentence(f"note: {note.check}: {note.message}"), class_="where")
        for note in report.notes_at(revision)
    ]
    if record is not None:
        parts += _timelines(record, anchor, report.traffic_at(record.revision), report.met_between(record.revision))
        parts.append(_schema(record))
    parts.append(_others(cells, revision, anchors))
    head = _head(report, revision, record, sum(len(found) for _, found in broken))
    inner = element("div", "".join(parts), id=anchor, class_="revision")
    return f'<details class="revision"{" open" if broken else ""}>{head}{inner}</details>'


def _head(report: Report, revision: Revision | None, record: RevisionRecord | None, found: int) -> str:
    label = revision.label if revision is not None else WHOLE_CHAIN
    marks = [element("span", text(counted(found, "finding")), class_="bad")] if found else []
    if record is not None:
        step = record.upgrade
        marks.append(counted(len(step.trace.statements if step.trace is not None else step.statements), "statement"))
    notes = report.notes_at(revision)
    marks += [counted(len(notes), "note")] if notes else []
    return element("summary", element("span", text(label), class_="label") + " " + element("small", " · ".join(marks)))


def _declared(revision: Revision, root: Path) -> str:
    """Return the file, and what the revision says of itself."""
    said = [element("code", text(relative_to(root, revision.path)))]
    if revision.down_revisions:
        said.append("after " + text(", ".join(revision.down_revisions)))
    said += [f"allows {text(check)}: {text(reason)}" for check, reason in revision.allow.items()]
    for name, reason in (("irreversible", revision.irreversible), ("after deploy", revision.after_deploy)):
        if reason:
            said.append(f"{name}: {text(reason)}")
    return element("p", " · ".join(said), class_="where")


def _timelines(
    record: RevisionRecord, anchor: str, traffic: RevisionTraffic | None = None, besides: Sequence[Met] = ()
) -> Iterator[str]:
    """Yield the upgrade, with the waits of traffic for it and hazards beside its own, and folded the downgrade."""
    for name, step, met in (("upgrade", record.upgrade, traffic), ("downgrade", record.downgrade, None)):
        if step is not None and step.trace is not None and step.trace.statements:
            timeline = timeline_of(step.trace, besides if name == "upgrade" else ())
            drawn = drawing(anchor, name)
            inner = element("div", _timeline(timeline, step, drawn, met), id=drawn)
            dangers = sum(one.is_finding for one in timeline.hazards)
            mark = " " + element("span", f"▲ {dangers}", class_="bad") if dangers else ""
            summary = element(
                "summary", f"{name}(): locks and work over {counted(len(step.trace.statements), 'statement')}{mark}"
            )
            yield f"<details{' open' if name == 'upgrade' or dangers else ''}>{summary}{inner}</details>"


def _timeline(timeline: Timeline, step: Step, anchor: str, traffic: RevisionTraffic | None) -> str:
    drawn = draw_timeline(timeline, anchor, [band_of_waits(timeline, traffic)] if traffic is not None else [])
    failure = (
        element("p", "fails: " + text(step.failure.message.partition("\n")[0]), class_="bad") if step.failure else ""
    )
    region = element("div", drawn, class_="scroll", tabindex="0", role="region", aria_label="Locks over statements")
    return failure + region + _statements(timeline, anchor)


def _statements(timeline: Timeline, anchor: str) -> str:
    """Return the statements as a numbered list, each with what is dangerous about it."""
    items = []
    for at, column in enumerate(timeline.statements):
        line = element("span", f" line {column.line}", class_="line") if column.line else ""
        times = f" {column.times} times" if column.times > 1 else ""
        dangers = "".join(_danger(one) for one in timeline.hazards if one.statement == at)
        sql = element("code", text(shortened(" ".join(column.sql.split()), LONGEST_SQL)))
        items.append(element("li", sql + line + times + dangers, id=f"{anchor}-{at + 1}"))
    if timeline.more:
        items.append(element("li", f"… and {counted(timeline.more, 'statement')} more"))
    of_step = "".join(_danger(one) for one in timeline.hazards if one.statement is None)
    return element("ol", "".join(items), class_="statements") + of_step


def _danger(one: Danger) -> str:
    look, sign = ("bad", "▲") if one.is_finding else ("faint", "△")
    return element("div", text(f"{sign} {one.title} ({one.about})"), class_=look)


def _schema(record: RevisionRecord) -> str:
    """Return what the revision makes of the schema."""
    after = record.upgrade.snapshot
    if after is None:
        return ""
    diagram = diagram_of(record.before, after)
    if not diagram.tables and not diagram.elsewhere:
        return element("p", "The schema stays as it is.", class_="where")
    drawn = _drawing(diagram) if diagram.tables else ""
    elsewhere = ", ".join(f"{change.value} {text(words)}" for change, words in diagram.elsewhere)
    others = element("p", f"Beside tables: {elsewhere}", class_="where") if elsewhere else ""
    changed = sum(one.change.value != "same" for one in diagram.tables)
    summary = element("summary", f"Schema: {counted(changed, 'table')} changed" if changed else "Schema")
    return f"<details open>{summary}{drawn}{others}</details>"


def _drawing(diagram: Diagram) -> str:
    more = (
        element("p", f"{counted(diagram.left_out, 'table')} more is left out", class_="where")
        if diagram.left_out
        else ""
    )
    region = element(
        "div", draw_diagram(diagram), class_="scroll fit", tabindex="0", role="region", aria_label="Schema"
    )
    return region + more


def _others(cells: Iterable[tuple[CheckResult, Cell, object]], revision: Revision | None, anchors: Anchors) -> str:
    """Return what holds here and what was not tried, each with the anchor of its cell."""
    items = [
        element("li", _verdict(result, cell), id=anchors.cell(revision, result.name), class_=cell.value)
        for result, cell, _ in cells
        if cell is not Cell.BROKEN
    ]
    held = sum(cell is Cell.HOLDS for _, cell, _ in cells)
    return (
        element("details", element("summary", f"{counted(held, 'check')} held") + element("ul", "".join(items)))
        if items
        else ""
    )


def _verdict(result: CheckResult, cell: Cell) -> str:
    if cell is Cell.HOLDS:
        return text(f"✓ {result.name}: {result.claim}")
    return text(f"– {result.name}: {result.reason or 'not tried here'}")
