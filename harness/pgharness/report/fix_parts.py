"""Parts a fix into lines of words and lines of code, in their order, and lays them out beneath each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

BLOCK = "with op.get_context().autocommit_block():"
# A fix of one statement that is no longer than this is read on one line.
_LONGEST = 160
_INDENT = "    "
_BEGINS = re.compile(
    rf"(?P<lines>:[ ]*\n)|(?P<block>{re.escape(BLOCK)})|(?P<guard>\bif op\.get_bind\(\))"
    r"|(?P<imports>(?<!`)\b(?:from sqlalchemy\.dialects import postgresql|import sqlalchemy as sa|from alembic import op)\b)|(?P<call>\b(?:op\.\w+|context\.configure|connection\.commit)(?=\((?!\))))"
)
_TOKEN = re.compile(r'"""(?:[^\\]|\\.)*?"""|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|.', re.DOTALL)
_RAISES = re.compile(r":\s+raise \w+(?=\()")
# Words behind lines of code begin so.
_WORDS_AGAIN = re.compile(r"\n(?:; )?(?=or |and |in |where |\()")
_OTHER_WAY = re.compile(r"(?:;\s+|\n\s*)(?=(?:or|where|and)\b)|;?\s*\n\s*")
_DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


TOML = "[["
"""So begin lines of a pyproject.toml."""


@dataclass(frozen=True, slots=True)
class Part:
    """Either words or code, of one line or more; the code of an autocommit block stands beneath its line."""

    words: str = ""
    code: tuple[str, ...] = ()


def parts_of(fix: str) -> tuple[Part, ...]:
    """Return the words and the code of a fix in their order; code with an ellipsis, which somebody has to fill in, is among the words."""
    parts, behind = list[Part](), 0
    for begin, end, lines in _code(fix):
        parts += _words(fix[behind:begin])
        if parts and parts[-1].code and (lines[0].startswith(_INDENT) or not parts[-1].code[-1].startswith(_INDENT)):
            parts[-1] = Part(code=(*parts[-1].code, *lines))
        else:
            parts.append(Part(code=lines))
        behind = end
    return (*parts, *_words(fix[behind:]))


def code_in(fix: str) -> list[tuple[int, int]]:
    """Return where code begins and ends in a fix; code of several lines begins with their first line break."""
    return [(begin, end) for begin, end, _ in _code(fix)]


def laid_out(fix: str) -> list[str]:
    """Return the lines of a fix: words as they are, and beneath them code, indented; what is short stays on one line."""
    parts = parts_of(fix)
    code = [line for part in parts for line in part.code]
    if not code or (len(code) == 1 and len(fix) <= _LONGEST and "\n" not in fix):
        return fix.strip("\n").splitlines()
    indent = _INDENT if any(part.words for part in parts) else ""
    followed = zip(parts, (*parts[1:], Part()), strict=True)
    return [line for part, following in followed for line in _laid(part, following, indent)]


def told(heading: str, fix: str) -> str:
    """Return a fix behind its heading, or beneath it where it is of several lines."""
    lines = laid_out(fix)
    return "\n".join((heading, *lines)) if len(lines) > 1 else f"{heading} {fix}"


def _laid(part: Part, following: Part, indent: str) -> Iterator[str]:
    if part.words:
        yield f"{part.words}:" if following.code else part.words
    for line in part.code:
        yield from (f"{indent}{one}" for one in line.splitlines())


def _words(text: str) -> Iterator[Part]:
    """Yield words without the marks that part them from code, each other way to mend the same by itself."""
    for way in _OTHER_WAY.split(text):
        said = way.strip(" \n;,").removesuffix(":").rstrip()
        if said and said != ".":
            yield Part(said)


def _code(fix: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Yield each piece of code with its place; that of a block follows its line without any words between."""
    at, is_alone, opened, last = 0, False, 0, 0
    while (match := _BEGINS.search(fix, at)) is not None:
        at = match.end()
        if match["block"]:
            is_alone, opened, last = True, match.start(), match.end()
            if fix[at : at + 1] == "\n":
                at = _end_of_lines(fix, at)
                is_alone = False
                yield opened, at, tuple(fix[opened:at].splitlines())
        elif match["lines"]:
            at = _end_of_lines(fix, match.end())
            yield match.start() + 1, at, tuple(_outdented(fix[match.end() : at]))
        else:
            end = match.end() if match["imports"] else _end(fix, match)
            text = fix[match.start() : end]
            at = end
            if "…" in _TOKEN.sub(lambda one: one[0] if len(one[0]) == 1 else "", text):
                continue
            is_alone = is_alone and not fix[last : match.start()].strip(" ;")
            if is_alone and opened >= 0:
                yield opened, end, (BLOCK, f"{_INDENT}{text}")
                opened = -1
            else:
                yield match.start(), end, (f"{_INDENT}{text}" if is_alone else text,)
            last = end


def _outdented(text: str) -> list[str]:
    """Return lines without the indent that the first of them has."""
    lines = text.strip("\n").splitlines()
    depth = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    return [line[depth:] if not line[:depth].strip() else line for line in lines]


def _end(fix: str, match: re.Match[str]) -> int:
    """Return where a call ends, or what is raised where a query gives rows."""
    if match["guard"]:
        raises = _RAISES.search(fix, match.end())
        return _end_of_call(fix, raises.end()) if raises is not None else match.end()
    return _end_of_call(fix, match.end())


def _end_of_call(text: str, at: int) -> int:
    """Return where the parentheses that begin at a place end; those in quotes do not count."""
    depth = 0
    for match in _TOKEN.finditer(text, at):
        depth += _DEPTH.get(match.group(), 0)
        if depth == 0:
            return match.end()
    return len(text)


def _end_of_lines(text: str, at: int) -> int:
    """Return where lines of code end: at the first that begins with words, within no literal and no parentheses."""
    depth = 0
    for match in _TOKEN.finditer(text, at):
        depth += _DEPTH.get(match.group(), 0)
        if match.group() == "\n" and depth == 0 and _WORDS_AGAIN.match(text, match.start()):
            return match.start()
    return len(text)
