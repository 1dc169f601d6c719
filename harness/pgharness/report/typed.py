"""Takes from a fix what is to be typed as it stands: calls of a revision or of env.py, and commands; the words around them are left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

NEXT_REVISION = "# in the next revision"
WAY_BACK = "# in downgrade()"
_BLOCK = "with op.get_context().autocommit_block():"
# Another way to mend the same begins so; one of them is enough.
_OTHER_WAY = re.compile(r"[;\n]\s*or\b")
_CALL = re.compile(r"\b(?:op\.\w+|context\.configure|connection\.commit)(?=\()")
_MARKS = re.compile(
    r"(?P<alone>with op\.get_context\(\)\.autocommit_block\(\):)|(?P<together>, and then )|(?P<next>\bin (?:the next revision|one after it)\b)"
    r"|(?P<back>\b(?:at the end of|in) downgrade\(\)(?=: ))"
    rf"|(?P<call>{_CALL.pattern})"
)
_COMMAND = re.compile(r"(?:\A|`)(?P<command>(?:pgharness|alembic|nox|pip) [^,;`]*)|: (?P<imported>import [\w., ]+)\Z")
_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|.", re.DOTALL)


def typed(mend: str) -> str:
    """Return the lines of code that a fix holds, of the first way that has any; what belongs into the next revision after a comment.

    Empty where it is words alone.
    """
    for way in _ways(mend):
        lines = list(_lines(way))
        # What belongs into env.py stands behind what belongs into the revision.
        of_revision = [line for line in lines if line.strip().startswith(("op.", "with op.", NEXT_REVISION, WAY_BACK))]
        code = "\n".join(of_revision or lines).removeprefix(f"{NEXT_REVISION}\n")
        if code and _is_python(code):
            return code
    commands = [match["command"] or match["imported"] for match in _COMMAND.finditer(mend)]
    return "\n".join(command.strip() for command in commands[:1])


def _ways(mend: str) -> Iterator[str]:
    """Yield the ways to mend the same; what stands in a call parts none."""
    begin, end = 0, 0
    for match in re.finditer(rf"(?P<call>{_CALL.pattern})|{_OTHER_WAY.pattern}", mend):
        if match.start() < end:  # within a call
            continue
        if match["call"]:
            end = _end_of_call(mend, match.end())
        else:
            yield mend[begin : match.start()]
            begin = match.end()
    yield mend[begin:]


def _is_python(code: str) -> bool:
    """Whether the code can be typed as it stands: an ellipsis that somebody has to fill in is none of Python's."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def _lines(way: str) -> Iterator[str]:
    """Yield calls in their order, those of an autocommit block under its line."""
    is_alone, end, opened, behind = False, 0, False, ""
    for match in _MARKS.finditer(way):
        if match.start() < end:  # within a call
            continue
        if match["alone"]:
            is_alone, opened = True, False
        elif match["together"]:
            is_alone = False
        elif match["next"] or match["back"]:
            is_alone, behind = False, NEXT_REVISION if match["next"] else WAY_BACK
        else:
            end = _end_of_call(way, match.end())
            is_alone = is_alone and not _begins_line(way, match.start())
            if behind:
                yield behind
            if is_alone and not opened:
                yield _BLOCK
            opened, behind = is_alone, ""
            yield f"{'    ' if is_alone else ''}{way[match.start() : end]}"


def _begins_line(way: str, at: int) -> bool:
    return at > 0 and way[at - 1] == "\n"


def _end_of_call(text: str, at: int) -> int:
    """Return where the parentheses that begin at a place end; those in quotes do not count."""
    depth = 0
    for match in _TOKEN.finditer(text, at):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            return match.end()
    return len(text)
