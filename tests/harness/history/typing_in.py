"""Types the fixes of findings into the files of a chain as they are told: which code, in which function, at which line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pgharness.findings import Finding

_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|.", re.DOTALL)
_PLACE = re.compile(
    r"(?P<first>at the beginning of upgrade\(\))|(?P<last>at the end of downgrade\(\))|(?P<out>leave out line (?P<left>\d+))"
    r"|(?P<instead>in place of line (?P<replaced>\d+))|(?P<before>before line (?P<above>\d+))|(?P<behind>behind line (?P<below>\d+))"
    r"|(?P<up>in place of what [^;]*? in upgrade\(\)(?=: ))|(?P<down>in downgrade\(\)(?=: ))|(?P<end>at the end of upgrade\(\))|(?P<block>at the end of its block)|(?P<unblock>take line (?P<inside>\d+) out of the autocommit block)|(?P<word>write (?P<short>\S+) in place of (?P<long>\S+))|(?P<beside>(?=(?:allow|after_deploy|irreversible) = ))"
)
_DECLARATION = re.compile(r'(?:allow = \{"\w+": |after_deploy = |irreversible = )"<\w+>"\}?')


_BLOCK = "with op.get_context().autocommit_block():"


class Edit(NamedTuple):
    """What is typed where: `place` is a word of the fix, `line` a line of the file where it names one."""

    place: str
    line: int
    code: tuple[str, ...]


def ways(finding: Finding) -> list[str]:
    """Return the ways to mend a finding that its fix names."""
    return re.split(r"(?:[;,]\s+|\n)or\b (?!pgharness)|; (?=where )", finding.mend)


def edits_of(way: str) -> Iterator[Edit]:
    """Yield what one way says to type; nothing where it is words alone."""
    declaration = _DECLARATION.search(way)
    if declaration is not None:
        yield Edit("beside", 0, (re.sub(r"<\w+>", "it is meant", declaration[0]),))
        return
    for match in _PLACE.finditer(way):
        place = next(name for name in _PLACE.groupindex if match[name] is not None and name not in _PARTS)
        line = next((int(match[name]) for name in _NUMBERS if match[name] is not None), 0)
        code = (match["long"], match["short"]) if place == "word" else tuple(_calls(way, match.end()))
        if code or place in {"out", "unblock"}:
            yield Edit(place, line, code)


_NUMBERS = ("left", "replaced", "above", "below", "inside")
_PARTS = (*_NUMBERS, "short", "long")


def first_code(finding: Finding) -> list[Edit]:
    """Return what the first way says to type that is no declaration; that where there is no other."""
    typed = [edits for way in ways(finding) if (edits := list(edits_of(way)))]
    return next((edits for edits in typed if edits[0].place != "beside"), typed[0] if typed else [])


def last_code(finding: Finding) -> list[Edit]:
    """Return the same of the last way."""
    typed = [edits for way in ways(finding) if (edits := list(edits_of(way)))]
    return next((edits for edits in reversed(typed) if edits[0].place != "beside"), typed[0] if typed else [])


def declaration(finding: Finding) -> list[Edit]:
    """Return the declaration that a fix offers."""
    return [next(edit for way in ways(finding) for edit in edits_of(way) if edit.place == "beside")]


def type_in(findings: Iterable[tuple[Finding, Iterable[Edit]]], paths: dict[str, Path]) -> None:
    """Change the files of the revisions at fault."""
    of_files: dict[Path, dict[Edit, None]] = {}
    for finding, edits in findings:
        of_files.setdefault(paths[finding.revision or ""], {}).update(dict.fromkeys(edits))
    for path, edits_there in of_files.items():
        path.write_text(_edited(path.read_text(encoding="utf-8"), list(edits_there)), encoding="utf-8")


def _edited(text: str, edits: list[Edit]) -> str:
    lines = text.split("\n")
    for edit in sorted((one for one in edits if one.line), key=lambda one: (-one.line, one.place != "behind")):
        _edit_at_line(lines, edit)
    for edit in (one for one in edits if not one.line):
        if edit.place == "word":
            lines = [line.replace(edit.code[0], edit.code[1]) for line in lines]
        else:
            _edit_function(lines, edit)
    return "\n".join(lines) + "\n"


def _edit_at_line(lines: list[str], edit: Edit) -> None:
    at = edit.line - 1
    if edit.place == "unblock":
        _take_out(lines, at)
        return
    depth = len(lines[at]) - len(lines[at].lstrip())
    code = _indented(edit, depth)
    replaced = {
        "out": [" " * depth + "pass"],
        "instead": code,
        "before": [*code, lines[at]],
        "behind": [lines[at], *code],
    }
    lines[at : at + 1] = replaced[edit.place]


def _edit_function(lines: list[str], edit: Edit) -> None:
    up, down, end = lines.index("def upgrade():"), lines.index("def downgrade():"), len(lines)
    code = _indented(edit, 4)
    block = max((at for at in range(up, down) if lines[at].startswith(" " * 8)), default=up) + 1
    begin, behind, written = {
        "beside": (up, up, [*edit.code, ""]),
        "first": (up + 1, up + 1, code),
        "up": (up + 1, down, [*code, ""]),
        "down": (down + 1, end, code),
        "last": (end, end, code),
        "end": (down, down, code),
        "block": (block, block, _indented(edit, 8)),
    }[edit.place]
    lines[begin:behind] = written


def _indented(edit: Edit, depth: int) -> list[str]:
    return [" " * depth + one for part in edit.code for one in part.split("\n")]


def _take_out(lines: list[str], at: int) -> None:
    """Take what stands in the autocommit block around a line out of it; of several lines of one block the first does it."""
    begin = next((one for one in range(at, 0, -1) if lines[one].strip() == _BLOCK), None)
    if begin is not None and not any(one.startswith("def ") for one in lines[begin:at]):
        depth = len(lines[begin]) - len(lines[begin].lstrip())
        end = next(
            (one for one in range(begin + 1, len(lines)) if not lines[one].startswith(" " * (depth + 4))), len(lines)
        )
        lines[begin:end] = [" " * depth + "pass", *(one[4:] for one in lines[begin + 1 : end])]


def _calls(text: str, at: int) -> Iterator[str]:
    """Yield the calls that stand one behind the other from the first colon on; or the lines that follow it."""
    if (lines := re.match(r"[^:;\n]*:\n", text[at:])) is not None:
        yield text[at + lines.end() :]
        return
    begin = text.find(": ", at)
    if begin < 0 or "(" in text[at:begin]:
        begin = at
    at = begin
    while (found := re.match(r"[:;]?\s*((?:op\.\w+|if op\.get_bind)\()", text[at:])) is not None:
        end = _end(text, at + found.end() - 1)
        if text[at:end].lstrip(":; ").startswith("if "):
            end = _end(text, text.index("raise NotImplementedError(", end) + len("raise NotImplementedError"))
        yield text[at:end].lstrip(":; ")
        at = end


def _end(text: str, at: int) -> int:
    """Return where the parentheses end that begin at a place; a chained call or a comparison belongs to it."""
    depth = 0
    for match in _TOKEN.finditer(text, at):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            return match.end()
    return len(text)
