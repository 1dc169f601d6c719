"""Takes from a fix what is to be typed as it stands: calls of a revision or of env.py, and commands; the words around them become comments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from pgharness.report.fix_parts import TOML, Part, parts_of

# What begins a revision of its own, as a comment.
ANOTHER_REVISION = re.compile(r"^# in (?:the next revision|one after it).*\n", re.MULTILINE)
_OF_REVISION = ("op.", "with op.", "if op.")
_OF_ENV_PY = "context.configure("
_OTHER_WAY = re.compile(r"(?:or|where)\b")
_WORDS_BEFORE = re.compile(r"\A(?:(?:or|and|then)\b\s*)+")
_SAYS_NOTHING = re.compile(r"write a revision|in a revision the same", re.IGNORECASE)
_COMMAND = re.compile(r"(?:\A|`)(?P<command>(?:pgharness|alembic|nox|pip) [^,;`]*)|: (?P<imported>import [\w., ]+)\Z")


def typed(mend: str) -> str:
    """Return the code that a fix holds, of the first way that has any, with what is said of its places as comments.

    Empty where it is words alone.
    """
    for way in _ways(parts_of(mend)):
        code = _written(way)
        if code and _is_python(code):
            return code
    if settings := [line for part in parts_of(mend) if _is_toml(part) for line in part.code]:
        return "\n".join(settings)
    commands = [match["command"] or match["imported"] for match in _COMMAND.finditer(mend)]
    return "\n".join(command.strip() for command in commands[:1])


def _ways(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield the ways to mend the same."""
    way: list[Part] = []
    for part in parts:
        if _OTHER_WAY.match(part.words) and way:
            yield way
            way = []
        way.append(part)
    yield way


def _written(way: Sequence[Part]) -> str:
    """Return a way as code; what belongs into env.py is a comment where it stands beside what belongs into the revision."""
    code = [line for part in way for line in part.code if not _is_toml(part)]
    is_of_revision = any(line.startswith(_OF_REVISION) for line in code)
    lines: list[str] = []
    for part in way:
        said = _WORDS_BEFORE.sub("", part.words)
        if said and not _SAYS_NOTHING.fullmatch(said):
            lines.append(f"# {said}")
        is_elsewhere = is_of_revision and _is_toml(part)
        lines += [
            f"# {one}" if is_elsewhere or (one.startswith(_OF_ENV_PY) and is_of_revision) else one for one in part.code
        ]
    return "\n".join(lines) if code else ""


def _is_toml(part: Part) -> bool:
    return bool(part.code) and part.code[0].startswith(TOML)


def _is_python(code: str) -> bool:
    """Whether the code can be typed as it stands."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True
