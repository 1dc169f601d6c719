"""The report for a pull request, as Markdown: short, the evidence folded, and never longer than a comment may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from pgharness.report.causes import Cause, causes
from pgharness.report.fix_parts import laid_out
from pgharness.report.markup import shortened
from pgharness.report.model import WHOLE_CHAIN, Cell, Report
from pgharness.report.places import place_of, repository_root
from pgharness.report.printable import printable
from pgharness.report.text import counted, named_in, place_in_words, remarks, server_line, summary, unchecked

MOST_CHARACTERS = 60_000
"""GitHub refuses a comment of more than 65,536."""
RESERVED = 400
"""So many are kept for the sentence that counts what is left out."""
MOST_ROWS, MOST_CHECKS = 25, 12
MOST_REMARKS = 8
MOST_OBJECTS = 10
LONGEST_BLOCK, LONGEST_OF_MANY, LONGEST_WORDS, LONGEST_NAME = 1_500, 600, 300, 60
"""Of evidence or a fix, of a fix among many, of a sentence, and of a name so much is told, so that the first finding always has room; an
escaped character counts up to eight."""
LONGEST_MESSAGE, LONGEST_CODE = 600, 200
MARKS = {Cell.HOLDS: "✓", Cell.UNTRIED: "–"}
_CODE = re.compile("`([^`]+)`")


def render_markdown(report: Report) -> str:
    """Return the verdict, the rows and columns of the grid in which something was found, and the findings, worst first.

    All that comes from a project stands in HTML, a line an element, so that nothing of it is read as Markdown.
    """
    lines = [*_head(report), *_grid(report)]
    left = MOST_CHARACTERS - RESERVED - _length(lines)
    untold = len(report.findings)
    for heading, cause, block in _blocks(report):
        added = [*heading, block]
        left -= _length(added)
        if left < 0:
            more = f"… and {counted(untold, 'finding')} more: `pgharness check --format html --output report.html`"
            return "\n".join([*lines, "", more]) + "\n"
        lines += added
        untold -= len(cause.findings)
    return "\n".join([*lines, "", *_fitting(_remarks(report), left)]).rstrip() + "\n"


def _length(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _head(report: Report) -> Iterator[str]:
    yield f"**{summary(report)}**"
    yield ""
    yield _plain(server_line(report))
    yield ""
    for remark in unchecked(report)[:MOST_REMARKS]:
        yield f"- **{_plain(remark)}**"


def _grid(report: Report) -> Iterator[str]:
    """Yield the grid where something was found, without the checks and revisions where nothing was."""
    results = [result for result in report.results if result.findings]
    if not results:
        return
    shown = results[:MOST_CHECKS]
    broken = [row for row in report.rows if any(report.cell(one, row)[0] is Cell.BROKEN for one in results)]
    yield ""
    yield f"| revision | {' | '.join(_plain(shortened(one.name, LONGEST_NAME)) for one in shown)} |"
    yield f"| --- |{' :-: |' * len(shown)}"
    for row in broken[:MOST_ROWS]:
        cells = (report.cell(one, row) for one in shown)
        marks = (MARKS.get(cell) or f"✗ {len(findings)}" for cell, findings in cells)
        yield f"| {_code(_in_cell(row.label)) if row is not None else WHOLE_CHAIN} | {' | '.join(marks)} |"
    yield ""
    more = f"{counted(len(broken) - MOST_ROWS, 'more revision')} with findings; " if len(broken) > MOST_ROWS else ""
    more += f"{counted(len(results) - MOST_CHECKS, 'more check')} with findings; " if len(results) > MOST_CHECKS else ""
    held = sum(one.is_judged and not one.findings for one in report.results)
    yield f"{more}{counted(held, 'other check')} and {counted(len(report.rows) - len(broken), 'other row')} of the grid without findings."


def _blocks(report: Report) -> Iterator[tuple[list[str], Cause, str]]:
    """Yield each cause with its block, and before the first of a weight its heading."""
    root = repository_root(Path.cwd())
    for harm, findings in report.by_harm:
        heading = ["", f"#### {harm.value[0].upper()}{harm.value[1:]}", ""]
        for cause in causes(findings):
            yield heading, cause, _block(report, cause, root)
            heading = []


def _block(report: Report, cause: Cause, root: Path) -> str:
    """Return one cause as one line of HTML: what and where, and folded beneath it what was seen, the fix and the evidence."""
    first = cause.first
    place = place_of(report, first, root)
    where = _code(f"{place.file}:{place.line}") if len(cause.revisions) == 1 else place_in_words(report, cause)
    head = f"<b>{_sentence(first.check)}</b> {_code(cause.subject)} {_sentence(first.code)} · {where}"
    body = [f"<p>{_sentence(_from(root, cause.message), LONGEST_MESSAGE)}</p>"]
    if cause.is_one:
        body += [
            _fix(root, first.mend, LONGEST_BLOCK),
            _pre("Evidence", _from(root, first.evidence), LONGEST_BLOCK),
        ]
    else:
        body += [
            f"<p>{_code(named_in(report, cause, one))}</p>{_fix(root, one.mend, LONGEST_OF_MANY)}"
            for one in cause.findings[:MOST_OBJECTS]
        ]
        if (left := len(cause.findings) - MOST_OBJECTS) > 0:
            body.append(f"<p>… {left} more</p>")
    return f"<details><summary>{head}</summary>{''.join(body)}</details>"


def _from(root: Path, words: str) -> str:
    """Return words with files as they are called in the repository: who reads the comment has another machine."""
    return words.replace(f"{root}/", "")


def _fix(root: Path, mend: str, longest: int) -> str:
    return _pre("Fix", _whole_lines("\n".join(laid_out(_from(root, mend))), longest), longest)


def _whole_lines(fix: str, longest: int) -> str:
    """Return a fix without the lines for which there is no room: a statement that ends in the middle would be typed in."""
    if len(fix) <= longest:
        return fix
    more = "… more (pgharness check tells all)"
    return f"{fix[: longest - len(more)].rpartition(chr(10))[0]}\n{more}".lstrip()


def _pre(heading: str, words: str, longest: int) -> str:
    """Return a block of code on one line: a blank line would end the HTML."""
    if not words:
        return ""
    lines = escape(printable(shortened(words, longest)), quote=False).replace("\n", "&#10;")
    return f"<b>{heading}</b><pre>{lines}</pre>"


def _remarks(report: Report) -> Iterator[str]:
    """Yield what was skipped and what is worth knowing, folded."""
    said = remarks(report)[1:]
    if said:
        items = "".join(f"<li>{_sentence(one)}</li>" for one in said[:MOST_REMARKS])
        more = f"<li>… {len(said) - MOST_REMARKS} more</li>" if len(said) > MOST_REMARKS else ""
        yield f"<details><summary>Skipped, and worth knowing</summary><ul>{items}{more}</ul></details>"


def _fitting(lines: Iterable[str], left: int) -> Iterator[str]:
    for line in lines:
        if len(line) < left:
            left -= len(line) + 1
            yield line


def _code(words: str) -> str:
    return f"<code>{_escaped(shortened(words, LONGEST_CODE))}</code>"


def _sentence(words: str, longest: int = LONGEST_WORDS) -> str:
    """Return a sentence in HTML; what stands between backticks is code, in which nobody is mentioned."""
    parts = _CODE.split(shortened(words, longest))  # what is code stands at the odd places
    return "".join(_code(part) if at % 2 else _unmentioned(_escaped(part)) for at, part in enumerate(parts))


def _plain(words: str) -> str:
    """Return words in Markdown, with nothing that it would read as its own."""
    escaped = _escaped(shortened(words, LONGEST_WORDS))
    return _unmentioned(re.sub(r"[*_~|\[\]\\`]", lambda sign: f"&#{ord(sign[0])};", escaped))


def _unmentioned(words: str) -> str:
    """Return words in which nobody of that name and no issue of that number is told: @name, #12."""
    return re.sub(r"(?<!&)[@#]", lambda sign: f"{sign[0]}&#8203;", words)


def _escaped(words: str) -> str:
    return re.sub(r"\s+", " ", escape(printable(words), quote=False))


def _in_cell(words: str) -> str:
    """Return words without what would end a cell of a table."""
    return shortened(words, LONGEST_NAME).replace("|", "¦")
