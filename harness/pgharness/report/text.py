"""The report for people at a terminal: each finding with what to do about it, then the grid, and the verdict last."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from rich.console import Console
from rich.text import Text

from pgharness.findings import OUT_OF_REACH, CheckResult, Finding, Status
from pgharness.report.causes import Cause, causes, name_of
from pgharness.report.fix_parts import laid_out
from pgharness.report.grid import render_grid
from pgharness.report.model import WHOLE_CHAIN, Report
from pgharness.report.printable import printable

EVIDENCE_LINES = 40
SHOWN_OF_A_CAUSE = 5
SHOWN_REVISIONS = 3
_COLOURS = {"passed": "green", "failed": "red", "incomplete": "yellow"}


class Detail(Enum):
    """How much is told."""

    QUIET = "quiet"
    """Findings and the verdict."""
    NORMAL = "normal"
    """With the grid, what was skipped, and notes; what is long is shortened."""
    WHOLE = "whole"
    """With each revision's row, all evidence and every object of a cause."""


def render_text(report: Report, detail: Detail = Detail.NORMAL, *, width: int | None = None) -> str:
    """Return the report as plain text; without a `width` the grid is as wide as it needs."""
    console = Console(file=io.StringIO(), width=width or 10_000, color_system=None)
    with console.capture() as captured:
        print_report(console, report, detail, width=width)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def print_report(console: Console, report: Report, detail: Detail = Detail.NORMAL, *, width: int | None = None) -> None:
    """Print the report; no line of a finding is broken, so that a fix can be copied."""
    for cause in causes(report.findings):
        for line in _cause(cause, report, whole=detail is Detail.WHOLE):
            console.print(line, soft_wrap=True)
        console.print()
    if detail is not Detail.QUIET:
        console.print(render_grid(report, width=width, whole=detail is Detail.WHOLE))
        for remark in remarks(report):
            console.print(Text(printable(remark), style="dim"), soft_wrap=True)
        console.print()
    for remark in unchecked(report):
        console.print(Text(printable(remark), style="bold yellow"), soft_wrap=True)
    console.print(Text(summary(report), style=f"bold {_COLOURS[look_of(report)]}"), soft_wrap=True)


def summary(report: Report) -> str:
    """Return the run in one sentence."""
    checks = sum(result.is_made for result in report.results)
    found = len(causes(report.findings))
    told = f" of {counted(found, 'cause')}" if found != len(report.findings) else ""
    accepted = f", {len(report.accepted)} accepted" if report.accepted else ""
    comma = "," if accepted or look_of(report) == "incomplete" else ""
    return (
        f"{_verdict(report)}{told}{accepted}{comma} in {_judged(report)}, {counted(checks, 'check')}, "
        f"{report.duration_s:.1f} s (server ready after {report.server_s:.1f} s)"
    )


def _judged(report: Report) -> str:
    """Return how many revisions were judged, with `since` of how many, and after which one."""
    every, judged = len(report.chain.revisions), len(report.judged)
    if report.since is None:
        return counted(every, "revision")
    after = f"{'after' if judged else 'none comes after'} {report.label(report.since)}"
    return f"{judged} of {counted(every, 'revision')} ({after})"


def unchecked(report: Report) -> list[str]:
    """Return, for above the verdict, which checks could not be made though nobody has asked to skip them, and how to make them.

    Where no revision was to be judged, that is told first.
    """
    missed = [_not_checked(reason, names) for reason, names in _by_reason(report.missed)]
    return [*([] if report.judged else [_nothing_new(report)]), *missed]


def _not_checked(reason: str, names: Sequence[str]) -> str:
    if reason == OUT_OF_REACH:
        return f"NOT CHECKED: {', '.join(names)}: {_bare(reason)}"
    leave_out = f"leave {'it' if len(names) == 1 else 'them'} out: --skip {' --skip '.join(names)}"
    return f"NOT CHECKED: {', '.join(names)}: {_bare(reason)}; or {leave_out}"


def _by_reason(results: Iterable[CheckResult]) -> list[tuple[str, list[str]]]:
    """Return the names of checks by the reason for which they were not made."""
    found: dict[str, list[str]] = {}
    for result in results:
        found.setdefault(result.reason, []).append(result.name)
    return list(found.items())


def _bare(reason: str) -> str:
    """Return a reason without the words that stand before it anyway."""
    return reason.removeprefix("not checked: ")


def _nothing_new(report: Report) -> str:
    if report.since is None:
        return "NO REVISION JUDGED: the chain has none"
    today = [result.name for result in report.results if result.of_today and result.is_made]
    judged = f"; judged was what models and files say of the heads: {', '.join(today)}" if today else ""
    return f"NO REVISION JUDGED: none comes after {report.label(report.since)}, which is taken for deployed{judged}"


def _verdict(report: Report) -> str:
    if report.judged or report.findings or report.missed:
        return verdict(len(report.findings), len(report.missed))
    return "NO REVISION JUDGED: no findings"


def verdict(findings: int, missed: int = 0) -> str:
    """Return the first words of a summary: `OK: no findings`, or how many; what was not looked at is not OK."""
    if findings:
        return f"FAILED: {counted(findings, 'finding')}"
    return f"INCOMPLETE: no findings, {missed} NOT CHECKED" if missed else "OK: no findings"


def look_of(report: Report) -> str:
    """Return in one word how the run is to be shown: passed, failed, or incomplete."""
    return "failed" if not report.passed else "incomplete" if report.missed or not report.judged else "passed"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which takes an s for all but one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def server_line(report: Report) -> str:
    """Return which server it was, and why that one."""
    return f"server: {report.server.description} ({report.server.reason})"


def remarks(report: Report) -> list[str]:
    """Return what stands beneath the grid: the server, checks that were skipped, notes."""
    return [
        server_line(report),
        *(
            f"{', '.join(names)} {'was' if len(names) == 1 else 'were'} skipped: {_bare(reason)}"
            for reason, names in _by_reason(one for one in report.results if _was_skipped(one))
        ),
        *_judged_in_part(report),
        *(f"note: {note.check} [{report.label(note.revision)}] {_indented(note.message)}" for note in report.notes),
    ]


def _was_skipped(result: CheckResult) -> bool:
    return result.status is Status.SKIPPED and not result.is_missed


def _judged_in_part(report: Report) -> Iterator[str]:
    """Yield of each check that tries some revisions alone which these are, so that nobody takes the others for judged."""
    for result in report.results:
        if result.tried and not result.tells_untried and not _reached(report) <= result.tried:
            labels = [item.label for item in report.chain.revisions if item.revision in result.tried]
            more = f" and {len(labels) - SHOWN_REVISIONS} more" if len(labels) > SHOWN_REVISIONS else ""
            told = ", ".join(labels[:SHOWN_REVISIONS]) + more
            yield f"{result.name} judged: {told}; others with --since REVISION or --previous GITREF"


def _reached(report: Report) -> set[str]:
    """Return the revisions that were to be judged and that the walk has reached."""
    return {item.revision for item in report.judged if item.revision in report.reached}


def _indented(message: str) -> str:
    """Return a message of several lines so that one sees where the next begins."""
    return message.replace("\n", "\n    ")


def finding_in_text(finding: Finding, label: str = "", *, whole: bool = False) -> str:
    """Return one finding as plain text; no line is broken, so that a fix can be copied.

    `label` is the revision's, for what is about a chain; with `whole`, long evidence is not shortened.
    """
    return "\n".join(line.plain for line in _finding(finding, label, whole=whole))


def place_in_words(report: Report, cause: Cause) -> str:
    """Return where a cause is found: the revision by its label, or how many there are."""
    revisions = [one for one in cause.revisions if one is not None]
    if len(cause.revisions) == 1:
        return report.label(cause.first.revision)
    whole = f" and {WHOLE_CHAIN}" if None in cause.revisions else ""
    return f"{counted(len(revisions), 'revision')}{whole}"


def named_in(report: Report, cause: Cause, finding: Finding) -> str:
    """Return an object of a cause by its name, and where that is found at several revisions, with the revision's label."""
    name, label = name_of(finding), report.label(finding.revision)
    return name if len(cause.revisions) == 1 or name == label else f"{name} [{label}]"


def _cause(cause: Cause, report: Report, *, whole: bool) -> Iterator[Text]:
    """Yield the lines of a finding, or of several with one cause: what is said of all, then each object with its fix."""
    if cause.is_one:
        yield from _finding(cause.first, report.label(cause.first.revision), whole=whole)
        return
    shown = cause.findings if whole else cause.findings[:SHOWN_OF_A_CAUSE]
    yield _head(cause.first, place_in_words(report, cause), cause.subject)
    yield Text(f"  {printable(cause.message)}")
    if cause.has_one_fix:
        yield from _fix(cause.first, "  ")
    for finding in shown:
        if cause.has_one_fix:
            yield from _evidence(finding, "    ", whole=whole)
            continue
        yield Text(f"    {printable(named_in(report, cause, finding))}", style="bold")
        yield from _fix(finding, "      ")
        if whole:
            yield from _evidence(finding, "        ", whole=True)
    if left := len(cause.findings) - len(shown):
        yield Text(f"    … {left} more (--verbose shows them)", style="dim")


def _finding(finding: Finding, label: str, *, whole: bool) -> Iterator[Text]:
    """Yield what failed and where, what was seen, the fix, and the evidence."""
    yield _head(finding, label, finding.subject) if label else _named(finding, finding.subject)
    for line in printable(finding.message).splitlines():
        yield Text(f"  {line}")
    yield from _fix(finding, "  ")
    yield from _evidence(finding, "    ", whole=whole)


def _head(finding: Finding, label: str, subject: str) -> Text:
    return Text.assemble((finding.check, "bold red"), f" [{printable(label)}] ", _named(finding, subject))


def _named(finding: Finding, subject: str) -> Text:
    """Return what it is about, and last the code that `pgharness explain` takes."""
    code = f" {printable(finding.code)}" if finding.code else ""
    return Text.assemble((printable(subject), "bold"), (code, "dim"))


def _fix(finding: Finding, indent: str) -> Iterator[Text]:
    """Yield the fix: on its line, or as a block in which code stands beneath the words that say where it belongs."""
    lines = laid_out(printable(finding.mend))
    if len(lines) > 1:
        yield Text.assemble(indent, ("fix:", "green"))
        yield from (Text(f"{indent}  {line}") for line in lines)
    else:
        yield Text.assemble(indent, ("fix: ", "green"), *lines)


def _evidence(finding: Finding, indent: str, *, whole: bool) -> Iterator[Text]:
    lines = printable(finding.evidence).splitlines()
    shown = lines if whole else lines[:EVIDENCE_LINES]
    yield from (Text(f"{indent}{line}", style="dim") for line in shown)
    if left := len(lines) - len(shown):
        yield Text(f"{indent}… {left} more lines (--verbose shows them)", style="dim")
